package project

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
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
	Debug  string           `yaml:"debug"`  // DebugDelve where the command does not show that it starts Delve; "" is by the command
	Modes  map[string]Mode  `yaml:"modes"`  // what differs in a mode, by its name
}

// DebugDelve is the value of x-devenv.debug.
const DebugDelve = "delve"

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
		if debugger := extension.Debug; debugger != "" && debugger != DebugDelve {
			path := []string{"services", name, extensionKey, "debug"}
			return p.inputs.at(path, "%s: no debugger %q", shown(path), debugger).WithHint("%s; a Python service has its own without asking", DebugDelve)
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
	if err := in.checkKeys(value, reflect.TypeOf(into).Elem(), path); err != nil {
		return err
	}
	if err := loader.Transform(value, into); err != nil {
		return in.at(path, "%s: %s", shown(path), decodeCause(err))
	}
	return nil
}

// checkKeys refuses keys of value that the struct type lacks, at any depth, and scalars where a mapping belongs.
func (in *inputs) checkKeys(value any, into reflect.Type, path []string) error {
	switch {
	case isScalarList(into):
		return nil
	case into.Kind() == reflect.Struct:
		return in.checkStruct(value, into, path)
	case into.Kind() == reflect.String:
		if _, ok := value.(string); !ok && value != nil {
			return in.at(path, "%s: must be a string", shown(path))
		}
	case into.Kind() == reflect.Map:
		entries, ok := value.(map[string]any)
		if !ok {
			return in.at(path, "%s: must be a mapping", shown(path))
		}
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			if err := in.checkKeys(entries[key], into.Elem(), append(slices.Clone(path), key)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (in *inputs) checkStruct(value any, into reflect.Type, path []string) error {
	entries, ok := value.(map[string]any)
	if value == nil {
		return nil
	}
	if !ok {
		return in.at(path, "%s: must be a mapping", shown(path))
	}
	fields := map[string]reflect.Type{}
	for i := range into.NumField() {
		fields[into.Field(i).Tag.Get("yaml")] = into.Field(i).Type
	}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		field, known := fields[key]
		below := append(slices.Clone(path), key)
		if !known {
			return in.unknownKey(path, key, slices.Sorted(maps.Keys(fields)))
		}
		if err := in.checkKeys(entries[key], field, below); err != nil {
			return err
		}
	}
	return nil
}

// isScalarList tells types that decode themselves from more than one form.
func isScalarList(into reflect.Type) bool {
	_, ok := reflect.New(into).Interface().(interface{ DecodeMapstructure(value any) error })
	return ok
}

// unknownKey is the error for a key that path does not have, with the nearest that it has.
func (in *inputs) unknownKey(path []string, key string, known []string) error {
	where := ""
	if len(path) > 0 {
		where = shown(path) + ": "
	}
	unknown := in.at(append(slices.Clone(path), key), "%sunknown key %s", where, strconv.Quote(key))
	if len(known) > 0 && len(known) <= 8 {
		unknown = unknown.WithHint("the keys are %s", strings.Join(known, ", "))
	}
	return near(unknown, key, known)
}
