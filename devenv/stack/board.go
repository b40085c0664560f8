package stack

import (
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/engine"
)

// replica is what a wait knows of one container.
type replica struct {
	id, name, service string
	state, health     string // in the engine's words
	exit              int    // of the last exit
	exits             int    // how often it exited while it was watched, and restarted before that
	healthcheck       bool
	restarts          bool // its restart policy brings it back
	oom               bool
	since             time.Time // running since, by this machine's clock; zero: long enough
}

// board is the state of a project's containers by ID: a listing, kept current by events. The loop that made it owns it.
type board map[string]*replica

func newBoard(containers []engine.Container) board {
	b := board{}
	for i := range containers {
		c := &containers[i]
		if c.Oneoff {
			continue
		}
		b[c.ID] = &replica{
			id: c.ID, name: c.Name, service: c.Service, state: c.State, health: c.Health, exit: c.ExitCode,
			healthcheck: c.Health != "",
		}
	}
	return b
}

// of are the containers of a service, by name.
func (b board) of(service string) []*replica {
	var own []*replica
	for _, r := range b {
		if r.service == service {
			own = append(own, r)
		}
	}
	slices.SortFunc(own, func(a, b *replica) int { return strings.Compare(a.name, b.name) })
	return own
}

// apply brings an event in, and returns the container it is about, or nil.
func (b board) apply(e engine.Event, now time.Time) *replica {
	r := b[e.ID]
	if r == nil {
		return nil
	}
	switch e.Action {
	case engine.ActionStart:
		r.state, r.health, r.since = engine.Running, "", now
		if r.healthcheck {
			r.health = engine.Starting
		}
	case engine.ActionDie:
		r.state, r.health, r.exit = engine.Exited, "", e.ExitCode
		r.exits++
	case engine.ActionOOM:
		r.oom = true
	case engine.ActionHealth:
		r.health, r.healthcheck = e.Health, true
	case engine.ActionDestroy:
		r.state = engine.Dead
	}
	return r
}

// learn brings in what only an inspection tells. The state is taken over only where the caller knows that no
// later event has been applied: after an exit, to see whether the restart policy takes hold.
func (r *replica) learn(d engine.Detail) {
	r.healthcheck, r.restarts = d.Healthcheck, d.Restarts
	r.oom = r.oom || d.OOMKilled
	r.exits = max(r.exits, d.RestartCount)
	if r.state == engine.Running && r.healthcheck && r.health == "" {
		r.health = engine.Starting
	}
}

// trouble is the reason why a container will not become what is waited for.
type trouble int

const (
	none trouble = iota
	exited
	looping    // its restart policy brings it back, and it exits again
	sick       // its healthcheck failed as often as it may
	unsupplied // health is waited for, and there is no healthcheck
	incomplete // a job did not end with 0
	overdue    // not healthy in time
	withdrawn  // it was removed meanwhile
	absent     // the service has no container
)

const (
	loopingFrom = 3                // exits after which a restart policy's efforts are called a loop
	steadyAfter = 10 * time.Second // the engine itself takes a restarted container for steady then
)

// met decides whether a dependency's condition holds: true, not yet, or never and why. A dependency without any
// container (a provider, a scale of 0) holds nobody up. Rules: Compose specification, depends_on; Compose's
// waitDependencies.
func met(condition string, replicas []*replica) (bool, *replica, trouble) {
	all := true
	for _, r := range replicas {
		var holds bool
		var why trouble
		switch condition {
		case types.ServiceConditionHealthy:
			holds, why = r.isHealthy()
		case types.ServiceConditionCompletedSuccessfully:
			holds, why = r.isCompleted()
		default:
			holds = true
		}
		if why != none {
			return false, r, why
		}
		all = all && holds
	}
	return all, nil, none
}

func (r *replica) isHealthy() (bool, trouble) {
	switch {
	case r.state == engine.Dead:
		return false, withdrawn
	case r.loops():
		return false, looping
	case r.state == engine.Exited:
		return false, exited
	case r.health == engine.Unhealthy:
		return false, sick
	case r.state == engine.Running && !r.healthcheck:
		return false, unsupplied
	}
	return r.health == engine.Healthy, none
}

// loops: it is down once more and has been brought back often enough.
func (r *replica) loops() bool {
	return r.restarts && r.exits >= loopingFrom && r.state != engine.Running
}

func (r *replica) isCompleted() (bool, trouble) {
	switch {
	case r.state == engine.Dead:
		return false, withdrawn
	case r.state == engine.Exited && r.exit != 0:
		return false, incomplete
	}
	return r.state == engine.Exited, none
}

// isUp decides whether a container is what `up` waits for: healthy; running for the settling time where it has no
// healthcheck; or ended with 0. again is when to look once more although nothing happens.
func (r *replica) isUp(now time.Time, settle time.Duration) (up bool, again time.Time, why trouble) {
	switch {
	case r.state == engine.Dead:
		return false, time.Time{}, withdrawn
	case r.loops():
		return false, time.Time{}, looping
	case r.state == engine.Exited && r.exit != 0:
		return false, time.Time{}, exited
	case r.state == engine.Exited:
		return true, time.Time{}, none
	case r.health == engine.Unhealthy:
		return false, time.Time{}, sick
	case r.state == engine.Running && !r.healthcheck:
		if r.restarts && r.exits > 0 {
			settle = max(settle, steadyAfter)
		}
		settled := r.since.Add(settle)
		return r.since.IsZero() || !now.Before(settled), settled, none
	}
	return r.state == engine.Running && r.health == engine.Healthy, time.Time{}, none
}
