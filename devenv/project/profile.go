package project

import (
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/consts"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"devenv/devenv/document"
	"devenv/devenv/fault"
)

// A profile is applied by Compose's own means: its services become one more compose file, merged last, and its
// variables one more layer of the environment that compose files are filled in from. So its values are checked,
// interpolated and explained like any others, and each keeps its place in the profile's file.

// selectProfile asks for the profile of the project's folder and takes in what it says of files and variables.
func (in *inputs) selectProfile() error {
	if in.request.Profile == nil || len(in.files) == 0 {
		return nil
	}
	var err error
	if in.profile, err = in.request.Profile(in.workingDir()); err != nil || in.profile == nil {
		return err
	}
	dir := in.workingDir()
	for _, file := range in.profile.ComposeFiles {
		path := absoluteIn(dir, file)
		if err := in.mustBeFile(path, in.profilePlace("compose_files", file)+": compose_files: "); err != nil {
			return err
		}
		in.files = append(in.files, path)
	}
	return in.addProfileVariables(dir)
}

// addProfileVariables sets the variables of the profile, which count more than those of .env and less than those of
// the process.
func (in *inputs) addProfileVariables(dir string) error {
	own, err := in.profileVariables()
	if err != nil {
		return err
	}
	layers := scope{own}
	var files []string
	for _, file := range in.profile.EnvFiles {
		path := absoluteIn(dir, in.expandHome(file))
		if err := in.mustBeFile(path, in.profilePlace("env_files", file)+": env_files: "); err != nil {
			return err
		}
		files = append(files, path)
	}
	found, err := in.parseEnvFiles(in.process.Clone().Merge(own.values).Merge(in.env), files)
	if err != nil {
		return err
	}
	if len(files) > 0 {
		layers = append(layers, layer{kind: ProfileEnvFile, files: files, values: found})
	}
	in.profileLayers = layers
	for _, layer := range slices.Backward(layers) {
		for name, value := range layer.values {
			_, set := in.process[name]
			if name == consts.ComposeProjectName {
				set = in.process[name] != "" // an empty name is none, to Compose too
			}
			if !set {
				in.env[name] = value
			}
		}
	}
	return nil
}

// profileVariables are those that stand in the profile itself; COMPOSE_PROFILES and COMPOSE_PROJECT_NAME are its way to
// say them to Compose.
func (in *inputs) profileVariables() (layer, error) {
	own := layer{kind: ProfileFile, values: types.Mapping{}, origins: map[string]Origin{}}
	scope := in.scope()
	set := func(name, value string, path ...string) {
		place := in.profile.Origin(path...)
		own.values[name] = value
		own.origins[name] = Origin{Kind: ProfileFile, File: place.File, Line: place.Line, Column: place.Column}
	}
	for _, secret := range in.profile.Secrets() {
		if len(secret.Path) == 2 {
			set(secret.Path[1], secret.Stand(), secret.Path...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(in.profile.Env)) {
		if text := in.profile.Env[name].Text; text != nil {
			value, _, err := scope.substitute(*text)
			if err != nil {
				return own, in.unfilled(in.profilePlace("env", name)+": env."+name, *text, err)
			}
			set(name, value, "env", name)
		}
	}
	if in.profile.ComposeProfiles != nil {
		set(consts.ComposeProfiles, strings.Join(in.profile.ComposeProfiles, ","), "compose_profiles")
	}
	if name := in.profile.ProjectName; name != "" {
		if name != loader.NormalizeProjectName(name) {
			return own, fault.New(fault.Usage, "%s: project_name: %q is not a valid name", in.profilePlace("project_name"), name).
				WithHint("a name consists of lower case letters, digits, hyphens and underscores, and begins with a letter or digit")
		}
		set(consts.ComposeProjectName, name, "project_name")
	}
	return own, nil
}

// profilePlace is the file:line:column of a value of the profile.
func (in *inputs) profilePlace(path ...string) string {
	at := in.profile.Origin(path...)
	return in.place(Origin{File: at.File, Line: at.Line, Column: at.Column}, true)
}

// overlay is what the profile says of services and volumes, as a compose file.
func (in *inputs) overlay() ([]types.ConfigFile, error) {
	if in.profile == nil {
		return nil, nil
	}
	roots := composeUnit(in.profile).roots
	if roots == nil {
		return nil, nil
	}
	content, err := yaml.Marshal(document.Plain(roots[0], func(*yaml.Node) {}))
	if err != nil {
		return nil, fault.New(fault.Usage, "profile %s: %w", in.profile.Name, err)
	}
	return []types.ConfigFile{{Filename: "profile " + in.profile.Name, Content: content}}, nil
}

// onlyInProfile tells a service that no compose file has.
func (in *inputs) onlyInProfile(service string) bool {
	all := in.tree().contributions("services", service)
	return len(all) > 0 && !slices.ContainsFunc(all, func(c contribution) bool { return c.unit.profile == nil })
}

// switched has the services that the profile turns on, with what they depend on, and not those that it turns off.
// Compose knows services by their Compose profiles alone, so others of the same one are left as they were.
func (in *inputs) switched(project *types.Project) (*types.Project, error) {
	if in.profile == nil {
		return project, nil
	}
	var on, off []string
	for _, name := range slices.Sorted(maps.Keys(in.profile.Services)) {
		if service := in.profile.Services[name]; service != nil && service.Enabled != nil {
			if *service.Enabled {
				on = append(on, name)
			} else {
				off = append(off, name)
			}
		}
	}
	if len(on) > 0 {
		all, err := project.WithServicesEnabled(on...)
		if err != nil {
			return nil, err
		}
		needed, err := all.WithSelectedServices(on)
		if err != nil {
			return nil, err
		}
		for name := range all.Services {
			_, before := project.Services[name]
			if _, asked := needed.Services[name]; !before && !asked {
				off = append(off, name)
			}
		}
		project = all
	}
	return project.WithServicesDisabled(off...), nil
}
