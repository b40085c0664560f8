package watch

import (
	"slices"
	"time"
)

// How long suspects are gathered before they are looked at. One save is decided after quietFirst; every further path
// asks for a little more patience, because where many files change more will follow; and none of it may take longer
// than gatherMost, however much noise there is.
const (
	quietFirst = 5 * time.Millisecond
	quietPath  = time.Millisecond
	quietMost  = 60 * time.Millisecond
	gatherMost = 250 * time.Millisecond
	// A file that is gone or empty may be the first half of a save: vim renames before it writes, others truncate. It
	// gets this long to be whole again.
	holdHalf = 40 * time.Millisecond
)

// gather holds suspects until it is time to look at them. It is a value of time alone: no clock, no channel.
type gather struct {
	paths map[string]time.Time // when each was last heard of
	first time.Time
	last  time.Time
	hold  time.Time // not before this
}

// add makes a path suspect.
func (g *gather) add(path string, now time.Time) {
	if len(g.paths) == 0 {
		*g = gather{paths: map[string]time.Time{}, first: now}
	}
	g.paths[path], g.last = now, now
}

// due is when the suspects should be looked at, zero if there are none.
func (g *gather) due() time.Time {
	if len(g.paths) == 0 {
		return time.Time{}
	}
	quiet := min(quietFirst+time.Duration(len(g.paths)-1)*quietPath, quietMost)
	due, most := g.last.Add(quiet), g.first.Add(gatherMost)
	if g.hold.After(due) {
		due = g.hold
	}
	if due.After(most) {
		return most
	}
	return due
}

// take empties g.
func (g *gather) take() taken {
	t := taken{paths: make([]string, 0, len(g.paths)), heard: g.paths, first: g.first}
	for path := range g.paths {
		t.paths = append(t.paths, path)
	}
	slices.Sort(t.paths)
	*g = gather{}
	return t
}

// taken are suspects that are being looked at.
type taken struct {
	paths []string
	heard map[string]time.Time
	first time.Time
}

// half reports whether a path may be half of a save: it had content, has none now, and was heard of just before now.
func (t taken) half(path string, before, after stamp, now time.Time) bool {
	lost := before.kind == file && before.size > 0 && (after.kind == absent || after.kind == file && after.size == 0)
	return lost && now.Before(t.heard[path].Add(holdHalf)) && now.Before(t.first.Add(gatherMost))
}

// putBack makes paths of t suspect again, as old as they were, until half a save has had its time.
func (g *gather) putBack(t taken, paths []string) {
	if len(g.paths) == 0 {
		*g = gather{paths: map[string]time.Time{}, first: t.first}
	}
	if t.first.Before(g.first) {
		g.first = t.first
	}
	for _, path := range paths {
		heard := t.heard[path]
		if newer, ok := g.paths[path]; !ok || newer.Before(heard) {
			g.paths[path] = heard
		}
		if until := heard.Add(holdHalf); until.After(g.hold) {
			g.hold = until
		}
		if heard.After(g.last) {
			g.last = heard
		}
	}
}
