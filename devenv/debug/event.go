package debug

import (
	"fmt"
	"strings"
	"time"
)

// Event is something that a developer wants to read about a debug port.
type Event struct {
	Kind    Kind
	Service string
	Client  string        // who is attached; of Refused: who was not
	Process string        // as Dial named it
	Took    time.Duration // of Reconnected: from the loss of the old process to the new one being configured
	Threads []Thread      // of LetGo: the threads that were stopped
	Cause   string        // of Refused, Waiting and Released: why, or ""
}

// Kind is what happened at a debug port.
type Kind int

// The kinds of an Event.
const (
	Attached    Kind = iota // a client has configured itself
	Released                // the client is gone, the process runs on without a debugger
	Refused                 // a second client was turned away
	Reconnected             // the client is attached to a new process
	LetGo                   // threads that were stopped run on, because their process is being replaced
	Waiting                 // a client is attached, and no process listens for a while
)

func (k Kind) String() string {
	return [...]string{"attached", "released", "refused", "reconnected", "let go", "waiting"}[k]
}

// Thread is a thread that is stopped in front of a client; ID as the client knows it, Reason as in DAP's event: breakpoint, step, exception, pause.
type Thread struct {
	ID     int
	Name   string
	Reason string
	File   string // where it stands, as the client was told; "" if it has not asked
	Line   int
}

func (t Thread) String() string {
	name, at := t.Name, t.Reason
	if name == "" {
		name = fmt.Sprintf("thread %d", t.ID)
	}
	if t.File != "" {
		at += fmt.Sprintf(" at %s:%d", t.File, t.Line)
	}
	return name + " (" + at + ")"
}

// String is the event as a line without its service: "reconnected in 42 ms".
func (e Event) String() string {
	switch e.Kind {
	case Attached:
		return "debugger attached: " + e.Client
	case Refused:
		return "debugger refused: " + e.Client + e.because()
	case Reconnected:
		return fmt.Sprintf("debugger reconnected in %d ms", e.Took.Milliseconds())
	case LetGo:
		return fmt.Sprintf("debugger let go of %s, which runs on in the old code", join(e.Threads))
	case Waiting:
		return "debugger waits for " + e.Service + e.because()
	default:
		return "debugger released" + e.because()
	}
}

func (e Event) because() string {
	if e.Cause == "" {
		return ""
	}
	return ": " + e.Cause
}

func join(threads []Thread) string {
	words := make([]string, len(threads))
	for i, thread := range threads {
		words[i] = thread.String()
	}
	return strings.Join(words, ", ")
}
