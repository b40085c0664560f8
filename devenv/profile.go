package devenv

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

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
	name := e.settings.Profile
	if name == "" {
		remembered, err := state.In(dir).Load()
		if err != nil {
			return nil, err
		}
		name = remembered.Profile
	}
	if name == "" || name == profiles.None {
		return nil, nil
	}
	profile, err := e.placesIn(dir).Load(name)
	if err != nil && e.settings.Profile == "" {
		e.settings.Term.Say("this checkout uses profile %s; `devenv profile use none` goes on without it", name)
	}
	return profile, err
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
	if name = cmp.Or(name, e.currentProfile()); name == profiles.None {
		return "", fault.New(fault.Usage, "no profile is in use").WithHint("name one: %s", list(e.places().Names()))
	}
	return name, nil
}
