package project

import "strings"

// Doctor says what `devenv doctor` leaves alone.
type Doctor struct {
	Off map[string]Reason `yaml:"off"` // rules by name, and why the project does not want them
}

// Reason is a sentence that somebody must have written.
type Reason string

// Refuse wants a text that is not blank.
func (*Reason) Refuse(value any) string {
	if text, _ := value.(string); strings.TrimSpace(text) == "" {
		return "say why in a sentence, for whoever reads it next year"
	}
	return ""
}

// Schema is that of a text.
func (*Reason) Schema() map[string]any { return map[string]any{"type": "string", "minLength": 1} }
