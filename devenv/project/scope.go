package project

import (
	"slices"

	"github.com/compose-spec/compose-go/v2/types"
)

// scope is where the variables of a compose file come from, the strongest layer first. An included file has its
// includer's layers and below them its own env files.
type scope []layer

// layer is one source of variables.
type layer struct {
	kind   Kind
	files  []string // for env files: of several, the later wins
	values types.Mapping

	origins map[string]Origin // of the variables of a profile
}

// lookup is the value of a variable and the layer that gives it.
func (s scope) lookup(name string) (string, *layer) {
	for i := range s {
		if value, set := s[i].values[name]; set {
			return value, &s[i]
		}
	}
	return "", nil
}

func (s scope) mapping(name string) (string, bool) {
	value, from := s.lookup(name)
	return value, from != nil
}

func (s scope) environment() types.Mapping {
	all := types.Mapping{}
	for _, layer := range s {
		all.Merge(layer.values)
	}
	return all
}

// withEnvFiles adds a layer of env files at the bottom. A file that cannot be read gives nothing: whoever loads the
// project has said so already.
func (s scope) withEnvFiles(kind Kind, files []string) scope {
	if len(files) == 0 {
		return s
	}
	values, _ := readVariables(s.environment(), files, new(bool))
	return append(slices.Clone(s), layer{kind: kind, files: files, values: values})
}

// substitute interpolates text as Compose does, and tells which variables it asked for.
func (s scope) substitute(text string) (value string, asked []string, err error) {
	value, err = substitute(text, func(name string) (string, bool) {
		if !slices.Contains(asked, name) {
			asked = append(asked, name)
		}
		return s.mapping(name)
	})
	return value, asked, err
}

// origin is where the layer sets the variable name.
func (l *layer) origin(name string) Origin {
	for _, file := range slices.Backward(l.files) {
		if entry, ok := readEnvFile(file).last(name); ok {
			return Origin{Kind: l.kind, File: file, Line: entry.line, Column: entry.column}
		}
	}
	if origin, known := l.origins[name]; known {
		return origin
	}
	return Origin{Kind: l.kind}
}
