package project

import (
	"github.com/compose-spec/compose-go/v2/dotenv"

	"devenv/devenv/document"
)

// Origin is the place of path, the names of keys and of list items, in the compose files, or of the deepest part of it
// that is written.
func (p *Project) Origin(path ...string) (Origin, bool) { return p.inputs.tree().locate(path) }

// Writes reports whether some compose file or profile writes path itself, and not a shorter form that means it.
func (p *Project) Writes(path ...string) bool {
	t := p.inputs.tree()
	for _, u := range t.order {
		for _, root := range u.roots {
			if _, depth := document.Deepest(root, path); depth == len(path) {
				return true
			}
		}
	}
	return false
}

// Uses are the lines of the compose files that interpolate a variable.
func (p *Project) Uses(variable string) []Origin {
	var all []Origin
	for _, use := range p.uses(variable) {
		all = append(all, use.Origin)
	}
	return all
}

// EnvVariable is one statement of an env file.
type EnvVariable struct {
	Name, Value string // the value before interpolation is that of compose-go, "" where it is passed through
	Line        int
}

// EnvVariables are the statements of an env file, in order; of one that cannot be read there are none.
func EnvVariables(file string) []EnvVariable {
	values, _ := dotenv.GetEnvFromFile(map[string]string{}, []string{file}) // Load has reported what is wrong with it
	var all []EnvVariable
	for _, entry := range readEnvFile(file).entries {
		all = append(all, EnvVariable{Name: entry.name, Value: values[entry.name], Line: entry.line})
	}
	return all
}
