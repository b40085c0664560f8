package stack

import (
	"context"
	"slices"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/compose/v5/pkg/api"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
)

// ConvergeOptions says how Converge acts.
type ConvergeOptions struct {
	RemoveOrphans bool          // remove containers of services that the project no longer has
	WaitTimeout   time.Duration // for a depends_on condition to hold; 0: as long as it takes
	Report        Report
}

// Converge makes the engine run p: it pulls missing images, creates networks, volumes and containers, replaces
// those that diverged and starts what does not run, each service when the conditions of its depends_on hold. It
// builds nothing. Failures are fault.Errors; after a cancelled context, Undo removes what is half made.
//
// Creation is Compose's. Its start is driven from here: one service at a time is given to the SDK, whose own wait
// for conditions would poll every 500 ms, even where nothing has changed.
func (s *Stack) Converge(ctx context.Context, eng *engine.Client, p *types.Project, opt ConvergeOptions) error {
	own, err := prepared(p, nil, false)
	if err != nil {
		return err
	}
	held, err := eng.Containers(ctx, own.Name)
	if err != nil {
		return err
	}
	if err := portConflicts(ctx, eng, own, held); err != nil {
		return err
	}
	bus := newBus(opt.Report)
	err = s.operateOn(ctx, bus, func(sdk api.Compose) error {
		return sdk.Create(ctx, own, createOptions(opt.RemoveOrphans))
	})
	if err != nil {
		return s.explainCreate(ctx, eng, own, bus, err)
	}
	return s.start(ctx, eng, own, bus, startOptions{timeout: opt.WaitTimeout})
}

// createOptions replace the containers whose configuration or image changed, and keep their anonymous volumes.
func createOptions(removeOrphans bool) api.CreateOptions {
	return api.CreateOptions{
		RemoveOrphans: removeOrphans, Recreate: api.RecreateDiverged, RecreateDependencies: api.RecreateDiverged, Inherit: true,
	}
}

// phase is how far the start of a service is.
type phase int

const (
	pending phase = iota
	starting
	started
)

// starter starts the services of one Converge. All its state belongs to the goroutine that calls run.
//
// Goroutines: one per service that is being started, by run, ended by the engine's answer or the context; run
// collects each before it returns. One in engine.Watch, ended by run's context.
type starter struct {
	stack   *Stack
	eng     *engine.Client
	project *types.Project
	bus     *bus
	board   board
	phases  map[string]phase
	options startOptions
	results chan startResult
	flying  int // starts whose result is not in
}

type startOptions struct {
	timeout  time.Duration // for a condition to hold; 0: as long as it takes
	onlyWait string        // a service that is not started: only its conditions are awaited
}

type startResult struct {
	service string
	details map[string]engine.Detail // by container ID
	err     error
}

// start starts what does not run, in the order of depends_on.
func (s *Stack) start(ctx context.Context, eng *engine.Client, p *types.Project, bus *bus, opt startOptions) error {
	st := &starter{stack: s, eng: eng, project: p, bus: bus, options: opt, results: make(chan startResult)}
	if err := st.look(ctx); err != nil || st.finished() {
		return err
	}
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	events, broken := eng.Watch(watching, p.Name)
	if err := st.look(ctx); err != nil { // again: the watch tells only what happens from now on
		return err
	}
	return st.run(ctx, events, broken)
}

// look lists the containers and takes the services that run already as started.
func (st *starter) look(ctx context.Context) error {
	containers, err := st.eng.Containers(ctx, st.project.Name)
	if err != nil {
		return err
	}
	st.board, st.phases = newBoard(containers), map[string]phase{}
	for _, name := range st.project.ServiceNames() {
		if name != st.options.onlyWait && !slices.ContainsFunc(st.board.of(name), (*replica).isDown) {
			st.phases[name] = started
		}
	}
	return nil
}

func (r *replica) isDown() bool { return r.state != engine.Running }

func (st *starter) finished() bool {
	for _, name := range st.project.ServiceNames() {
		if st.phases[name] != started {
			return false
		}
	}
	return true
}

func (st *starter) run(ctx context.Context, events <-chan engine.Event, broken <-chan error) error {
	starting, cancel := context.WithCancel(ctx)
	defer cancel()
	expired := after(st.options.timeout)
	var failure error
	fail := func(err error) {
		if failure == nil && err != nil {
			failure = err
			cancel()
		}
	}
	for {
		if failure == nil {
			fail(st.launch(starting))
		}
		if st.flying == 0 && (failure != nil || st.finished()) {
			return failure
		}
		done := ctx.Done()
		if failure != nil { // only results are of interest now
			done, events, broken, expired = nil, nil, nil, nil
		}
		select {
		case e, open := <-events:
			if !open {
				events = nil
				continue
			}
			observe(ctx, st.eng, st.board, e)
		case err, open := <-broken:
			if !open {
				broken = nil
			}
			fail(err)
		case result := <-st.results:
			fail(st.collect(starting, result))
		case <-expired:
			fail(st.expired(ctx))
		case <-done:
			fail(ctx.Err())
		}
	}
}

// after is a timer's channel, or one that never speaks for 0.
func after(d time.Duration) <-chan time.Time {
	if d <= 0 {
		return nil
	}
	return time.After(d)
}

// observe brings an event into the board. An exit is inspected, as only that tells of memory and restart policy.
func observe(ctx context.Context, eng *engine.Client, b board, e engine.Event) {
	r := b.apply(e, time.Now())
	if r == nil || e.Action != engine.ActionDie {
		return
	}
	if detail, found, err := eng.Inspect(ctx, r.id); err == nil && found {
		r.learn(detail)
		r.state, r.exit = detail.State, e.ExitCode
	}
}

// launch starts every pending service whose dependencies allow it.
func (st *starter) launch(ctx context.Context) error {
	for _, name := range st.project.ServiceNames() {
		if st.phases[name] != pending {
			continue
		}
		ready, err := st.ready(ctx, name)
		if err != nil {
			return err
		}
		switch {
		case ready && name == st.options.onlyWait:
			st.phases[name] = started
		case ready:
			st.fly(ctx, name)
		}
	}
	return nil
}

// ready decides whether all dependencies of a service hold.
func (st *starter) ready(ctx context.Context, service string) (bool, error) {
	all := true
	for _, name := range st.project.Services[service].GetDependencies() {
		dependency := st.project.Services[service].DependsOn[name]
		if st.phases[name] != started {
			all = false
			continue
		}
		holds, culprit, why := met(dependency.Condition, st.board.of(name))
		if why != none && !dependency.Required {
			st.bus.tell(Event{Kind: "Container", Name: culprit.name, Text: "Skipped: optional dependency", State: Warning})
			continue
		}
		if why != none {
			return false, diagnose(ctx, st.eng, culprit, why)
		}
		all = all && holds
	}
	return all, nil
}

// fly starts a service in its own goroutine.
func (st *starter) fly(ctx context.Context, service string) {
	st.phases[service] = starting
	st.flying++
	replicas := st.board.of(service)
	ids := make([]string, len(replicas))
	for i, r := range replicas {
		ids[i] = r.id
		if r.isDown() { // an earlier exit is not the answer to this start
			r.state, r.health, r.exit = engine.Created, "", 0
		}
	}
	go func() {
		result := startResult{service: service, details: map[string]engine.Detail{}}
		result.err = st.stack.startService(ctx, st.project, service, st.bus)
		for _, id := range ids {
			if detail, found, err := st.eng.Inspect(ctx, id); err == nil && found {
				result.details[id] = detail
			}
		}
		st.results <- result
	}()
}

// startService gives the SDK a project of one service that waits for nothing.
func (s *Stack) startService(ctx context.Context, p *types.Project, name string, bus *bus) error {
	alone := *p
	service := p.Services[name]
	service.DependsOn = nil
	alone.Services = types.Services{name: service}
	return s.operateOn(ctx, bus, func(sdk api.Compose) error {
		return sdk.Start(ctx, p.Name, api.StartOptions{Project: &alone})
	})
}

// collect takes in the result of one start.
func (st *starter) collect(ctx context.Context, result startResult) error {
	st.flying--
	if result.err != nil {
		return explainStart(ctx, st.eng, st.project, result.service, result.err)
	}
	for id, detail := range result.details {
		st.board[id].learn(detail)
	}
	st.phases[result.service] = started
	return nil
}

// expired says which dependency took too long.
func (st *starter) expired(ctx context.Context) error {
	timeout := st.options.timeout
	for _, name := range st.project.ServiceNames() {
		if st.phases[name] != pending {
			continue
		}
		for _, dependency := range st.project.Services[name].GetDependencies() {
			for _, r := range st.board.of(dependency) {
				holds, _, _ := met(st.project.Services[name].DependsOn[dependency].Condition, []*replica{r})
				if !holds {
					return tooLate(ctx, st.eng, r, timeout)
				}
			}
		}
	}
	return fault.New(fault.Unhealthy, "%s: not started after %s", st.project.Name, timeout)
}
