package debug

import (
	"bytes"
	"encoding/json"
	"strings"
)

// space keeps the ids that the client knows unique while processes come and go: each process counts its threads, frames and variables from 1,
// so those of a later process are moved above every id that was given out before. An id at or below base belongs to a process that is gone.
type space struct {
	base int // added to the ids of the current process
	high int // the highest id that the client has seen
}

// issue is the client's id for one of the current process. Ids that are not positive mean "none" and stay.
func (s *space) issue(id int) int {
	if id <= 0 {
		return id
	}
	s.high = max(s.high, s.base+id)
	return s.base + id
}

// resolve is the current process's own id for one of the client's; not ok if that process is gone.
func (s *space) resolve(id int) (own int, ok bool) {
	if id <= 0 {
		return id, true
	}
	return id - s.base, id > s.base
}

// advance begins the ids of a new process.
func (s *space) advance() { s.base = s.high }

// sort is what an id in a message is the id of.
type sort int

const (
	noID         sort = iota
	objectID          // a thread, frame, variable or source of the process: see space
	breakpointID      // see breakpoints
)

// sortOf says what the number in field is, which stands in an object under the field named under. From the DAP specification.
func sortOf(under, field string) sort {
	switch field {
	case "threadId", "threadIds", "frameId", "stackFrameId", "sourceReference",
		"variablesReference", "locationReference", "valueLocationReference", "declarationLocationReference":
		return objectID
	case "hitBreakpointIds":
		return breakpointID
	case "id":
		switch under {
		case "threads", "stackFrames":
			return objectID
		case "breakpoint", "breakpoints":
			return breakpointID
		}
	}
	return noID
}

// carriesIDs says whether the content of a message has ids in it. Everything else passes without being decoded: an attach request may hold
// any field of any name, and the answers of a debugger's own requests are not ours to read.
func carriesIDs(m message) bool {
	switch m.name {
	case "initialize", "attach", "launch", "disconnect", "terminate", "configurationDone", "modules", "completions", "setDebuggerProperty",
		"initialized", "process", "module", "exited", "terminated", "capabilities", "debugpyAttach", "debugpySockets", "runInTerminal", "startDebugging":
		return false
	}
	return !strings.HasPrefix(m.name, "debugpy")
}

// rewrite replaces every id in a message's content by what replace says.
func rewrite(raw json.RawMessage, replace func(sort, int) int) json.RawMessage {
	var content any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // a number that is not an id keeps its digits
	if decoder.Decode(&content) != nil {
		return raw
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(replaced(content, "", noID, replace)) != nil {
		return raw
	}
	return bytes.TrimSpace(out.Bytes())
}

// replaced walks a decoded value, which is the field named under and holds ids of the sort is.
func replaced(value any, under string, is sort, replace func(sort, int) int) any {
	switch value := value.(type) {
	case map[string]any:
		for field, inner := range value {
			value[field] = replaced(inner, field, sortOf(under, field), replace)
		}
	case []any:
		for i, inner := range value {
			value[i] = replaced(inner, under, is, replace)
		}
	case json.Number:
		if id, err := value.Int64(); err == nil && is != noID {
			return replace(is, int(id))
		}
	}
	return value
}
