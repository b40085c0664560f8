package secret

import "reflect"

// Replace gives every string that can be reached from model, as in Masker.Model, another value.
func Replace(model any, with func(value string) string) {
	(&modelMask{func(_, value string) string { return with(value) }}).value(reflect.ValueOf(model), "")
}
