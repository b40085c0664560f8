package project

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/schema"

	"devenv/devenv/document"
)

// schemaKeys are the keys that the Compose specification's JSON schema allows at path, sorted.
func schemaKeys(path []string) []string {
	var root map[string]any
	if json.Unmarshal([]byte(schema.Schema), &root) != nil {
		return nil
	}
	s := schemaWalk{root: root}
	nodes := s.expand(root)
	for _, name := range path {
		var next []map[string]any
		for _, node := range nodes {
			next = append(next, s.below(node, name)...)
		}
		nodes = next
	}
	var names []string
	for _, node := range nodes {
		names = slices.AppendSeq(names, maps.Keys(object(node["properties"])))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ComposeSchema is the JSON schema of a compose file, the Compose specification's own, which also knows x-devenv.
func ComposeSchema() (map[string]any, error) {
	var root map[string]any
	if err := json.Unmarshal([]byte(schema.Schema), &root); err != nil {
		return nil, err
	}
	service := document.Schema(reflect.TypeFor[ServiceExtension]())
	settings := object(service["properties"])
	settings["debug"] = map[string]any{"oneOf": []any{map[string]any{"enum": []string{DebugDelve}}, settings["debug"]}}
	object(root["properties"])[extensionKey] = document.Schema(reflect.TypeFor[Extension]())
	object(object(object(root["$defs"])["service"])["properties"])[extensionKey] = service
	return root, nil
}

type schemaWalk struct{ root map[string]any }

// expand follows a reference and opens alternatives.
func (s schemaWalk) expand(node map[string]any) []map[string]any {
	if ref, ok := node["$ref"].(string); ok {
		target := s.root
		for _, name := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			target = object(target[name])
		}
		return s.expand(target)
	}
	all := []map[string]any{node}
	for _, key := range []string{"oneOf", "anyOf", "allOf"} {
		alternatives, _ := node[key].([]any)
		for _, alternative := range alternatives {
			all = append(all, s.expand(object(alternative))...)
		}
	}
	return all
}

// below are the schemas of what stands under name.
func (s schemaWalk) below(node map[string]any, name string) []map[string]any {
	if property, ok := object(node["properties"])[name]; ok {
		return s.expand(object(property))
	}
	var all []map[string]any
	patterns := object(node["patternProperties"])
	for _, pattern := range slices.Sorted(maps.Keys(patterns)) {
		if pattern != "^x-" {
			all = append(all, s.expand(object(patterns[pattern]))...)
		}
	}
	for _, key := range []string{"additionalProperties", "items"} {
		if inner := object(node[key]); inner != nil {
			all = append(all, s.expand(inner)...)
		}
	}
	return all
}

func object(value any) map[string]any {
	mapping, _ := value.(map[string]any)
	return mapping
}
