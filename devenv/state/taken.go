package state

import (
	"os"
	"strings"
	"time"
)

// SaveTaken remembers that the processes which run have all changes from before a time.
func (s Store) SaveTaken(until time.Time) error {
	if err := s.create(); err != nil {
		return err
	}
	return writeAtomically(s.path("taken"), []byte(until.UTC().Format(time.RFC3339Nano)+"\n"))
}

// Taken is the time that was saved last; the zero time where none was, or none that can be read: then nothing is known
// of what runs.
func (s Store) Taken() time.Time {
	content, err := os.ReadFile(s.path("taken"))
	if err != nil {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(string(content)))
	if err != nil {
		return time.Time{}
	}
	return at
}
