package vscode

import (
	"strconv"
	"strings"

	"github.com/tailscale/hujson"
)

// object and list are JSON as it is to be written, in this order; other values are string, bool and int.
type (
	object []field
	list   []any
)

type field struct {
	key   string
	value any
	once  bool // a default: written with a new entry, from then on the user's
}

// style is how a file is laid out.
type style struct{ unit, newline string }

// block is an object with each field on a line of its own, whose closing brace stands at indent.
func (s style) block(o object, indent string) string {
	lines := make([]string, len(o))
	for i, f := range o {
		lines[i] = quote(f.key) + ": " + s.value(f.value, indent+s.unit)
	}
	return s.lines("{", lines, "}", indent)
}

// value is any value: what holds only plain values is written on one line.
func (s style) value(value any, indent string) string {
	switch value := value.(type) {
	case object:
		if plain(value) {
			return oneLine(value)
		}
		return s.block(value, indent)
	case list:
		return s.list(value, indent)
	case string:
		return quote(value)
	case bool:
		return strconv.FormatBool(value)
	case int:
		return strconv.Itoa(value)
	}
	return "null"
}

func (s style) list(l list, indent string) string {
	items, flat := make([]string, len(l)), true
	for i, value := range l {
		items[i] = s.value(value, indent+s.unit)
		_, nested := value.(object)
		flat = flat && !nested
	}
	if flat {
		return "[" + strings.Join(items, ", ") + "]"
	}
	return s.lines("[", items, "]", indent)
}

func (s style) lines(open string, lines []string, end, indent string) string {
	between := s.newline + indent + s.unit
	return open + between + strings.Join(lines, ","+between) + s.newline + indent + end
}

func oneLine(o object) string {
	fields := make([]string, len(o))
	for i, f := range o {
		fields[i] = quote(f.key) + ": " + style{}.value(f.value, "")
	}
	return "{ " + strings.Join(fields, ", ") + " }"
}

func plain(o object) bool {
	for _, f := range o {
		switch f.value.(type) {
		case object, list:
			return false
		}
	}
	return true
}

func quote(text string) string { return string(hujson.String(text)) }
