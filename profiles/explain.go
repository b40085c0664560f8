package profiles

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"devenv/devenv/document"
)

// Value is one value of a merged profile, with what it replaces.
type Value struct {
	Name   string  `json:"name"` // services.api.env.LOG_LEVEL
	Value  string  `json:"value"`
	Source bool    `json:"source,omitempty"` // the value is where a secret comes from
	Origin Origin  `json:"origin"`
	Over   []Value `json:"over,omitempty"` // the highest first
}

// Values are the values of a profile in the order of their names.
func (p *Profile) Values() []Value {
	var all []Value
	p.values(p.root, nil, func(v Value) { all = append(all, v) })
	slices.SortStableFunc(all, func(a, b Value) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (p *Profile) values(mapping *yaml.Node, path []string, add func(Value)) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		below := append(slices.Clone(path), key.Value)
		if value.Kind == yaml.MappingNode && len(value.Content) > 0 && !isVariable(below) {
			p.values(value, below, add)
			continue
		}
		shown := valueAt(below, value, p.places[key])
		for _, replaced := range p.over[key] {
			shown.Over = append(shown.Over, valueAt(below, replaced.value, replaced.origin))
		}
		add(shown)
	}
}

func valueAt(path []string, node *yaml.Node, origin Origin) Value {
	value := Value{Name: strings.Join(path, "."), Origin: origin, Source: isSecret(path, node)}
	var source Source
	if value.Source && node.Decode(&source) == nil {
		value.Value = source.String()
	} else {
		value.Value = written(node)
	}
	return value
}

// YAML is the merged profile as one file; shown is what of a value under a key may be seen.
func (p *Profile) YAML(shown func(key, value string) string) ([]byte, error) {
	root := document.Plain(p.root, func(*yaml.Node) {})
	showOnly(root, shown)
	return yaml.Marshal(root)
}

func showOnly(node *yaml.Node, shown func(key, value string) string) {
	for i, below := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 1 && below.Kind == yaml.ScalarNode {
			below.Value = shown(node.Content[i-1].Value, below.Value)
		}
		showOnly(below, shown)
	}
}

// written is a value on one line: a scalar as it is, lists and mappings as JSON.
func written(node *yaml.Node) string {
	if node.Kind == yaml.ScalarNode {
		return node.Value
	}
	var value any
	if err := node.Decode(&value); err != nil {
		return err.Error()
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Text is values as `devenv profile explain` prints them: a line each, and below it what it replaces.
func (p Places) Text(values []Value) string {
	var text strings.Builder
	for _, v := range values {
		fmt.Fprintf(&text, "%s = %s  %s\n", v.Name, v.Value, p.line(v.Origin))
		for _, replaced := range v.Over {
			fmt.Fprintf(&text, "  over %s  %s\n", replaced.Value, p.line(replaced.Origin))
		}
	}
	return text.String()
}

func (p Places) line(o Origin) string { return fmt.Sprintf("%s:%d", p.Shown(o.File), o.Line) }

// Difference is a value that two profiles do not share; "" where one of them does not say it.
type Difference struct {
	Name  string `json:"name"`
	One   string `json:"one"`
	Other string `json:"other"`

	// As in Value.
	OneSource   bool `json:"one_source,omitempty"`
	OtherSource bool `json:"other_source,omitempty"`
}

// Diff are the values in which two profiles differ, sorted; that they extend or describe themselves otherwise does not
// count.
func Diff(one, other *Profile) []Difference {
	all := map[string]*Difference{}
	of := func(name string) *Difference {
		if all[name] == nil {
			all[name] = &Difference{Name: name}
		}
		return all[name]
	}
	for _, v := range one.Values() {
		of(v.Name).One, of(v.Name).OneSource = v.Value, v.Source
	}
	for _, v := range other.Values() {
		of(v.Name).Other, of(v.Name).OtherSource = v.Value, v.Source
	}
	differences := []Difference{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if d := all[name]; d.One != d.Other && name != "extends" && name != "description" {
			differences = append(differences, *d)
		}
	}
	return differences
}
