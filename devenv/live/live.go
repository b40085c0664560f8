// Package live is a running `up`: it watches a project's files, has package reload decide what a change means, and has
// what was decided done, one batch after the other. It is asked through a control socket: what happened to a file, and
// whether the watch is alive.
package live

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"devenv/devenv/reload"
	"devenv/devenv/watch"
)

// Doer does what was decided; it decides nothing. What it does may change what follows: View is asked for every batch,
// Watch when the Doer calls Session.Look. Its methods are safe for concurrent use.
type Doer interface {
	View() reload.View
	Watch() watch.Options
	Do(ctx context.Context, action reload.Action) (note string, err error)
	// Taken says that everything that changed before a time has been done.
	Taken(until time.Time)
}

// Unneeded is what a Doer returns for an action that turned out to have nothing to do, and why. That is no failure.
type Unneeded string

func (u Unneeded) Error() string { return string(u) }

// Outcome is one action that was done, for the log.
type Outcome struct {
	Action reload.Action
	Note   string        // what the doer says of it, such as the parts of its time
	Err    error         // nil, an Unneeded or what failed
	Event  time.Duration // from the first sign of the change to a complete batch
	Queue  time.Duration // from there to the begin of the action: the decision, and actions before this one
	Took   time.Duration // from the first sign of the change to the end of the action
}

// Session is one running `up`.
//
// Goroutines: Run is the owner of queue, journal and watchers; it starts one that does the actions, one at a time, and
// ends when ctx does, after the action that is under way and the watchers. The control server has goroutines of its
// own, which end with ctx.
type Session struct {
	doer   Doer
	report func(Outcome)
	ask    chan question
	given  chan []reload.Action
	retry  chan struct{}
	looks  chan chan<- struct{}

	first   eye // from Start to Run
	mu      sync.Mutex
	watcher *watch.Watcher
}

// New makes a session; report is called from Run's goroutine.
func New(doer Doer, report func(Outcome)) *Session {
	return &Session{
		doer: doer, report: report,
		ask: make(chan question), given: make(chan []reload.Action), retry: make(chan struct{}), looks: make(chan chan<- struct{}),
	}
}

type question struct {
	path   string
	answer chan told
}

// told is what is known of a path.
type told struct {
	entries  []reload.Entry
	underWay bool // something is being done for it now
}

// Why is what happened to a path and what is in it, oldest first; "" is everything that is remembered.
// underWay says that something is being done for it at the moment.
func (s *Session) Why(ctx context.Context, path string) (entries []reload.Entry, underWay bool) {
	q := question{path, make(chan told, 1)}
	select {
	case s.ask <- q:
		answer := <-q.answer
		return answer.entries, answer.underWay
	case <-ctx.Done():
		return nil, false
	}
}

// Act has actions done that no file asks for.
func (s *Session) Act(ctx context.Context, actions ...reload.Action) {
	select {
	case s.given <- actions:
	case <-ctx.Done():
	}
}

// Retry has done again what failed, without waiting for the next change: what it failed for may be over.
func (s *Session) Retry(ctx context.Context) {
	select {
	case s.retry <- struct{}{}:
	case <-ctx.Done():
	}
}

// Look goes over to another watcher if Doer.Watch asks for something else now, and returns when that one is armed: what
// is started after it runs nothing that changes unseen.
func (s *Session) Look(ctx context.Context) {
	done := make(chan struct{})
	select {
	case s.looks <- done:
		<-done
	case <-ctx.Done():
	}
}

// Watching is how the watcher is.
func (s *Session) Watching() watch.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.watcher.Status()
}

// journalLength is how many entries `devenv why` can look back.
const journalLength = 4096

// Start arms the watcher: every change from its return on is seen. The only error is that of a context that ended. Run
// must follow, with the same ctx.
func (s *Session) Start(ctx context.Context) error {
	first, err := open(ctx, s.doer.Watch())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first, s.watcher = first, first.watcher
	return err
}

// Run does what changes ask for until ctx ends.
func (s *Session) Run(ctx context.Context) {
	r := &run{Session: s, journal: reload.NewJournal(journalLength), finished: make(chan []Outcome), eyes: newEyes(s.first)}
	for r.step(ctx) {
	}
	if r.running {
		<-r.finished
	}
	r.eyes.close()
}

// run is the state of Run; it belongs to its goroutine.
type run struct {
	*Session
	eyes     *eyes
	queue    reload.Queue
	journal  *reload.Journal
	finished chan []Outcome
	running  bool
	doing    []reload.Action // while running
	since    moment          // of the oldest change that waits
	newest   time.Time       // when the newest change was seen
}

// moment is when a change was first seen, and when its batch was complete.
type moment struct{ seen, complete time.Time }

func (r *run) step(ctx context.Context) bool {
	if next := r.queue.Next(); len(next) > 0 {
		r.running, r.doing = true, next
		go r.do(ctx, next, r.since)
		r.since = moment{}
	}
	select {
	case batch, open := <-r.eyes.current.watcher.Batches():
		r.take(batch)
		return open
	case batch := <-r.eyes.late:
		r.take(batch)
	case actions := <-r.given:
		r.add(moment{time.Now(), time.Now()}, actions)
	case <-r.retry:
		r.add(moment{time.Now(), time.Now()}, nil)
		r.queue.Retry()
	case outcomes := <-r.finished:
		r.running, r.doing = false, nil
		r.settle(outcomes)
	case <-r.eyes.settled:
		r.eyes.settled = nil
		rest()
	case done := <-r.looks:
		r.look(ctx)
		close(done)
	case q := <-r.ask:
		q.answer <- told{r.journal.About(q.path), r.doesFor(q.path)}
	}
	return true
}

func (r *run) doesFor(path string) bool {
	return slices.ContainsFunc(r.doing, func(action reload.Action) bool {
		return action.Verb != reload.Nothing && slices.ContainsFunc(action.Causes, func(cause reload.Cause) bool { return cause.Path == path })
	})
}

func (r *run) take(batch watch.Batch) {
	r.newest = batch.Seen
	r.add(moment{batch.Seen, batch.Decided}, reload.Decide(batch, r.doer.View()))
}

func (r *run) add(at moment, actions []reload.Action) {
	if r.since == (moment{}) {
		r.since = at
	}
	r.queue.Add(actions)
}

// look goes over to another watcher where something else is to be watched now.
func (r *run) look(ctx context.Context) {
	r.eyes.turn(ctx, r.doer.Watch())
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watcher = r.eyes.current.watcher
}

// do does actions in order. The rest of a batch is done also where one of it fails.
func (r *run) do(ctx context.Context, actions []reload.Action, since moment) {
	var outcomes []Outcome
	for _, action := range actions {
		outcome := Outcome{Action: action, Event: since.complete.Sub(since.seen), Queue: time.Since(since.complete)}
		if action.Verb != reload.Nothing {
			outcome.Note, outcome.Err = r.doer.Do(ctx, action)
			outcome.Took = time.Since(since.seen)
		}
		outcomes = append(outcomes, outcome)
	}
	r.finished <- outcomes
}

// settle notes and reports what was done; what failed is to be tried again.
func (r *run) settle(outcomes []Outcome) {
	var failed []reload.Action
	for _, outcome := range outcomes {
		r.journal.Record(time.Now(), outcome.Action, outcome.Err, outcome.Took)
		r.report(outcome)
		if unneeded := new(Unneeded); outcome.Err != nil && !errors.As(outcome.Err, unneeded) {
			failed = append(failed, outcome.Action)
		}
	}
	r.queue.Done(failed)
	if r.queue.Empty() && !r.newest.IsZero() {
		r.doer.Taken(r.newest)
	}
}
