package profiles

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v4"

	"devenv/devenv/document"
)

// Debug is how a service is debugged: not at all, as devenv does by itself, at a port of this machine, or by a debugger that
// the command does not show.
type Debug struct {
	Off  bool
	Port uint16 // 0 leaves it to devenv
	Kind string // as in x-devenv; "" is by the command
}

// Refuse is part of document.Checked.
func (Debug) Refuse(value any) string {
	switch value := value.(type) {
	case nil, bool:
		return ""
	case int:
		if value > 0 && value <= 65535 {
			return ""
		}
	case string:
		if value == delve {
			return ""
		}
	}
	return fmt.Sprintf("%v is neither true, false, a port nor %s", value, delve)
}

const delve = "delve"

// Schema is part of document.Checked.
func (Debug) Schema() map[string]any {
	return map[string]any{"oneOf": []any{
		map[string]any{"type": "boolean"}, map[string]any{"type": "integer", "minimum": 1, "maximum": 65535}, map[string]any{"enum": []string{delve}},
	}}
}

// UnmarshalYAML takes what Refuse lets pass.
func (d *Debug) UnmarshalYAML(node *yaml.Node) error {
	switch node.Tag {
	case "!!bool":
		var on bool
		err := node.Decode(&on)
		d.Off = !on
		return err
	case "!!int":
		return node.Decode(&d.Port)
	case "!!str":
		d.Kind = node.Value
	}
	return nil
}

// Resources are what a container of a service may take, in Compose's words for deploy.resources.limits.
type Resources struct {
	CPUs   Amount `yaml:"cpus" doc:"how many at most: 0.5, 2"`
	Memory Amount `yaml:"memory" doc:"how much at most: 512m, 2g"`
	Pids   Amount `yaml:"pids" doc:"how many processes at most"`
}

// Amount is a number, or text such as 512m.
type Amount string

var _ document.Checked = Amount("")

// Refuse is part of document.Checked.
func (Amount) Refuse(value any) string {
	if _, text := value.(string); value == nil || text || isNumber(value) {
		return ""
	}
	return "must be a number, or text such as " + strconv.Quote("512m")
}

// Schema is part of document.Checked.
func (Amount) Schema() map[string]any { return map[string]any{"type": []string{"number", "string"}} }
