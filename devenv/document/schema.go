package document

import "reflect"

// Schema is the JSON schema of what Check lets pass for a type. The tag doc of a field is its description.
func Schema(of reflect.Type) map[string]any {
	if checked, ok := reflect.New(of).Interface().(Checked); ok {
		return checked.Schema()
	}
	if decodesItself(of) {
		return lenientSchema(of)
	}
	switch of.Kind() {
	case reflect.Pointer:
		return Schema(of.Elem())
	case reflect.Struct:
		return structSchema(of)
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": Schema(of.Elem())}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": Schema(of.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	}
	return map[string]any{"type": "string"}
}

// lenientSchema is that of Compose's own types with two forms: a list, or the one text that stands for it; a mapping, or a
// list of KEY=VALUE.
func lenientSchema(of reflect.Type) map[string]any {
	text := map[string]any{"type": "string"}
	texts := map[string]any{"type": "array", "items": text}
	switch of.Kind() {
	case reflect.Slice:
		return map[string]any{"oneOf": []any{text, texts}}
	case reflect.Map:
		values := map[string]any{"type": []string{"string", "number", "boolean", "null"}}
		return map[string]any{"oneOf": []any{map[string]any{"type": "object", "additionalProperties": values}, texts}}
	}
	return map[string]any{}
}

func structSchema(of reflect.Type) map[string]any {
	properties := map[string]any{}
	for i := range of.NumField() {
		field := of.Field(i)
		if field.Tag.Get("yaml") == unwritten {
			continue
		}
		property := Schema(field.Type)
		if description := field.Tag.Get("doc"); description != "" {
			property["description"] = description
		}
		properties[field.Tag.Get("yaml")] = property
	}
	return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
}
