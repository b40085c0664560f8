// Package hook is what a project or a profile wants to have run around `up` and `down`: migrations before a service starts,
// test data after it is healthy, a dump before it goes. It holds what may be written of a hook and the decision which of
// them are due; it runs nothing.
package hook

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Phase is when a hook runs.
type Phase string

// The phases, in their order.
const (
	// BeforeUp is before the containers are touched. In a service the hook has a one-off container, made as the service's
	// next one will be, after the conditions of the service's depends_on hold; what ran before runs on meanwhile.
	BeforeUp Phase = "before_up"
	// AfterHealthy is when every service is up. In a service the hook runs in its running container.
	AfterHealthy Phase = "after_healthy"
	// BeforeDown is before `down` stops anything. In a service the hook runs in its running container.
	BeforeDown Phase = "before_down"
)

// Set is what `hooks` may say, in a profile and in the x-devenv of a compose file.
type Set struct {
	BeforeUp     []Hook `yaml:"before_up" doc:"before the containers are touched; in a service: in a container of its own, when what the service depends on is up"`
	AfterHealthy []Hook `yaml:"after_healthy" doc:"when every service is up; in a service: in its running container"`
	BeforeDown   []Hook `yaml:"before_down" doc:"before anything is stopped; in a service: in its running container"`
}

// Of are the hooks of a phase; nil where nothing is said of it, which is not the same as an empty list.
func (s Set) Of(phase Phase) []Hook {
	switch phase {
	case BeforeUp:
		return s.BeforeUp
	case AfterHealthy:
		return s.AfterHealthy
	case BeforeDown:
		return s.BeforeDown
	}
	return nil
}

// Phases are all phases, in their order.
func Phases() []Phase { return []Phase{BeforeUp, AfterHealthy, BeforeDown} }

// Hook is one command.
type Hook struct {
	Name    string `yaml:"name" json:"name" doc:"what messages call it; else the command"`
	Run     Run    `yaml:"run" json:"run" doc:"words, or one string for sh -c"`
	Service string `yaml:"service" json:"service,omitempty" doc:"the service it runs in; without one it runs on this machine, in the project's folder"`
	Timeout Limit  `yaml:"timeout" json:"-" doc:"how long it may take, 90s or 5m; 10m if nothing is said"`

	Phase Phase  `yaml:"-" json:"phase"`
	Place string `yaml:"-" json:"place"` // file:line:column, as messages show it
}

// defaultLimit is long for a migration and short for a command that waits for somebody.
const defaultLimit = 10 * time.Minute

// Limit is how long the hook may take.
func (h Hook) Limit() time.Duration {
	if h.Timeout == 0 {
		return defaultLimit
	}
	return time.Duration(h.Timeout)
}

// Label is what messages call the hook: its name, else the beginning of its command.
func (h Hook) Label() string {
	const longest = 32
	if h.Name != "" {
		return h.Name
	}
	text, _, more := strings.Cut(h.Run.String(), "\n")
	if letters := []rune(text); len(letters) > longest {
		return string(letters[:longest-3]) + "..."
	} else if more {
		return text + " ..."
	}
	return text
}

// Where is the service, or this machine.
func (h Hook) Where() string {
	if h.Service == "" {
		return "on this machine"
	}
	return "in " + h.Service
}

// Key is the same for the same command in the same place, and for no other.
func (h Hook) Key() string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{string(h.Phase), h.Service}, h.Run...), "\x00")))
	return hex.EncodeToString(sum[:8])
}

// View is what the decision depends on.
type View struct {
	Services []string          // that `up` is for, sorted
	Changes  map[string]string // by service: what `up` has to do with its containers; a service that runs unchanged is not in it
	Done     []string          // keys of hooks that have run since the project was down
}

// Decision is a hook, whether it is due, and the cause.
type Decision struct {
	Hook
	Due   bool
	Cause string
}

// Decide says which hooks are due. A hook in a service goes with its containers: where they run unchanged, it has run. One
// on this machine goes with those of all services. What has not run to its end, or is new, is due in any case.
func Decide(hooks []Hook, seen View) []Decision {
	decisions := make([]Decision, 0, len(hooks))
	for _, h := range hooks {
		decisions = append(decisions, decide(h, seen))
	}
	return decisions
}

func decide(h Hook, seen View) Decision {
	services, unchanged := []string{h.Service}, h.Service+" runs unchanged"
	if h.Service == "" {
		services, unchanged = seen.Services, "every service runs unchanged"
	}
	for _, service := range services {
		if change, has := seen.Changes[service]; has {
			return Decision{h, true, service + " " + change}
		}
	}
	if !slices.Contains(seen.Done, h.Key()) {
		return Decision{h, true, "it has not run to its end yet"}
	}
	return Decision{h, false, unchanged}
}
