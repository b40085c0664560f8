package devenv

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"devenv/devenv/checkout"
	"devenv/devenv/fault"
	"devenv/devenv/plan"
	"devenv/devenv/project"
	"devenv/devenv/state"
	"devenv/profiles"
)

// chosenProfile loads the profile for the project in a folder: the flag or DEVENV_PROFILE, else what this checkout
// remembers, else none.
func (e *Environment) chosenProfile(dir string) (*profiles.Profile, error) {
	if e.settings.WithoutProfile {
		return nil, nil
	}
	if name := e.settings.Profile; name != "" {
		return e.loadChosen(dir, name)
	}
	remembered, err := state.In(dir).Load()
	if err != nil {
		return nil, err
	}
	name := remembered.Profile
	profile, err := e.loadChosen(dir, name)
	switch {
	case err == nil:
		return profile, nil
	case profiles.CheckName(name) != nil || slices.Contains(e.placesIn(dir).Names(), name):
		e.settings.Term.Say("this checkout uses profile %s; `devenv profile use none` goes on without it", name)
		return nil, err
	case e.settings.Ends:
		e.settings.Term.Say("profile %s, which this checkout uses, is gone: what runs is found by its labels", name)
		e.vanished = true
		return nil, nil
	}
	return nil, fault.New(fault.Usage, "profile %q: this checkout uses it, and it is gone", name).
		WithHint("`devenv profile use none` goes on without it, `devenv --profile none ...` does for one command")
}

func (e *Environment) loadChosen(dir, name string) (*profiles.Profile, error) {
	if name == "" || name == profiles.None {
		return nil, nil
	}
	return e.placesIn(dir).Load(name)
}

// lastNamed is what the project was called when it was started last, should that have been the profile's word: it has vanished.
func lastNamed(dir string, now checkout.Naming, source checkout.Source) checkout.Naming {
	for _, own := range state.In(dir).Project() {
		if own.Name != now.Project && source != checkout.Given {
			return checkout.Naming{Project: own.Name, Base: own.Name}
		}
	}
	return now
}

// elsewhere refuses to end a project where it does not run: a profile that has vanished had chosen its engine.
func (e *Environment) elsewhere() error {
	for _, own := range e.store.Project() {
		if own.Engine != "" && own.Engine != e.stack.Endpoint().Host {
			return fault.New(fault.Usage, "%s was started on the engine %s, which the profile that is gone had chosen", own.Name, own.Engine).
				WithHint("DOCKER_HOST=%s %s", own.Engine, e.settings.Command)
		}
	}
	return nil
}

// places are where the project's profiles lie.
func (e *Environment) places() profiles.Places { return e.placesIn(e.project.Dir()) }

func (e *Environment) placesIn(dir string) profiles.Places {
	return profiles.Places{
		Team: filepath.Join(dir, ".devenv", "profiles"), User: e.userProfiles(),
		Shown: func(path string) string { return project.Relative(e.settings.Dir, path) }, Draft: e.settings.draft,
	}
}

// userProfiles is the folder of the user's profiles for all projects, by the XDG base directory specification; "" where
// there is no home.
func (e *Environment) userProfiles() string {
	config := e.variable("XDG_CONFIG_HOME")
	if home := e.variable("HOME"); !filepath.IsAbs(config) && home != "" {
		config = filepath.Join(home, ".config")
	}
	if !filepath.IsAbs(config) {
		return ""
	}
	return filepath.Join(config, "devenv", "profiles")
}

// variable is a variable of the process environment.
func (e *Environment) variable(name string) string {
	for _, assignment := range e.settings.Env {
		if key, value, _ := strings.Cut(assignment, "="); key == name {
			return value
		}
	}
	return ""
}

func (e *Environment) profileName() string {
	if e.profile == nil {
		return ""
	}
	return e.profile.Name
}

// profileModes are the modes that the profile asks for.
func (e *Environment) profileModes() plan.Modes {
	modes := plan.Modes{Services: map[string]string{}}
	if e.profile == nil {
		return modes
	}
	modes.Project = strings.ToLower(e.profile.Mode)
	for name, service := range e.profile.Services {
		if service != nil && service.Mode != "" {
			modes.Services[name] = strings.ToLower(service.Mode)
		}
	}
	return modes
}

// asks is the place in the profile that asks for a mode, as a message begins; "" where the profile does not.
func (e *Environment) asks(mode string) string {
	said := e.profileModes()
	if e.profile != nil && said.Project == mode {
		return e.profilePlace("mode") + ": "
	}
	for _, name := range slices.Sorted(maps.Keys(said.Services)) {
		if said.Services[name] == mode {
			return e.profilePlace("services", name, "mode") + ": "
		}
	}
	return ""
}

// profilePlace is the file:line:column of a value of the profile.
func (e *Environment) profilePlace(path ...string) string {
	at := e.profile.Origin(path...)
	return fmt.Sprintf("%s:%d:%d", e.project.Rel(at.File), at.Line, at.Column)
}

// checkModes refuses a mode for a service that has none.
func (e *Environment) checkModes() error {
	for _, name := range slices.Sorted(maps.Keys(e.profileModes().Services)) {
		service, is := e.project.Compose.Services[name]
		if is && service.Build == nil {
			return e.modeless(e.profilePlace("services", name, "mode")+": ", name)
		}
	}
	return nil
}

// withoutDebugger are the services that the profile wants no debugger for, with the place that says so.
func (e *Environment) withoutDebugger() map[string]string {
	off := map[string]string{}
	if e.profile == nil {
		return off
	}
	for name, service := range e.profile.Services {
		if service != nil && service.Debug != nil && service.Debug.Off {
			off[name] = e.profilePlace("services", name, "debug")
		}
	}
	return off
}

// debugPortsChosen are the ports that the profile chooses for debuggers.
func (e *Environment) debugPortsChosen() map[string]uint16 {
	chosen := map[string]uint16{}
	if e.profile == nil {
		return chosen
	}
	for name, service := range e.profile.Services {
		if service != nil && service.Debug != nil && service.Debug.Port != 0 {
			chosen[name] = service.Debug.Port
		}
	}
	return chosen
}

// currentProfile is the name of the profile that the next command uses.
func (e *Environment) currentProfile() string {
	return cmp.Or(e.settings.Profile, e.state.Profile, profiles.None)
}

// namedProfile is a name that was given, else the profile in use.
func (e *Environment) namedProfile(name string) (string, error) {
	if name == profiles.None {
		return "", profiles.CheckName(name)
	}
	if name = cmp.Or(name, e.currentProfile()); name == profiles.None {
		return "", fault.New(fault.Usage, "no profile is in use").WithHint("name one: %s", list(e.places().Names()))
	}
	return name, nil
}
