package profiles

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"devenv/devenv/hook"
	"devenv/devenv/secret"
)

// Source is where the value of a secret comes from: what a command on this machine prints, or what a file holds.
type Source struct {
	Command hook.Run `yaml:"command"`
	File    string   `yaml:"file"` // from the project's folder on; ~ is the home folder
}

// String is the source in few words.
func (s Source) String() string {
	if s.File != "" {
		return "from file " + s.File
	}
	return "from command " + s.Command.String()
}

// refuseSource says why a mapping is no Source, or "".
func refuseSource(value map[string]any) string {
	const must = "a secret is {command: [WORD, ...]} or {file: PATH}"
	if len(value) != 1 {
		return must
	}
	if command, is := value["command"]; is {
		if cause := hook.Run(nil).Refuse(command); cause != "" {
			return "command " + cause
		}
		return ""
	}
	if path, is := value["file"].(string); !is || path == "" {
		return must
	}
	return ""
}

// Secret is a variable of a profile whose value is found out when a container needs it. Until then its Stand is the value:
// it may be printed and kept.
type Secret struct {
	Source
	Path []string // of the variable in the profile
}

// Stand is a text that stands for the value of the secret.
func (s Secret) Stand() string { return secret.StandIn(strings.Join(s.Path, ".")) }

// Secrets are the secrets of the profile in the order of their paths.
func (p *Profile) Secrets() []Secret {
	var all []Secret
	add := func(variables map[string]Variable, path ...string) {
		for _, name := range slices.Sorted(maps.Keys(variables)) {
			if source := variables[name].Source; source != nil {
				all = append(all, Secret{*source, append(slices.Clone(path), name)})
			}
		}
	}
	add(p.Env, "env")
	for _, name := range slices.Sorted(maps.Keys(p.Services)) {
		if service := p.Services[name]; service != nil {
			add(service.Env, "services", name, "env")
		}
	}
	return all
}

// isVariable says whether a path is that of a variable, whose value is one thing also where it is a mapping.
func isVariable(path []string) bool {
	return len(path) == 2 && path[0] == "env" || len(path) == 4 && path[0] == "services" && path[2] == "env"
}

// isSecret says whether the value at a path is a Source.
func isSecret(path []string, value *yaml.Node) bool {
	return isVariable(path) && value.Kind == yaml.MappingNode
}
