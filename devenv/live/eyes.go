package live

import (
	"context"
	"time"

	"devenv/devenv/watch"
)

// overlap is how long two watchers look side by side when one takes over from the other: what the old one has seen
// before the new one was armed comes within its longest delay, a quarter of a second. A change that both see is done
// twice, which costs a reload; one that none sees would be lost.
const overlap = time.Second

// eyes are the watcher of a session, and for a moment the one before it.
type eyes struct {
	current, former eye
	over            <-chan time.Time // when the former one has nothing more to tell
}

type eye struct {
	watcher *watch.Watcher
	options watch.Options
	stop    context.CancelFunc
}

// open makes a watcher and returns when it is armed. The only error is that of a context that ended.
func open(ctx context.Context, options watch.Options) (eye, error) {
	ctx, stop := context.WithCancel(ctx)
	made := eye{watch.New(options), options, stop}
	return made, made.watcher.Start(ctx)
}

// turn looks at what options say, if that is something else, and returns when it is armed. It reports whether it did.
func (e *eyes) turn(ctx context.Context, options watch.Options) bool {
	if options.Same(e.current.options) {
		return false
	}
	next, err := open(ctx, options)
	if err != nil {
		next.close()
		return false // the session ends
	}
	e.closeFormer()
	e.former, e.current, e.over = e.current, next, time.After(overlap)
	return true
}

// formerBatches are those of the former watcher; nil, which never delivers, where there is none.
func (e *eyes) formerBatches() <-chan watch.Batch {
	if e.former.watcher == nil {
		return nil
	}
	return e.former.watcher.Batches()
}

func (e *eyes) closeFormer() {
	if e.former.watcher != nil {
		e.former.close()
	}
	e.former, e.over = eye{}, nil
}

// close ends the watchers and waits for them.
func (e *eyes) close() {
	e.closeFormer()
	e.current.close()
}

func (e *eye) close() {
	e.stop()
	for range e.watcher.Batches() { // until it has ended
	}
}
