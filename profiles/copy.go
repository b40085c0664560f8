package profiles

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"devenv/devenv/document"
)

// Copy are the files, by their paths, of a profile that says what another one says. Where that one is the project's files alone
// they are copied as they are written; a starter, or a file for all projects, goes into one personal file with them.
func (p Places) Copy(from, to string) (map[string][]byte, error) {
	layers, err := p.layers(from)
	if err != nil {
		return nil, err
	}
	into := map[string]string{p.Shared(from): p.Shared(to), p.Personal(from): p.Personal(to)}
	alone := func(l layer) bool { return into[l.file] == "" }
	switch {
	case len(layers) == 0:
		return nil, p.Unknown(from)
	case len(layers) == 1 && alone(layers[0]):
		return map[string][]byte{p.Personal(to): layers[0].content}, nil
	case slices.ContainsFunc(layers, alone):
		content, err := p.joined(from, layers)
		return map[string][]byte{p.Personal(to): content}, err
	}
	texts := map[string][]byte{}
	for _, l := range layers {
		texts[into[l.file]] = l.content
	}
	return texts, nil
}

// joined are the layers of a profile as one text.
func (p Places) joined(name string, layers []layer) ([]byte, error) {
	own, err := p.own(name, layers)
	if err != nil {
		return nil, err
	}
	var from []string
	for _, l := range layers {
		from = append(from, p.Shown(l.file))
	}
	text := SchemaLine + "# what these said: " + strings.Join(from, ", ") + "\n"
	if len(own.root.Content) == 0 {
		return []byte(text), nil
	}
	content, err := yaml.Marshal(document.Plain(own.root, func(*yaml.Node) {}))
	return append([]byte(text), content...), err
}
