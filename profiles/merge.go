package profiles

import (
	"slices"

	"go.yaml.in/yaml/v4"
)

func empty(name string) *Profile {
	return &Profile{
		Name: name, root: &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"},
		places: map[*yaml.Node]Origin{}, over: map[*yaml.Node][]hidden{},
	}
}

// merge lays another profile over p, which takes in its nodes.
func (p *Profile) merge(upper *Profile) {
	for node, origin := range upper.places {
		p.places[node] = origin
	}
	for key, replaced := range upper.over {
		p.over[key] = replaced
	}
	for _, file := range upper.Files {
		if !slices.Contains(p.Files, file) {
			p.Files = append(p.Files, file)
		}
	}
	p.mergeMapping(p.root, upper.root, nil)
}

func (p *Profile) mergeMapping(into, from *yaml.Node, path []string) {
	for i := 0; i+1 < len(from.Content); i += 2 {
		key, value := from.Content[i], from.Content[i+1]
		at := indexOf(into, key.Value)
		if at < 0 {
			into.Content = append(into.Content, key, value)
			continue
		}
		lowerKey, lower := into.Content[at], into.Content[at+1]
		below := append(slices.Clone(path), key.Value)
		if lower.Kind == yaml.MappingNode && value.Kind == yaml.MappingNode && !isVariable(below) {
			p.mergeMapping(lower, value, below)
			continue
		}
		replaced := append([]hidden{{lower, p.places[lowerKey]}}, p.over[lowerKey]...)
		p.over[key] = append(p.over[key], replaced...)
		into.Content[at], into.Content[at+1] = key, value
	}
}

// forget takes a key away.
func (p *Profile) forget(key string) {
	if at := indexOf(p.root, key); at >= 0 {
		p.root.Content = slices.Delete(p.root.Content, at, at+2)
	}
}

func indexOf(mapping *yaml.Node, key string) int {
	for i := 0; i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// items are the strings of a list, or the one that stands for it.
func items(node *yaml.Node) []*yaml.Node {
	switch {
	case node == nil || node.Tag == "!!null":
		return nil
	case node.Kind == yaml.SequenceNode:
		return node.Content
	}
	return []*yaml.Node{node}
}
