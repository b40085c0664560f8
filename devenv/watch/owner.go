package watch

import (
	"context"
	"errors"
	"hash/maphash"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// How often what no event tells is looked at.
const (
	checkEvery = 2 * time.Second  // roots replaced, folders that appeared, a sleep
	auditEvery = time.Minute      // everything, in case that an event was lost without a word
	proveEvery = 30 * time.Second // that events arrive
	proveWait  = 2 * time.Second  // for the event of a proof
	pollEvery  = time.Second      // everything, when there are no events
	// A rescan waits this long for the burst that made it necessary to end.
	rescanAfter = 50 * time.Millisecond
	// Looking at everything may take this part of the time at most.
	pollShare = 10
	// primeBytes is how much content is read after the start, so that the first save without an edit is told too.
	primeBytes, primeAtOnce = 256 << 20, 128
)

// routine is the reason of a rescan that nothing has called for.
const routine = "routine"

// owner has the state of a Watcher; all of it belongs to one goroutine.
type owner struct {
	*Watcher

	disk     disk
	inbox    *inbox
	jobs     chan job
	findings chan finding

	snapshot *snapshot
	rooted   map[string]stamp  // the roots that exist, and which folders they are
	aliases  map[string]string // what single files lead to that are links, and their names
	gather   gather
	busy     bool      // a job is under way
	looking  taken     // the suspects of the job
	listing  bool      // the job lists everything
	started  time.Time // the job
	took     time.Duration
	folders  []string // among the suspects, to be listed next
	unprimed []string // folders whose files have not been read
	primed   int64    // bytes
	priming  bool
	rested   bool  // all of them have been read
	out      Batch // decided and not yet received

	rescan     string // why everything is to be looked at, or ""
	rescanAt   time.Time
	clock      clock
	next       schedule
	proof      proof
	unreadable map[string]error
	openErr    error
}

// schedule is when what is done every so often is due again.
type schedule struct{ check, audit, prove time.Time }

func newOwner(w *Watcher) *owner {
	o := &owner{
		Watcher: w, snapshot: newSnapshot(), rooted: map[string]stamp{}, aliases: map[string]string{}, unreadable: map[string]error{},
		inbox: &inbox{ready: make(chan struct{}, 1)}, jobs: make(chan job), findings: make(chan finding),
	}
	o.disk = disk{tree: w.options.Tree, roots: w.options.Tree.Roots(), named: map[string]bool{}, now: w.now, seed: maphash.MakeSeed()}
	for _, path := range w.options.Files {
		o.disk.named[path] = true
	}
	return o
}

// run is the owner's goroutine. Its end is in this order: no more jobs, the last one is awaited, no more events, the
// drain goroutine is awaited, then everyone is told.
func (o *owner) run(ctx context.Context, armed chan<- struct{}) {
	defer close(o.batches)
	drained := o.openEvents()
	go o.disk.work(o.jobs, o.findings)
	o.arm()
	close(armed)
	o.loop(ctx)
	close(o.jobs)
	for range o.findings { // awaits the end of the job
	}
	if n := o.disk.watches.notifier; n != nil {
		_ = n.Close() // its watches end with it; nothing is left to do about an error
		<-drained
	}
}

// openEvents asks the system for events, unless only polling is wanted.
func (o *owner) openEvents() <-chan struct{} {
	drained := make(chan struct{})
	o.disk.watches = newWatches(nil)
	if o.options.Poll > 0 {
		return drained
	}
	n, err := o.open()
	if err != nil {
		o.openErr = err
		return drained
	}
	o.disk.watches = newWatches(n)
	go func() {
		defer close(drained)
		o.inbox.drain(n)
	}()
	return drained
}

// arm watches everything and remembers what is there.
func (o *owner) arm() {
	now := time.Now()
	o.anchor()
	o.start(job{look: slices.Sorted(maps.Keys(o.disk.named)), sums: true, list: o.existingRoots(), names: true})
	found := <-o.findings
	o.finish(now)
	for i, path := range slices.Sorted(maps.Keys(o.disk.named)) {
		o.snapshot.set(path, found.looked[i])
	}
	for _, l := range found.listings {
		o.adopt(l)
	}
	o.unprimed = slices.Sorted(maps.Keys(o.snapshot.folders))
	o.clock = readClock()
	o.next = schedule{check: now.Add(checkEvery), audit: now.Add(o.auditEvery())}
	o.prove(now)
	o.publish()
}

func (o *owner) adopt(l listing) {
	if l.err != nil {
		o.unread(l)
		return
	}
	o.snapshot.adopt(l.folder, l.entries)
}

func (o *owner) existingRoots() []string {
	var roots []string
	for _, root := range o.disk.roots {
		if info, err := os.Stat(root); err == nil && info.IsDir() {
			o.rooted[root] = newStamp(info, time.Now())
			roots = append(roots, root)
		}
	}
	return roots
}

func (o *owner) loop(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var deliver chan<- Batch
		if len(o.out.Changes) > 0 {
			deliver = o.batches
		}
		select {
		case <-ctx.Done():
			return
		case <-o.inbox.ready:
			o.hear(time.Now())
		case found := <-o.findings:
			o.absorb(found, time.Now())
		case deliver <- o.out:
			o.out = Batch{}
		case <-timer.C:
		}
		o.tick(time.Now())
		o.work(time.Now())
		o.publish()
		timer.Reset(time.Until(o.wake()))
	}
}

// hear takes in what the system reported.
func (o *owner) hear(now time.Time) {
	events, errs := o.inbox.take()
	for _, e := range events {
		o.heard(e, now)
	}
	for _, err := range errs {
		if errors.Is(err, errOverflow) {
			o.lookAtAll("queue overflow", now)
		} else {
			o.lookAtAll(err.Error(), now)
		}
	}
}

// heard decides whether an event is of interest. The rules come first: what is ignored delays nothing.
func (o *owner) heard(e event, now time.Time) {
	path := filepath.Clean(e.path)
	if o.proof.heard(path, now) || e.path == "" {
		return
	}
	if o.disk.named[path] || slices.Contains(o.disk.roots, path) {
		o.gather.add(path, now)
	}
	if name, ok := o.aliases[path]; ok {
		o.gather.add(name, now)
	}
	if o.leadsToNamed(path) {
		o.next.check = now // something above a root has come or gone
	}
	was := o.snapshot.get(path)
	if e.gone { // also if it is not known to be a folder: the job that found it may be under way
		o.disk.watches.forget(path)
	}
	if isDir := was.kind == folder || was.kind == absent && isFolder(path); !o.disk.ignored(path, isDir) {
		o.gather.add(path, now)
	}
}

func isFolder(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir()
}

// lookAtAll makes everything suspect, because events do not suffice.
func (o *owner) lookAtAll(why string, now time.Time) {
	if o.rescan == "" {
		o.rescanAt = now.Add(rescanAfter)
	}
	o.rescan = why
}

// work gives the disk its next job, if it has none.
func (o *owner) work(now time.Time) {
	if o.busy {
		return
	}
	switch due := o.gather.due(); {
	case o.rescan != "" && !now.Before(o.rescanAt):
		o.countRescan()
		o.rescan, o.listing = "", true
		for path := range o.disk.named {
			o.gather.add(path, now)
		}
		o.start(job{list: o.existingRoots()})
	case !due.IsZero() && !now.Before(due):
		o.looking = o.gather.take()
		o.start(job{look: o.looking.paths, sums: true})
	case due.IsZero() && len(o.unprimed) > 0 && len(o.out.Changes) == 0:
		o.prime()
	}
}

// countRescan counts what is not routine.
func (o *owner) countRescan() {
	if o.rescan == routine {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.status.Rescans++
	o.status.LastRescan = o.rescan
}

// start and finish are the begin and the end of a job.
func (o *owner) start(j job) {
	o.busy, o.started = true, time.Now()
	o.jobs <- j
}

func (o *owner) finish(now time.Time) {
	if o.busy = false; o.listing {
		o.took = now.Sub(o.started)
	}
	o.listing = false
}

// wake is when the owner has something to do even if nothing happens.
func (o *owner) wake() time.Time {
	next := o.next.check
	consider := func(at time.Time) {
		if !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	consider(o.next.audit)
	consider(o.proof.deadline())
	if !o.busy {
		consider(o.gather.due())
		if o.rescan != "" {
			consider(o.rescanAt)
		}
	}
	return next
}
