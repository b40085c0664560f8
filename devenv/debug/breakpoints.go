package debug

import (
	"encoding/json"
	"reflect"

	"github.com/google/go-dap"
)

// breakpoints keeps the breakpoint ids that the client knows, whatever the processes call them. An answer lists breakpoints in the order of the
// request, so a breakpoint is the same one in a new process if it has the same place in the same set.
type breakpoints struct {
	last   int                     // the client's highest id
	client map[int]int             // the current process's id, which may be 0 -> the client's
	sets   map[string][]breakpoint // what the client was last told, per set: see setKey
}

// breakpoint is one of an answer, with all its fields and the client's id.
type breakpoint map[string]any

// setKey names the set that a request replaces, "" if it sets none. Instruction breakpoints are none that could be repeated: another build has
// other addresses.
func setKey(m message) string {
	switch m.name {
	case "setBreakpoints":
		var arguments dap.SetBreakpointsArguments
		m.take("arguments", &arguments)
		return m.name + " " + arguments.Source.Path + "|" + arguments.Source.Name
	case "setFunctionBreakpoints", "setExceptionBreakpoints", "setDataBreakpoints":
		return m.name
	}
	return ""
}

// id is the client's id for one of the current process.
func (b *breakpoints) id(own int) int {
	known, ok := b.client[own]
	if !ok {
		b.last++
		known = b.last
		b.client[own] = known
	}
	return known
}

// told remembers an answer that goes to the client.
func (b *breakpoints) told(key string, body json.RawMessage) {
	b.sets[key] = b.known(listed(body))
}

// again takes the answer of a new process for a set that the client knows, and returns the breakpoints that it has to be told of.
func (b *breakpoints) again(key string, body json.RawMessage) (changed []breakpoint) {
	before, now := b.sets[key], listed(body)
	for i := range min(len(before), len(now)) {
		own, has := number(now[i]["id"])
		if known, had := number(before[i]["id"]); has && had {
			b.client[own] = known
		}
	}
	b.sets[key] = b.known(now)
	for i := range min(len(before), len(now)) {
		if now[i]["id"] != nil && !reflect.DeepEqual(now[i], before[i]) {
			changed = append(changed, now[i])
		}
	}
	return changed
}

// happened takes a change of one breakpoint, with the client's id, that the client is told of: it is verified once its module is imported.
func (b *breakpoints) happened(body json.RawMessage) {
	var event struct {
		Reason     string
		Breakpoint breakpoint
	}
	if json.Unmarshal(body, &event) != nil || event.Reason == "removed" {
		return
	}
	for _, set := range b.sets {
		for i := range set {
			if set[i]["id"] == event.Breakpoint["id"] {
				set[i] = event.Breakpoint
			}
		}
	}
}

// known replaces the ids of the current process by the client's.
func (b *breakpoints) known(list []breakpoint) []breakpoint {
	for _, one := range list {
		if own, ok := number(one["id"]); ok {
			one["id"] = float64(b.id(own))
		}
	}
	return list
}

// advance begins the ids of a new process.
func (b *breakpoints) advance() { b.client = map[int]int{} }

func listed(body json.RawMessage) []breakpoint {
	var answer struct{ Breakpoints []breakpoint }
	_ = json.Unmarshal(body, &answer) // no list, no breakpoints: setExceptionBreakpoints need not answer with one
	return answer.Breakpoints
}

// number is a decoded JSON number; an id has no fraction.
func number(value any) (int, bool) {
	decoded, ok := value.(float64)
	return int(decoded), ok
}
