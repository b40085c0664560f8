package profiles

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// PortPolicy says at which ports of this machine a project is published: "auto" takes a free one where one is taken,
// "declared" keeps to the compose files, and a mapping has an offset for all of them and numbers for single ones. It
// stands in a profile and, for the whole team, in x-devenv.
type PortPolicy struct {
	Policy string            // PortsAuto, PortsDeclared or PortsOffset; "" leaves it to others
	Offset int               // with PortsOffset
	Fixed  map[string]uint16 // by SERVICE:PORT, the port being the container's
}

// The policies of ports.
const (
	PortsAuto     = "auto"
	PortsDeclared = "declared"
	PortsOffset   = "offset"
)

// Refuse is part of document.Checked.
func (PortPolicy) Refuse(value any) string {
	_, cause := readPorts(value)
	return cause
}

// Schema is part of document.Checked.
func (PortPolicy) Schema() map[string]any {
	number := map[string]any{"type": "integer", "minimum": 1, "maximum": math.MaxUint16}
	return map[string]any{"oneOf": []any{
		map[string]any{"enum": []string{PortsAuto, PortsDeclared}},
		map[string]any{
			"type":                 "object",
			"properties":           map[string]any{PortsOffset: map[string]any{"type": "integer", "description": "added to every host port of the compose files"}},
			"patternProperties":    map[string]any{fixedPort.String(): number},
			"additionalProperties": false,
		},
	}}
}

// UnmarshalYAML takes any of the forms.
func (p *PortPolicy) UnmarshalYAML(node *yaml.Node) error {
	var value any
	if err := node.Decode(&value); err != nil {
		return err
	}
	return p.DecodeMapstructure(value)
}

// DecodeMapstructure takes any of the forms, for x-devenv.
func (p *PortPolicy) DecodeMapstructure(value any) error {
	read, cause := readPorts(value)
	if cause != "" {
		return fmt.Errorf("ports: %s", cause)
	}
	*p = read
	return nil
}

// fixedPort is a port of a service's containers.
var fixedPort = regexp.MustCompile(`^[a-zA-Z0-9._-]+:[0-9]+$`)

// readPorts reads a value, or says why it is none.
func readPorts(value any) (p PortPolicy, cause string) {
	const forms = "must be auto, declared, or a mapping of offset and SERVICE:PORT"
	switch value := value.(type) {
	case nil:
		return p, ""
	case string:
		if p.Policy = value; value != PortsAuto && value != PortsDeclared {
			return p, fmt.Sprintf("%q: %s", value, forms)
		}
		return p, ""
	case map[string]any:
		p.Fixed = map[string]uint16{}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if cause := p.entry(key, value[key]); cause != "" {
				return p, cause
			}
		}
		return p, ""
	}
	return p, forms
}

// entry reads one entry of the mapping; one without a value says nothing.
func (p *PortPolicy) entry(key string, value any) (cause string) {
	if value == nil {
		return ""
	}
	number, err := strconv.Atoi(fmt.Sprint(value)) // a variable makes a number text
	if key == PortsOffset {
		if p.Policy, p.Offset = PortsOffset, number; err != nil {
			return fmt.Sprintf("offset: %v is no whole number", value)
		}
		return ""
	}
	service, port, _ := strings.Cut(key, ":")
	container, notPort := strconv.ParseUint(port, 10, 16)
	switch {
	case !fixedPort.MatchString(key) || notPort != nil || container == 0:
		return fmt.Sprintf("%q is neither offset nor SERVICE:PORT, the port being the container's", key)
	case err != nil || number < 1 || number > math.MaxUint16:
		return fmt.Sprintf("%s: %v is no port", key, value)
	}
	p.Fixed[fmt.Sprintf("%s:%d", service, container)] = uint16(number)
	return ""
}

// Over lays a policy over another one: what it says of all ports replaces that of the other, numbers are merged.
func (p PortPolicy) Over(lower PortPolicy) PortPolicy {
	over := PortPolicy{Policy: p.Policy, Offset: p.Offset, Fixed: map[string]uint16{}}
	if p.Policy == "" {
		over.Policy, over.Offset = lower.Policy, lower.Offset
	}
	maps.Copy(over.Fixed, lower.Fixed)
	maps.Copy(over.Fixed, p.Fixed)
	return over
}
