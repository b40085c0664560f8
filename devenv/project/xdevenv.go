package project

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/document"
	"devenv/devenv/hook"
	"devenv/profiles"
)

// extensionKey is where devenv's settings stand in a compose file. Compose ignores keys that begin with x-, but it
// merges, extends and interpolates them like any other.
const extensionKey = "x-devenv"

// Extension is the top-level x-devenv. To add a setting, add a field.
type Extension struct {
	Mode  string `yaml:"mode"`  // the mode that is used when none is chosen; "" for devenv's own default
	Watch Watch  `yaml:"watch"` // on top of the rules of .gitignore and .dockerignore
	// Volumes are those that worktrees and other clones have in common with the first checkout.
	Volumes Volumes `yaml:"volumes"`
	// CABundle is a file of certificates, for builds, containers and uv: see Project.CABundle.
	CABundle string `yaml:"ca_bundle"`

	Doctor Doctor              `yaml:"doctor"`
	Hooks  hook.Set            `yaml:"hooks"` // what runs around up and down
	Ports  profiles.PortPolicy `yaml:"ports"` // what a profile says of ports goes before
}

// Volumes is a profile's too.
type Volumes = profiles.Volumes

// Watch says which files matter although a rule ignores them, and which do not: lines in the language of .gitignore,
// from the project's folder on.
type Watch struct {
	Include types.StringList `yaml:"include"`
	Ignore  types.StringList `yaml:"ignore"`
}

// ServiceExtension is a service's x-devenv. To add a setting, add a field.
type ServiceExtension struct {
	Source types.StringList `yaml:"source"` // source mounts to add in mode local, "./host:/container"
	Reload string           `yaml:"reload"` // fork, restart, native (the program's own reloader) or off; "" is fork
	Debug  Debug            `yaml:"debug"`
	Modes  map[string]Mode  `yaml:"modes"` // what differs in a mode, by its name
}

// Debug is how a service is debugged. In a compose file a plain string is short for its kind.
type Debug struct {
	Kind   string `yaml:"kind"`    // DebugDelve where the command does not show that it starts Delve; "" is by the command
	OnSave string `yaml:"on_save"` // of a thread that stands at a breakpoint: OnSaveWait, or OnSaveLetGo, which "" is too
}

// The values of x-devenv.debug.kind and of x-devenv.debug.on_save.
const (
	DebugDelve  = "delve"
	OnSaveWait  = "wait"   // the reload waits until the thread goes on
	OnSaveLetGo = "let-go" // the thread goes on, in the old code
)

// Mode is what a service is in one mode. What is not set stays as the service declares it.
type Mode struct {
	Target      string                  `yaml:"target"`     // stage of the Dockerfile
	Dockerfile  string                  `yaml:"dockerfile"` // relative to the build context
	Command     types.ShellCommand      `yaml:"command"`
	Entrypoint  types.ShellCommand      `yaml:"entrypoint"`
	Environment types.MappingWithEquals `yaml:"environment"` // merged over the service's environment
}

// decodeExtensions reads every x-devenv out of the model.
func (p *Project) decodeExtensions() error {
	p.Extension, p.Services = Extension{}, map[string]ServiceExtension{}
	if err := p.inputs.decodeExtension(p.Compose.Extensions, nil, &p.Extension); err != nil {
		return err
	}
	if err := p.checkVolumes(); err != nil {
		return err
	}
	for _, name := range p.Compose.ServiceNames() {
		var extension ServiceExtension
		path := []string{"services", name}
		err := p.inputs.decodeExtension(withLongDebug(p.Compose.Services[name].Extensions), path, &extension)
		if err == nil {
			err = p.inputs.checkDebug(extension.Debug, append(path, extensionKey, "debug"))
		}
		if err != nil {
			return err
		}
		p.Services[name] = extension
	}
	return nil
}

// checkVolumes refuses volumes to share that no compose file has.
func (p *Project) checkVolumes() error {
	known := slices.Sorted(maps.Keys(p.declared.Volumes))
	for _, name := range p.Extension.Volumes.Names() {
		if !slices.Contains(known, name) {
			path := []string{extensionKey, "volumes", name}
			return document.Near(p.inputs.at(path, "%s: no such volume", document.Path(path)).
				WithHint("the volumes are: %s", strings.Join(known, ", ")), name, known)
		}
	}
	return nil
}

// withLongDebug has x-devenv.debug as a mapping where the file has the short form.
func withLongDebug(extensions types.Extensions) types.Extensions {
	settings, _ := extensions[extensionKey].(map[string]any)
	kind, short := settings["debug"].(string)
	if !short {
		return extensions
	}
	settings = maps.Clone(settings)
	settings["debug"] = map[string]any{"kind": kind}
	return types.Extensions{extensionKey: settings}
}

// checkDebug refuses values that x-devenv.debug does not know.
func (in *inputs) checkDebug(debug Debug, path []string) error {
	if debug.Kind != "" && debug.Kind != DebugDelve {
		return in.at(path, "%s: no debugger %q", document.Path(path), debug.Kind).WithHint("%s; a Python service has its own without asking", DebugDelve)
	}
	if path = append(path, "on_save"); debug.OnSave != "" && debug.OnSave != OnSaveWait && debug.OnSave != OnSaveLetGo {
		return in.at(path, "%s: %q is neither %s nor %s", document.Path(path), debug.OnSave, OnSaveLetGo, OnSaveWait)
	}
	return nil
}

// decodeExtension decodes the x-devenv among extensions, which were found at path, into one of the types above.
func (in *inputs) decodeExtension(extensions types.Extensions, path []string, into any) error {
	value, found := extensions[extensionKey]
	if !found || value == nil {
		return nil
	}
	path = append(path, extensionKey)
	if err := document.Check(value, reflect.TypeOf(into).Elem(), path, in.at); err != nil {
		return err
	}
	if err := loader.Transform(value, into); err != nil {
		return in.at(path, "%s: %s", document.Path(path), decodeCause(err))
	}
	return nil
}

// unknownKey is the error for a key that path does not have, with the nearest that it has.
func (in *inputs) unknownKey(path []string, key string, known []string) error {
	return document.UnknownKey(path, key, known, in.at)
}
