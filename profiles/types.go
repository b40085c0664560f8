package profiles

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"devenv/devenv/hook"
)

// List is a list of strings, or one string that stands for a list of one.
type List []string

// Refuse is part of document.Checked.
func (List) Refuse(value any) string {
	switch value := value.(type) {
	case nil, string:
		return ""
	case []any:
		return onlyStrings(value)
	}
	return "must be a string or a list of strings"
}

// Schema is part of document.Checked.
func (List) Schema() map[string]any { return oneOrMore() }

// UnmarshalYAML takes either form.
func (l *List) UnmarshalYAML(node *yaml.Node) error { return decodeList(node, (*[]string)(l)) }

// Command is a command in Compose's forms: words, or one string that is split into words as a shell does.
type Command []string

// Refuse is part of document.Checked.
func (Command) Refuse(value any) string { return List(nil).Refuse(value) }

// Schema is part of document.Checked.
func (Command) Schema() map[string]any { return oneOrMore() }

// UnmarshalYAML takes either form.
func (c *Command) UnmarshalYAML(node *yaml.Node) error { return decodeList(node, (*[]string)(c)) }

// shortPort is Compose's short form: [[ADDRESS:]HOST:]CONTAINER[/PROTOCOL], where ports may be ranges.
var shortPort = regexp.MustCompile(`^((\[[^\]]+\]|[^:\[\]]+):)?(\d*(-\d+)?:)?\d+(-\d+)?(/[a-z]+)?$`)

// Ports are ports in Compose's short form.
type Ports []string

// Refuse is part of document.Checked.
func (Ports) Refuse(value any) string {
	items, isList := value.([]any)
	if !isList && value != nil {
		return "must be a list of ports"
	}
	for _, item := range items {
		if text, isText := item.(string); !isText && !isNumber(item) {
			return "must be a list of ports in the short form, [HOST:]CONTAINER"
		} else if isText && !strings.Contains(text, "$") && !shortPort.MatchString(text) {
			return fmt.Sprintf("%q is no port; the short form is [[ADDRESS:]HOST:]CONTAINER", text)
		}
	}
	return ""
}

// Schema is part of document.Checked.
func (Ports) Schema() map[string]any {
	return map[string]any{"type": "array", "items": map[string]any{"type": []string{"string", "integer"}}}
}

// Variable is the value of a variable: text, a number, true or false, or where a secret comes from; both nil where none is
// given.
type Variable struct {
	Text   *string
	Source *Source
}

// Refuse is part of document.Checked.
func (Variable) Refuse(value any) string {
	switch value := value.(type) {
	case nil, string, bool:
		return ""
	case map[string]any:
		return refuseSource(value)
	}
	if isNumber(value) {
		return ""
	}
	return "must be text, a number, true or false"
}

// Schema is part of document.Checked.
func (Variable) Schema() map[string]any {
	of := func(key string, schema any) map[string]any {
		return map[string]any{
			"type": "object", "properties": map[string]any{key: schema}, "required": []string{key}, "additionalProperties": false,
		}
	}
	return map[string]any{"oneOf": []any{
		map[string]any{"type": []string{"string", "number", "boolean", "null"}},
		of("command", hook.Run(nil).Schema()), of("file", map[string]any{"type": "string"}),
	}}
}

// UnmarshalYAML keeps the value as it is written: 0770 and 1.10 are text that Compose passes on.
func (v *Variable) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.MappingNode {
		v.Source = &Source{}
		return node.Decode(v.Source)
	}
	if node.Tag != "!!null" {
		v.Text = &node.Value
	}
	return nil
}

// Reload is how a service takes in new code.
type Reload string

// Off is the value of Reload that takes in nothing.
const Off = "off"

var reloads = [...]string{"fork", "restart", "native", "off"}

// Refuse is part of document.Checked.
func (Reload) Refuse(value any) string {
	if text, isText := value.(string); value == nil || value == false || isText && slices.Contains(reloads[:], text) {
		return ""
	}
	return fmt.Sprintf("%v is none of %s", value, strings.Join(reloads[:], ", "))
}

// Schema is part of document.Checked.
func (Reload) Schema() map[string]any {
	return map[string]any{"enum": []any{"fork", "restart", "native", "off", false}}
}

// UnmarshalYAML takes false for off.
func (r *Reload) UnmarshalYAML(node *yaml.Node) error {
	switch node.Tag {
	case "!!null":
	case "!!bool":
		*r = Off
	default:
		*r = Reload(node.Value)
	}
	return nil
}

func oneOrMore() map[string]any {
	return map[string]any{"oneOf": []any{
		map[string]any{"type": "string"},
		map[string]any{"type": "array", "items": map[string]any{"type": "string"}},
	}}
}

func decodeList(node *yaml.Node, into *[]string) error {
	if node.Tag == "!!null" {
		return nil
	}
	if node.Kind == yaml.ScalarNode {
		*into = []string{node.Value}
		return nil
	}
	return node.Decode(into)
}

func onlyStrings(items []any) string {
	for i, item := range items {
		if _, ok := item.(string); !ok {
			return fmt.Sprintf("item %d must be a string", i+1)
		}
	}
	return ""
}

func isNumber(value any) bool {
	switch value.(type) {
	case int, int64, uint64, float64:
		return true
	}
	return false
}
