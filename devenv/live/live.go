// Package live is a running `up`: it watches a project's files, has package reload decide what a change means, and has
// what was decided done, one batch after the other. It is asked through a control socket: what happened to a file, and
// whether the watch is alive.
package live

import (
	"context"
	"slices"
	"time"

	"devenv/devenv/reload"
	"devenv/devenv/watch"
)

// Doer does what was decided; it decides nothing. A converge may change the view of what follows.
type Doer interface {
	View() reload.View
	Do(ctx context.Context, action reload.Action) (note string, err error)
}

// Outcome is one action that was done, for the log.
type Outcome struct {
	Action reload.Action
	Note   string // what the doer says of it, such as the parts of its time
	Err    error
	Took   time.Duration // from the first sign of the change to the end of the action
}

// Session is one running `up`.
//
// Goroutines: Run is the owner of queue and journal; it starts one that does the actions, one at a time, and ends when
// ctx does or the watcher's channel closes, after the action that is under way. The watcher and the control server have
// goroutines of their own, which end with ctx.
type Session struct {
	watcher *watch.Watcher
	doer    Doer
	report  func(Outcome)
	ask     chan question
}

// New makes a session; report is called from Run's goroutine.
func New(watcher *watch.Watcher, doer Doer, report func(Outcome)) *Session {
	return &Session{watcher: watcher, doer: doer, report: report, ask: make(chan question)}
}

type question struct {
	path   string
	answer chan []reload.Entry
}

// Why is what happened to a path and what is in it, oldest first; "" is everything that is remembered.
func (s *Session) Why(ctx context.Context, path string) []reload.Entry {
	q := question{path, make(chan []reload.Entry, 1)}
	select {
	case s.ask <- q:
		return <-q.answer
	case <-ctx.Done():
		return nil
	}
}

// Watching is how the watcher is.
func (s *Session) Watching() watch.Status { return s.watcher.Status() }

// journalLength is how many entries `devenv why` can look back.
const journalLength = 4096

// Run watches until ctx ends. The watcher must have been started with the same ctx.
func (s *Session) Run(ctx context.Context) {
	var queue reload.Queue
	journal := reload.NewJournal(journalLength)
	finished := make(chan []Outcome)
	seen := time.Now()
	running := false
	for {
		if next := queue.Next(); len(next) > 0 {
			running = true
			go s.do(ctx, next, seen, finished)
		}
		select {
		case batch, open := <-s.watcher.Batches():
			if !open {
				if running {
					<-finished
				}
				return
			}
			seen = batch.Seen
			queue.Add(reload.Decide(batch, s.doer.View()))
		case outcomes := <-finished:
			running = false
			queue.Done(s.settle(journal, outcomes))
		case q := <-s.ask:
			q.answer <- journal.About(q.path)
		}
	}
}

// do does actions in order. The rest of a batch is done also where one of it fails.
func (s *Session) do(ctx context.Context, actions []reload.Action, seen time.Time, finished chan<- []Outcome) {
	var outcomes []Outcome
	for _, action := range actions {
		outcome := Outcome{Action: action}
		if action.Verb != reload.Nothing {
			outcome.Note, outcome.Err = s.doer.Do(ctx, action)
			outcome.Took = time.Since(seen)
		}
		outcomes = append(outcomes, outcome)
	}
	finished <- outcomes
}

// settle notes and reports what was done, and returns what is to be tried again.
func (s *Session) settle(journal *reload.Journal, outcomes []Outcome) []reload.Action {
	var failed []reload.Action
	for _, outcome := range outcomes {
		journal.Record(time.Now(), outcome.Action, outcome.Err, outcome.Took)
		s.report(outcome)
		if outcome.Err != nil {
			failed = append(failed, outcome.Action)
		}
	}
	return slices.Clip(failed)
}
