package live

import (
	"context"
	"sync"
	"time"

	"devenv/devenv/watch"
)

// overlap is how long two watchers look side by side when one takes over from the other: what the old one has seen
// before the new one was armed comes within its longest delay, a quarter of a second. A change that both see is done
// twice, which costs a reload; one that none sees would be lost.
const overlap = time.Second

// eyes are the watcher of a session, and for a moment those before it.
//
// Goroutines: one for each former watcher, ended by overlap or the session's context; close waits for them.
type eyes struct {
	current eye
	settled <-chan struct{}  // the current one's; nil when it is known
	late    chan watch.Batch // of former watchers
	former  sync.WaitGroup
}

type eye struct {
	watcher *watch.Watcher
	options watch.Options
	stop    context.CancelFunc
}

func newEyes(first eye) *eyes {
	return &eyes{current: first, settled: first.watcher.Settled(), late: make(chan watch.Batch)}
}

// open makes a watcher and returns when it is armed. The only error is that of a context that ended.
func open(ctx context.Context, options watch.Options) (eye, error) {
	ctx, stop := context.WithCancel(ctx)
	made := eye{watch.New(options), options, stop}
	return made, made.watcher.Start(ctx)
}

// turn looks at what options say, if that is something else, and returns when it is armed.
func (e *eyes) turn(ctx context.Context, options watch.Options) {
	if options.Same(e.current.options) {
		return
	}
	next, err := open(ctx, options)
	if err != nil {
		next.close()
		return // the session ends
	}
	former := e.current
	e.current, e.settled = next, next.watcher.Settled()
	e.former.Go(func() { e.forward(ctx, former) })
}

// forward hands on what a former watcher has still to tell, and ends it.
func (e *eyes) forward(ctx context.Context, former eye) {
	defer former.close()
	over := time.After(overlap)
	for {
		select {
		case batch, open := <-former.watcher.Batches():
			if !open {
				return
			}
			select {
			case e.late <- batch:
			case <-ctx.Done():
			}
		case <-over:
			return
		}
	}
}

// close waits for the watchers, whose context has ended.
func (e *eyes) close() {
	e.current.close()
	e.former.Wait()
}

// close ends a watcher and waits for it.
func (e eye) close() {
	e.stop()
	for range e.watcher.Batches() { // until it has ended
	}
}
