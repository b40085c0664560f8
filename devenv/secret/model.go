package secret

import "reflect"

// modelMask walks a model.
type modelMask struct {
	masked func(name, value string) string
}

// value masks what value holds and returns the value to put in its place, for holders (maps, interfaces) whose
// content cannot be set in place. name is the key under which value was found.
func (m *modelMask) value(value reflect.Value, name string) reflect.Value {
	switch value.Kind() {
	case reflect.String:
		masked := reflect.ValueOf(m.masked(name, value.String())).Convert(value.Type())
		if value.CanSet() {
			value.Set(masked)
		}
		return masked
	case reflect.Pointer:
		return m.pointer(value, name)
	case reflect.Interface:
		if !value.IsNil() {
			return m.value(value.Elem(), name)
		}
	case reflect.Struct:
		return m.fields(value)
	case reflect.Slice, reflect.Array:
		for i := range value.Len() {
			setIfCan(value.Index(i), m.value(value.Index(i), name))
		}
	case reflect.Map:
		for _, key := range value.MapKeys() {
			if masked := m.value(value.MapIndex(key), keyName(key)); masked.IsValid() {
				value.SetMapIndex(key, masked)
			}
		}
	}
	return value
}

// pointer gives a string behind a pointer a new home, since others may share the old one.
func (m *modelMask) pointer(value reflect.Value, name string) reflect.Value {
	if value.IsNil() {
		return value
	}
	if value.Elem().Kind() != reflect.String {
		m.value(value.Elem(), name)
		return value
	}
	fresh := reflect.New(value.Type().Elem())
	fresh.Elem().Set(m.value(reflect.ValueOf(value.Elem().Interface()), name))
	setIfCan(value, fresh)
	return fresh
}

func (m *modelMask) fields(value reflect.Value) reflect.Value {
	if !value.CanSet() { // a struct in a map: mask a copy, the map takes it
		fresh := reflect.New(value.Type()).Elem()
		fresh.Set(value)
		value = fresh
	}
	for i := range value.NumField() {
		if value.Type().Field(i).IsExported() {
			setIfCan(value.Field(i), m.value(value.Field(i), ""))
		}
	}
	return value
}

func setIfCan(target, value reflect.Value) {
	if target.CanSet() {
		target.Set(value)
	}
}

func keyName(key reflect.Value) string {
	if key.Kind() == reflect.String {
		return key.String()
	}
	return ""
}
