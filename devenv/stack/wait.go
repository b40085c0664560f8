package stack

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/engine"
)

// WaitOptions says what WaitHealthy waits for.
type WaitOptions struct {
	Services []string      // none: all
	Timeout  time.Duration // 0: as long as it takes
	Settle   time.Duration // how long a service without a healthcheck must have run to count; 0: to run is enough
	Report   Report
}

// WaitHealthy waits until each service is up: healthy; running, where it has no healthcheck; or ended with 0, for a
// job. It returns at once where all are. A service that will not come up is a fault.Error of class Unhealthy that
// shows the end of its log or its healthcheck's last output; several that failed meanwhile are joined.
//
// It follows the engine's events. Goroutine: the one of engine.Watch, ended when WaitHealthy returns.
func (s *Stack) WaitHealthy(ctx context.Context, eng *engine.Client, p *types.Project, opt WaitOptions) error {
	w := &waiter{eng: eng, opt: opt, services: awaited(p, opt.Services), bus: newBus(opt.Report), told: map[string]bool{}}
	if err := w.look(ctx, p.Name); err != nil {
		return err
	}
	if up, _, err := w.judge(ctx); up || err != nil {
		return err
	}
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	events, broken := eng.Watch(watching, p.Name)
	if err := w.look(ctx, p.Name); err != nil { // again: the watch tells only what happens from now on
		return err
	}
	return w.run(ctx, events, broken)
}

// awaited are the services that are expected to have containers.
func awaited(p *types.Project, services []string) []string {
	var names []string
	for _, name := range p.ServiceNames() {
		service := p.Services[name]
		wanted := len(services) == 0 || slices.Contains(services, name)
		if wanted && service.Provider == nil && service.GetScale() > 0 {
			names = append(names, name)
		}
	}
	return names
}

type waiter struct {
	eng      *engine.Client
	opt      WaitOptions
	services []string
	bus      *bus
	board    board
	told     map[string]bool // containers that were reported as up, by ID
}

// look lists the containers, and inspects those of which a listing says too little.
func (w *waiter) look(ctx context.Context, project string) error {
	containers, err := w.eng.Containers(ctx, project)
	if err != nil {
		return err
	}
	w.board = newBoard(containers)
	for _, service := range w.services {
		for _, r := range w.board.of(service) {
			if err := w.inspect(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *waiter) inspect(ctx context.Context, r *replica) error {
	settled := r.state == engine.Running && (r.health == engine.Healthy || r.health == "" && w.opt.Settle == 0)
	if settled {
		return nil
	}
	detail, found, err := w.eng.Inspect(ctx, r.id)
	if err != nil || !found {
		return err
	}
	r.learn(detail)
	if r.state == engine.Running {
		r.since = notAfter(detail.StartedAt, time.Now())
	}
	return nil
}

// notAfter guards against an engine whose clock is ahead of this machine's.
func notAfter(t, limit time.Time) time.Time {
	if t.After(limit) {
		return limit
	}
	return t
}

func (w *waiter) run(ctx context.Context, events <-chan engine.Event, broken <-chan error) error {
	expired := after(w.opt.Timeout)
	for {
		up, again, err := w.judge(ctx)
		if up || err != nil {
			return err
		}
		var look <-chan time.Time
		if !again.IsZero() {
			look = time.After(time.Until(again))
		}
		select {
		case e, open := <-events:
			if !open {
				events = nil
				continue
			}
			observe(ctx, w.eng, w.board, e)
		case err, open := <-broken:
			if open && err != nil {
				return err
			}
			broken = nil
		case <-look:
		case <-expired:
			return w.late(ctx)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// judge decides whether all is up, when to look again although nothing happens, or what has failed.
func (w *waiter) judge(ctx context.Context) (up bool, again time.Time, err error) {
	up = true
	var failures []error
	now := time.Now()
	for _, service := range w.services {
		replicas := w.board.of(service)
		if len(replicas) == 0 {
			failures = append(failures, diagnose(ctx, w.eng, &replica{service: service, name: service}, absent))
		}
		for _, r := range replicas {
			ready, next, why := r.isUp(now, w.opt.Settle)
			switch {
			case why != none:
				failures = append(failures, diagnose(ctx, w.eng, r, why))
			case ready:
				w.tell(r)
			default:
				up, again = false, earlier(again, next)
			}
		}
	}
	return up && len(failures) == 0, again, errors.Join(failures...)
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// tell reports a container that is up, once.
func (w *waiter) tell(r *replica) {
	if w.told[r.id] {
		return
	}
	w.told[r.id] = true
	text := "Running"
	switch {
	case r.state == engine.Exited:
		text = "Completed"
	case r.health == engine.Healthy:
		text = "Healthy"
	}
	w.bus.tell(Event{Kind: "Container", Name: r.name, Text: text, State: Done})
}

// late says what is not up when the time is over.
func (w *waiter) late(ctx context.Context) error {
	var failures []error
	for _, service := range w.services {
		for _, r := range w.board.of(service) {
			if up, _, _ := r.isUp(time.Now(), w.opt.Settle); !up {
				failures = append(failures, tooLate(ctx, w.eng, r, w.opt.Timeout))
			}
		}
	}
	return errors.Join(failures...)
}
