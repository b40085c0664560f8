package document

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Parse parses the YAML documents of a compose file; each is the root node of one. Compose treats a second
// document in a file as an override of the first.
func Parse(content []byte) ([]*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var roots []*yaml.Node
	for {
		var document yaml.Node
		if err := decoder.Decode(&document); err != nil {
			if errors.Is(err, io.EOF) {
				return roots, nil
			}
			return roots, err
		}
		if len(document.Content) > 0 {
			roots = append(roots, document.Content[0])
		}
	}
}

// Follow is the node that an alias stands for.
func Follow(node *yaml.Node) *yaml.Node {
	for node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

// Child is the entry of a mapping or list under name: the node to point a reader to, and the value. In a list of
// KEY=VALUE, as environment and labels may be written, it is the last item with that KEY, and a name that is a number
// is an index. Keys of a mapping itself win over those it merges in with <<.
func Child(node *yaml.Node, name string) (at, value *yaml.Node) {
	switch node = Follow(node); {
	case node == nil:
		return nil, nil
	case node.Kind == yaml.MappingNode:
		return mappingChild(node, name)
	case node.Kind == yaml.SequenceNode:
		return listChild(node, name)
	}
	return nil, nil
}

func mappingChild(node *yaml.Node, name string) (at, value *yaml.Node) {
	var merged []*yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		switch {
		case key.Value == "<<" && key.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0:
			merged = append(merged, mergeSources(value)...)
		case key.Value == name:
			return key, value
		}
	}
	for _, source := range merged {
		if at, value = Child(source, name); at != nil {
			return at, value
		}
	}
	return nil, nil
}

// mergeSources are the mappings that << takes in; the first that has a key wins.
func mergeSources(value *yaml.Node) []*yaml.Node {
	if list := Follow(value); list != nil && list.Kind == yaml.SequenceNode {
		return list.Content
	}
	return []*yaml.Node{value}
}

func listChild(node *yaml.Node, name string) (at, value *yaml.Node) {
	for _, item := range node.Content {
		if scalar := Follow(item); scalar.Kind == yaml.ScalarNode {
			if key, _, _ := strings.Cut(scalar.Value, "="); key == name {
				at, value = item, scalar
			}
		}
	}
	if index, err := strconv.Atoi(name); at == nil && err == nil && index >= 0 && index < len(node.Content) {
		return node.Content[index], node.Content[index]
	}
	return at, value
}

// Deepest follows path from node as far as it goes: the node to point to, and how many names it followed. A name may
// hold dots, since errors of compose-go write paths with dots between names.
func Deepest(node *yaml.Node, path []string) (at *yaml.Node, depth int) {
	at = node
	for n := 1; n <= len(path); n++ {
		key, value := Child(node, strings.Join(path[:n], "."))
		if key == nil {
			continue
		}
		below, more := Deepest(value, path[n:])
		if more == 0 {
			below = key
		}
		return below, n + more
	}
	return at, 0
}

// Keys are the names of a mapping's entries, those of << included.
func Keys(node *yaml.Node) []string {
	node = Follow(node)
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	var names []string
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value != "<<" {
			names = append(names, node.Content[i].Value)
			continue
		}
		for _, source := range mergeSources(node.Content[i+1]) {
			names = append(names, Keys(source)...)
		}
	}
	return names
}

// Scalars visits every scalar value below node, not keys, each node once.
func Scalars(node *yaml.Node, seen map[*yaml.Node]bool, visit func(*yaml.Node)) {
	node = Follow(node)
	if node == nil || seen[node] {
		return
	}
	seen[node] = true
	switch node.Kind {
	case yaml.ScalarNode:
		visit(node)
	case yaml.MappingNode:
		for i := 1; i < len(node.Content); i += 2 {
			Scalars(node.Content[i], seen, visit)
		}
	case yaml.SequenceNode:
		for _, item := range node.Content {
			Scalars(item, seen, visit)
		}
	}
}

// Plain is a copy of a node in which aliases and << are written out; seen is told every node of it. The encoder of
// package yaml changes the nodes that it writes, so it is given copies.
func Plain(node *yaml.Node, seen func(*yaml.Node)) *yaml.Node {
	node = Follow(node)
	plain := &yaml.Node{Kind: node.Kind, Tag: node.Tag, Value: node.Value, Style: node.Style, Line: node.Line, Column: node.Column}
	seen(plain)
	if node.Kind == yaml.SequenceNode {
		for _, item := range node.Content {
			plain.Content = append(plain.Content, Plain(item, seen))
		}
		return plain
	}
	written := map[string]bool{}
	for _, name := range Keys(node) {
		if !written[name] {
			written[name] = true
			key, value := Child(node, name)
			plain.Content = append(plain.Content, Plain(key, seen), Plain(value, seen))
		}
	}
	return plain
}
