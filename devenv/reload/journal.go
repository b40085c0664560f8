package reload

import (
	"path/filepath"
	"strings"
	"time"
)

// Entry is one line of `devenv why`: what a change of a file led to.
type Entry struct {
	At      time.Time     `json:"at"`
	Path    string        `json:"path"`
	Rule    string        `json:"rule"`
	Verb    string        `json:"action"`
	Service string        `json:"service,omitempty"`
	Result  string        `json:"result"`  // "done", or why not
	Took    time.Duration `json:"took_ns"` // of the action; zero for Nothing
}

// Journal has the last entries, up to a number. It belongs to one goroutine.
type Journal struct {
	entries []Entry
	next    int // where the next entry goes, once all places are taken
}

// NewJournal makes a journal for most entries; the oldest gives way.
func NewJournal(most int) *Journal { return &Journal{entries: make([]Entry, 0, most)} }

// Record adds an entry for each cause of an action. err is nil if it was done, else it says why not.
func (j *Journal) Record(at time.Time, action Action, err error, took time.Duration) {
	result := "done"
	switch {
	case action.Verb == Nothing:
		result = "nothing to do"
	case err != nil:
		result = err.Error()
	}
	for _, cause := range action.Causes {
		j.add(Entry{at, cause.Path, cause.Rule, action.Verb.String(), action.Service, result, took})
	}
}

func (j *Journal) add(entry Entry) {
	if len(j.entries) < cap(j.entries) {
		j.entries = append(j.entries, entry)
		return
	}
	j.entries[j.next] = entry
	j.next = (j.next + 1) % len(j.entries)
}

// About are the entries for an absolute path, or for everything in it if it is a folder, oldest first; "" is all.
func (j *Journal) About(path string) []Entry {
	var found []Entry
	for i := range j.entries {
		entry := j.entries[(j.next+i)%len(j.entries)]
		if path == "" || entry.Path == path || strings.HasPrefix(entry.Path, strings.TrimSuffix(path, string(filepath.Separator))+string(filepath.Separator)) {
			found = append(found, entry)
		}
	}
	return found
}
