package host

import (
	"bytes"
	"strings"
	"sync"
)

// Lines takes output apart into lines, hands each over as it is complete, and keeps the last ones. It is safe for
// concurrent use, as for the two outputs of one command.
type Lines struct {
	Line func(text string) // nil: they are only kept
	Keep int

	mu   sync.Mutex
	rest []byte
	last []string
}

// Write is part of io.Writer.
func (l *Lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		before, after, found := bytes.Cut(l.rest, []byte{'\n'})
		if !found {
			return len(p), nil
		}
		l.take(string(before))
		l.rest = after
	}
}

// Last hands over what has no line end yet, and are the last lines.
func (l *Lines) Last() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) > 0 {
		l.take(string(l.rest))
		l.rest = nil
	}
	return l.last
}

func (l *Lines) take(text string) {
	text = strings.TrimRight(text, "\r")
	if l.last = append(l.last, text); len(l.last) > l.Keep {
		l.last = l.last[1:]
	}
	if l.Line != nil {
		l.Line(text)
	}
}
