// Package watch turns what happens in a project's files into batches of changes that are true: filtered by package
// source, gathered for as short a time as can be, and compared with what was there before.
//
// No event is believed. An event only makes a path suspect; a suspect is looked at when its writer has come to rest,
// and what is reported is a content that differs from the one reported last. So a touch, a save without an edit or a
// file that came and went is nothing, and whatever events do not tell (a queue that overflowed, a laptop that slept, a
// folder that moved in with all its files) is found by making everything suspect, which costs a look at each file's
// size and times.
//
// A Watcher is never silently dead: it proves on a file of devenv's own that events arrive, and where they do not, or
// the system has no watches left, it looks at the files by itself every so often; Status says which and why.
package watch

import (
	"context"
	"slices"
	"sync"
	"time"

	"devenv/devenv/source"
)

// Options are what to watch. All paths are absolute and clean.
type Options struct {
	// Tree has the folders to watch and the rules for what in them matters.
	Tree *source.Tree
	// Files are single files to watch, whatever the rules say of them: compose files, env files, Dockerfiles. They
	// need not exist, nor the folders they are in.
	Files []string
	// State is a folder of devenv's own that exists. A file is touched there to see whether events arrive; "" leaves
	// that unproven.
	State string
	// Poll, if positive, looks at all files this often and asks for no events: for mounts that deliver none.
	Poll time.Duration
}

// Same reports whether two watchers would see the same: not the same trees, but trees with the same rules.
func (o Options) Same(other Options) bool {
	return o.Tree.Same(other.Tree) && slices.Equal(o.Files, other.Files) && o.State == other.State && o.Poll == other.Poll
}

// Kind is what became of a file.
type Kind int

// The kinds of change. A file that is replaced is Modified, one that is renamed is Deleted and Created.
const (
	Created Kind = iota
	Modified
	Deleted
)

func (k Kind) String() string { return [...]string{"created", "modified", "deleted"}[k] }

// Change is a file, or a symbolic link, whose content, target or executable bit is not what it was when it was last
// reported. Folders are not reported, only the files in them.
type Change struct {
	Path string // absolute
	Kind Kind

	before, after stamp
}

// Batch is changes to be handled together, sorted by path, each path once.
type Batch struct {
	Changes []Change
	Seen    time.Time // the first sign of it
	Decided time.Time // when it was complete
}

// Watcher watches until the context of Start ends.
//
// Its goroutines:
//
//  1. own, started by Start, has all state and is never blocked by the disk. It ends with the context, after 2, 3 and 4.
//  2. drain, started by Start, takes events from the system as fast as they come. It ends when the notifier is closed.
//  3. work, started by Start, reads the disk, one job of the owner at a time. It ends when the owner closes its jobs.
//  4. walkers, started by 3 for one job, read folders or files side by side. They end with the job.
type Watcher struct {
	options Options
	open    func() (notifier, error)
	now     func() time.Time // what file times are compared with
	batches chan Batch
	settled chan struct{}

	mu     sync.Mutex
	status Status
}

// New makes a Watcher. Start starts it.
func New(options Options) *Watcher {
	return &Watcher{options: options, open: openNotifier, now: time.Now, batches: make(chan Batch), settled: make(chan struct{})}
}

// Start starts the watcher and returns when it is armed: every change from then on will be in a batch. Where the
// system cannot help, that is by polling, and Status has the reason. The only error is that of a context that ended.
func (w *Watcher) Start(ctx context.Context) error {
	armed := make(chan struct{})
	go newOwner(w).run(ctx, armed)
	select {
	case <-armed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Batches delivers the changes. What happens while nobody receives is merged into one batch, in which a file that is
// back to what it was does not occur. The channel is closed when the watcher has ended, and none of its goroutines is left.
func (w *Watcher) Batches() <-chan Batch { return w.batches }

// Settled is closed when the background reading of contents after the start is over.
func (w *Watcher) Settled() <-chan struct{} { return w.settled }

// Status is how the watcher is.
type Status struct {
	// Armed says that changes will be noticed: by events, or, if Polling is positive, by looking this often.
	Armed   bool
	Polling time.Duration
	// Reason is why the watcher is not armed, or why it polls although it was not asked to, or nil. It is a
	// *fault.Error.
	Reason error

	Watches    int       // folders the system watches for us
	Folders    int       // folders known, not counting ignored ones
	Files      int       // files known
	Hashed     int       // of these, files whose content is known, so that a save without an edit is told from one with
	Missing    []string  // folders and files that were asked for and do not exist
	Unreadable []string  // folders that cannot be read
	Proven     time.Time // when an event was last seen to arrive, zero if never
	Rescans    int       // how often everything was looked at because events did not suffice
	LastRescan string    // why, the last time: "queue overflow", "resume", ...
}

// Status is how the watcher is at this moment.
func (w *Watcher) Status() Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	status := w.status
	status.Missing, status.Unreadable = slices.Clone(status.Missing), slices.Clone(status.Unreadable)
	return status
}
