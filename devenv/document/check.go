package document

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"devenv/devenv/fault"
)

// At makes an error at the place of a path, the names of keys and of list items.
type At func(path []string, format string, args ...any) *fault.Error

// Checked is a type with more than one form, or with values of its own.
type Checked interface {
	Refuse(value any) string // why it cannot be value, or ""
	Schema() map[string]any  // JSON schema
}

// Check refuses what of value, decoded from YAML, does not fit into a type: unknown keys at any depth, and values of
// another kind. The names of a struct's fields are their yaml tags.
func Check(value any, into reflect.Type, path []string, at At) error {
	if checked, ok := reflect.New(into).Interface().(Checked); ok {
		if cause := checked.Refuse(value); cause != "" {
			return at(path, "%s: %s", Path(path), cause)
		}
		return nil
	}
	switch {
	case value == nil || decodesItself(into):
		return nil
	case into.Kind() == reflect.Pointer:
		return Check(value, into.Elem(), path, at)
	case into.Kind() == reflect.Struct:
		return checkStruct(value, into, path, at)
	case into.Kind() == reflect.Map:
		return checkMap(value, into, path, at)
	case into.Kind() == reflect.Slice:
		return checkList(value, into, path, at)
	case into.Kind() == reflect.String && !is[string](value):
		return at(path, "%s: must be a string", Path(path))
	case into.Kind() == reflect.Bool && !is[bool](value):
		return at(path, "%s: must be true or false", Path(path))
	}
	return nil
}

func is[T any](value any) bool { _, ok := value.(T); return ok }

// decodesItself tells types of Compose's that take more than one form.
func decodesItself(into reflect.Type) bool {
	return is[interface{ DecodeMapstructure(value any) error }](reflect.New(into).Interface())
}

func checkMap(value any, into reflect.Type, path []string, at At) error {
	entries, ok := value.(map[string]any)
	if !ok {
		return at(path, "%s: must be a mapping", Path(path))
	}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		if err := Check(entries[key], into.Elem(), append(slices.Clone(path), key), at); err != nil {
			return err
		}
	}
	return nil
}

func checkList(value any, into reflect.Type, path []string, at At) error {
	items, ok := value.([]any)
	if !ok {
		return at(path, "%s: must be a list", Path(path))
	}
	for i, item := range items {
		if err := Check(item, into.Elem(), append(slices.Clone(path), strconv.Itoa(i)), at); err != nil {
			return err
		}
	}
	return nil
}

func checkStruct(value any, into reflect.Type, path []string, at At) error {
	entries, ok := value.(map[string]any)
	if !ok {
		return at(path, "%smust be a mapping", prefix(path))
	}
	fields := map[string]reflect.Type{}
	for i := range into.NumField() {
		if key := into.Field(i).Tag.Get("yaml"); key != unwritten {
			fields[key] = into.Field(i).Type
		}
	}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		field, known := fields[key]
		if !known {
			return UnknownKey(path, key, slices.Sorted(maps.Keys(fields)), at)
		}
		if err := Check(entries[key], field, append(slices.Clone(path), key), at); err != nil {
			return err
		}
	}
	return nil
}

// unwritten is the yaml tag of a field that no file can set.
const unwritten = "-"

// UnknownKey is the error for a key that path does not have, with the nearest that it has.
func UnknownKey(path []string, key string, known []string, at At) error {
	unknown := at(append(slices.Clone(path), key), "%sunknown key %q", prefix(path), key)
	if len(known) > 0 && len(known) <= 8 {
		unknown = unknown.WithHint("the keys are %s", strings.Join(known, ", "))
	}
	return Near(unknown, key, known)
}

// Near offers the nearest of names in the error's hint, if one is near.
func Near(err *fault.Error, name string, names []string) *fault.Error {
	if found := fault.Nearest(name, names); found != "" {
		return err.WithHint("did you mean %q?", found)
	}
	return err
}

// Path is a path as messages show it.
func Path(path []string) string { return strings.Join(path, ".") }

func prefix(path []string) string {
	if len(path) == 0 {
		return ""
	}
	return Path(path) + ": "
}

var lineInText = regexp.MustCompile(`^line (\d+): (.+)$`)

// SyntaxError is a file, named as messages show it, that is no YAML; nil where err says nothing about a line.
func SyntaxError(file string, err error) error {
	var at *yaml.LoadError
	if !errors.As(err, &at) || at.Mark.Line == 0 {
		return nil
	}
	if groups := lineInText.FindStringSubmatch(at.Message); groups != nil { // found after parsing
		return fault.New(fault.Usage, "%s:%s: %s", file, groups[1], groups[2])
	}
	cause := at.Message
	if at.ContextMsg != "" {
		cause = fmt.Sprintf("%s %s that begins in line %d", cause, at.ContextMsg, at.ContextMark.Line)
	}
	return fault.New(fault.Usage, "%s:%d:%d: %s", file, at.Mark.Line, max(at.Mark.Column, 1), cause)
}
