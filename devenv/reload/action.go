// Package reload decides what a change of files means for the services that run: a pure function from a batch and the
// facts of the project to actions with their causes. It executes nothing; package live does what is decided, and
// `devenv why` shows the decisions from the Journal.
package reload

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// Verb is what is to be done. The verbs are in the order in which they are done.
type Verb int

// The verbs. Each says what it makes unnecessary for the same service: only what it surely does itself. An image that
// turns out to be the same leaves the container as it is, so neither Converge nor Rebuild stands in for a Reload.
const (
	Converge  Verb = iota // load the project again and do what `up` does; no Rebuild and no Recreate of any service
	Adopt                 // load the project again: another devenv has changed its containers
	Rebuild               // build the image, and recreate the container if it is another one; no Recreate
	Recreate              // replace the container; no Restart and no Reload
	Sync                  // copy files into the container
	Provision             // `uv sync` in the container, then a fresh supervisor; no Reload
	Exec                  // run a command of develop.watch in the container, after the Sync
	Restart               // restart the container; no Reload
	Reload                // fork the processes again from the supervisor
	Nothing               // say why nothing is done
)

func (v Verb) String() string {
	return [...]string{"converge", "adopt", "rebuild", "recreate", "sync", "uv sync", "exec", "restart", "reload", "nothing"}[v]
}

// Cause is a path that changed and the rule by which that matters, or does not.
type Cause struct {
	Path string // absolute
	Rule string // in words, with file:line where it stands in a file
}

// Copy is a file to bring into a container, or to remove there.
type Copy struct {
	Host, Container string
	Deleted         bool
}

// Action is one thing to do for one service; for Converge and Nothing the service is "".
type Action struct {
	Verb    Verb
	Service string
	Causes  []Cause // its own first, then those of actions that it stands in for
	Copies  []Copy  // of Sync, sorted by their place in the container
	// Command is the command of Exec.
	Command *types.ServiceHook
}

// String is the action in one line with the first of its causes.
func (a Action) String() string {
	text := a.Verb.String()
	if a.Service != "" {
		text += " " + a.Service
	}
	if a.Command != nil {
		text += fmt.Sprintf(" %q", []string(a.Command.Command))
	}
	if len(a.Causes) == 0 {
		return text
	}
	text += ": " + a.Causes[0].Path
	if more := len(a.Causes) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text + " (" + a.Causes[0].Rule + ")"
}

// key is what two actions have in common that are done as one.
type key struct {
	verb             Verb
	service, command string
}

func (a Action) key() key {
	k := key{verb: a.Verb, service: a.Service}
	switch {
	case a.Command != nil:
		k.command = fmt.Sprint(a.Command.Command, a.Command.User, a.Command.WorkingDir)
	case a.Verb == Nothing && len(a.Causes) > 0:
		k.command = a.Causes[0].Rule // what is left alone for different reasons is said apart
	}
	return k
}

// Merge makes one list of actions, in the order in which they are to be done, without what another one makes
// unnecessary. Causes of an action that is left out are further causes of the one that stands in for it. Of two copies
// to one place the later counts.
func Merge(actions ...Action) []Action {
	all := distinct(actions)
	var kept, folded []Action
	for _, action := range all {
		if other := instead(action, all); other != nil {
			folded = append(folded, Action{Verb: other.Verb, Service: other.Service, Causes: action.Causes})
		} else {
			kept = append(kept, action)
		}
	}
	kept = distinct(append(kept, folded...))
	slices.SortFunc(kept, func(a, b Action) int {
		return cmp.Or(cmp.Compare(a.Verb, b.Verb), strings.Compare(a.Service, b.Service), strings.Compare(a.key().command, b.key().command))
	})
	return kept
}

// distinct joins the actions that are one.
func distinct(actions []Action) []Action {
	var all []Action
	places := map[key]int{}
	known := map[key]map[Cause]bool{}
	for _, action := range actions {
		k := action.key()
		place, found := places[k]
		if !found {
			place, known[k] = len(all), map[Cause]bool{}
			places[k] = place
			all = append(all, Action{Verb: action.Verb, Service: action.Service, Command: action.Command})
		}
		for _, cause := range action.Causes {
			if !known[k][cause] {
				known[k][cause] = true
				all[place].Causes = append(all[place].Causes, cause)
			}
		}
		all[place].Copies = append(all[place].Copies, action.Copies...)
	}
	for i := range all {
		all[i].Copies = latest(all[i].Copies)
	}
	return all
}

// instead is the action of the list that stands in for another one and is not itself left out, or nil.
func instead(action Action, all []Action) *Action {
	for i, other := range all {
		if other.covers(action) && instead(other, all) == nil {
			return &all[i]
		}
	}
	return nil
}

func (a Action) covers(b Action) bool {
	switch {
	case a.Verb == Converge:
		return b.Verb == Adopt || b.Verb == Rebuild || b.Verb == Recreate
	case a.Service != b.Service:
		return false
	case a.Verb == Rebuild:
		return b.Verb == Recreate
	case a.Verb == Recreate:
		return b.Verb == Restart || b.Verb == Reload
	}
	return (a.Verb == Provision || a.Verb == Restart) && b.Verb == Reload
}

// latest is the last copy to each place, sorted by place.
func latest(copies []Copy) []Copy {
	if len(copies) == 0 {
		return nil
	}
	byPlace := map[string]Copy{}
	for _, c := range copies {
		byPlace[c.Container] = c
	}
	kept := make([]Copy, 0, len(byPlace))
	for _, place := range slices.Sorted(maps.Keys(byPlace)) {
		kept = append(kept, byPlace[place])
	}
	return kept
}
