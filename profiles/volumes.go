package profiles

import (
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v4"
)

// Volumes says which named volumes the checkouts of a project have in common: the word shared is all of them, a mapping
// says it of single ones.
type Volumes struct {
	all   bool
	names []string // sorted
}

const shared = "shared"

// Has says that a volume, by its key in the compose file, is one of them.
func (v Volumes) Has(key string) bool { return v.all || slices.Contains(v.names, key) }

// Names are the single ones.
func (v Volumes) Names() []string { return v.names }

// Refuse is part of document.Checked.
func (Volumes) Refuse(value any) string {
	entries, single := value.(map[string]any)
	if value == nil || value == shared {
		return ""
	}
	if !single {
		return "must be shared, or a mapping of volumes to shared"
	}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if entries[name] != shared && entries[name] != nil {
			return fmt.Sprintf("%s: %v is not shared", name, entries[name])
		}
	}
	return ""
}

// Schema is part of document.Checked.
func (Volumes) Schema() map[string]any {
	word := map[string]any{"enum": []string{shared}}
	return map[string]any{"oneOf": []any{word, map[string]any{"type": "object", "additionalProperties": word}}}
}

// DecodeMapstructure takes either form, as a compose file has it.
func (v *Volumes) DecodeMapstructure(value any) error {
	*v = Volumes{all: value == shared}
	entries, _ := value.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if entries[name] == shared {
			v.names = append(v.names, name)
		}
	}
	return nil
}

// UnmarshalYAML takes either form, as a profile has it.
func (v *Volumes) UnmarshalYAML(node *yaml.Node) error {
	var value any
	if err := node.Decode(&value); err != nil {
		return err
	}
	return v.DecodeMapstructure(value)
}
