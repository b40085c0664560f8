package hook

import (
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Run is the command of a hook: words, or a text for the shell, which is kept as sh -c TEXT.
type Run []string

// Refuse is part of document.Checked.
func (Run) Refuse(value any) string {
	const must = "must be a string or a list of strings"
	switch value := value.(type) {
	case string:
		if strings.TrimSpace(value) == "" {
			return "is empty"
		}
		return ""
	case []any:
		for _, item := range value {
			if _, is := item.(string); !is {
				return must
			}
		}
		if len(value) == 0 {
			return "is empty"
		}
		return ""
	}
	return must
}

// Schema is part of document.Checked.
func (Run) Schema() map[string]any {
	return map[string]any{"oneOf": []any{
		map[string]any{"type": "string", "minLength": 1},
		map[string]any{"type": "array", "items": map[string]any{"type": "string"}, "minItems": 1},
	}}
}

// UnmarshalYAML takes either form.
func (r *Run) UnmarshalYAML(node *yaml.Node) error {
	var value any
	if err := node.Decode(&value); err != nil {
		return err
	}
	return r.DecodeMapstructure(value)
}

// DecodeMapstructure takes either form, as Compose's loader gives it.
func (r *Run) DecodeMapstructure(value any) error {
	switch value := value.(type) {
	case string:
		*r = Run{"sh", "-c", value}
	case []any:
		*r = nil
		for _, word := range value {
			*r = append(*r, fmt.Sprint(word))
		}
	}
	return nil
}

// String is the command as it was written.
func (r Run) String() string {
	if len(r) == 3 && r[0] == "sh" && r[1] == "-c" {
		return r[2]
	}
	return strings.Join(r, " ")
}

// Limit is a time span that is written as 90s or 5m; 0 is none given.
type Limit time.Duration

// longest is as long as a one-off container lives in which nothing ends it.
const longest = time.Hour

// Refuse is part of document.Checked.
func (Limit) Refuse(value any) string {
	if value == nil {
		return ""
	}
	text, isText := value.(string)
	span, err := time.ParseDuration(text)
	if !isText || err != nil || span <= 0 {
		return fmt.Sprintf("%v is no time span; write 90s or 5m", value)
	}
	if span > longest {
		return "an hour is the longest that a hook may take"
	}
	return ""
}

// Schema is part of document.Checked.
func (Limit) Schema() map[string]any { return map[string]any{"type": "string"} }

// UnmarshalYAML takes the text that Refuse lets pass.
func (l *Limit) UnmarshalYAML(node *yaml.Node) error { return l.DecodeMapstructure(node.Value) }

// DecodeMapstructure takes the text as Compose's loader gives it.
func (l *Limit) DecodeMapstructure(value any) error {
	text, _ := value.(string)
	if text == "" {
		return nil
	}
	span, err := time.ParseDuration(text)
	*l = Limit(span)
	return err
}
