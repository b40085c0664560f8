package project

import (
	"reflect"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/document"
)

// extensionKey is where devenv's settings stand in a compose file. Compose ignores keys that begin with x-, but it
// merges, extends and interpolates them like any other.
const extensionKey = "x-devenv"

// Extension is the top-level x-devenv. To add a setting, add a field.
type Extension struct {
	Mode  string `yaml:"mode"`  // the mode that is used when none is chosen; "" for devenv's own default
	Watch Watch  `yaml:"watch"` // on top of the rules of .gitignore and .dockerignore
}

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
	Modes  map[string]Mode  `yaml:"modes"`  // what differs in a mode, by its name
}

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
	for _, name := range p.Compose.ServiceNames() {
		var extension ServiceExtension
		err := p.inputs.decodeExtension(p.Compose.Services[name].Extensions, []string{"services", name}, &extension)
		if err != nil {
			return err
		}
		p.Services[name] = extension
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
