package watch

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"devenv/devenv/fault"
)

// tick does what is due by the clock.
func (o *owner) tick(now time.Time) {
	if !now.Before(o.next.check) {
		o.check(now)
	}
	o.checkProof(now)
	if !now.Before(o.next.audit) && o.rescan == "" && !o.busy {
		o.next.audit = now.Add(o.auditEvery())
		o.rescan, o.rescanAt = routine, now
	}
	if latest := now.Add(o.auditEvery()); o.next.audit.After(latest) {
		o.next.audit = latest // events have just failed
	}
}

// auditEvery is how long until everything is looked at again: soon when there are no events, and never so often that
// looking is most of what is done.
func (o *owner) auditEvery() time.Duration {
	every := auditEvery
	if polling := o.polling(); polling > 0 {
		every = polling
	}
	return max(every, pollShare*o.took)
}

// polling is how often everything is looked at for want of events, or zero.
func (o *owner) polling() time.Duration {
	switch _, full := o.disk.watches.count(); {
	case o.options.Poll > 0:
		return o.options.Poll
	case o.openErr != nil, full != nil, o.proof.failed:
		return pollEvery
	}
	return 0
}

// check looks for what events cannot tell: that the machine slept, and that roots or folders above them were replaced.
func (o *owner) check(now time.Time) {
	o.next.check = now.Add(checkEvery)
	then := o.clock
	o.clock = readClock()
	if then.slept(o.clock) {
		o.lookAtAll("resume", now)
	}
	o.anchor()
	for _, root := range o.disk.roots {
		info, err := os.Stat(root)
		was, known := o.rooted[root]
		if exists := err == nil && info.IsDir(); exists != known || exists && !was.same(newStamp(info, now)) {
			o.suspectRoot(root, info, now)
		}
	}
}

// suspectRoot takes in that a root has come, gone or been replaced.
func (o *owner) suspectRoot(root string, info fs.FileInfo, now time.Time) {
	o.disk.watches.forget(root)
	delete(o.rooted, root)
	if info != nil && info.IsDir() {
		o.rooted[root] = newStamp(info, now)
	}
	o.gather.add(root, now)
	for path := range o.disk.named { // they may have come and gone with it
		if within(root, path) {
			o.gather.add(path, now)
		}
	}
}

// anchor watches, for each root and single file, the nearest folder above it that exists, and for a file that is a link
// the folder of what it leads to.
func (o *owner) anchor() {
	clear(o.aliases)
	for _, path := range o.options.Files {
		if target, err := filepath.EvalSymlinks(path); err == nil && target != path {
			o.aliases[target] = path
		}
	}
	for _, path := range slices.Concat(o.disk.roots, o.options.Files, slices.Sorted(maps.Keys(o.aliases))) {
		folder := existing(filepath.Dir(path))
		if o.disk.watches.holds(folder) {
			continue
		}
		if o.disk.watches.add(folder) == nil && folder != filepath.Dir(path) && existing(filepath.Dir(path)) != folder {
			o.next.check = time.Now() // it grew meanwhile
		}
		if !o.next.check.IsZero() && o.disk.named[path] {
			o.gather.add(path, time.Now()) // it may have come before the watch did
		}
	}
}

func existing(folder string) string {
	for folder != filepath.Dir(folder) {
		if info, err := os.Stat(folder); err == nil && info.IsDir() {
			return folder
		}
		folder = filepath.Dir(folder)
	}
	return folder
}

// leadsToNamed reports whether a path is a folder above a root or a single file.
func (o *owner) leadsToNamed(path string) bool {
	above := func(p string) bool { return within(path, p) }
	return slices.ContainsFunc(o.disk.roots, above) || slices.ContainsFunc(o.options.Files, above)
}

// clock is a moment by two clocks: one that the user and the network set, and one that stands still while the machine
// sleeps.
type clock struct {
	wall time.Time
	mono time.Time
}

func readClock() clock {
	now := time.Now()
	return clock{wall: now.Round(0), mono: now}
}

// slept reports whether the machine slept between two moments, or this process was stopped: the wall clock went ahead
// of the other, or far more time passed than between two checks. A clock that was set forward looks the same and
// costs one look at everything.
func (c clock) slept(later clock) bool {
	wall, mono := later.wall.Sub(c.wall), later.mono.Sub(c.mono)
	return wall-mono > checkEvery || mono > 5*checkEvery
}

// proof is the experiment that shows whether events arrive: a file of devenv's own is touched, and an event must follow.
type proof struct {
	path   string
	asked  time.Time // zero when no answer is awaited
	proven time.Time
	failed bool
}

func (p *proof) heard(path string, now time.Time) bool {
	if p.path == "" || path != p.path {
		return false
	}
	p.asked, p.proven, p.failed = time.Time{}, now, false
	return true
}

func (p *proof) deadline() time.Time {
	if p.asked.IsZero() {
		return time.Time{}
	}
	return p.asked.Add(proveWait)
}

// prove touches the file. Without a folder to do it in, nothing is proven and nothing refuted.
func (o *owner) prove(now time.Time) {
	o.next.prove = now.Add(proveEvery)
	if o.options.State == "" || o.disk.watches.notifier == nil {
		return
	}
	o.proof.path = filepath.Join(o.options.State, "watch.pulse")
	if o.disk.watches.add(o.options.State) == nil && touch(o.proof.path, now) == nil && o.proof.asked.IsZero() {
		o.proof.asked = now
	}
}

// touch sets the times of a file and writes no data: an idle laptop's disk may sleep.
func touch(path string, now time.Time) error {
	err := os.Chtimes(path, now, now)
	if errors.Is(err, fs.ErrNotExist) {
		return os.WriteFile(path, nil, 0o600)
	}
	return err
}

func (o *owner) checkProof(now time.Time) {
	if deadline := o.proof.deadline(); !deadline.IsZero() && !now.Before(deadline) {
		o.proof.failed, o.proof.asked = true, time.Time{}
		o.disk.watches.forget(o.options.State)
		o.next.audit = now
	}
	if !now.Before(o.next.prove) {
		o.prove(now)
	}
}

// publish makes the state readable for Status.
func (o *owner) publish() {
	if !o.rested && len(o.unprimed) == 0 && !o.priming {
		o.rested = true
		close(o.settled)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	s := &o.status
	s.Watches, _ = o.disk.watches.count()
	s.Polling, s.Reason, s.Proven = o.polling(), o.reason(), o.proof.proven
	s.Armed = true
	s.Folders, s.Files, s.Hashed = len(o.snapshot.folders), o.snapshot.files, o.snapshot.hashed
	s.Unreadable = slices.Sorted(maps.Keys(o.unreadable))
	s.Missing = nil
	for _, root := range o.disk.roots {
		if _, exists := o.rooted[root]; !exists {
			s.Missing = append(s.Missing, root)
		}
	}
	for _, path := range o.options.Files {
		if o.snapshot.get(path).kind == absent {
			s.Missing = append(s.Missing, path)
		}
	}
}

// reason is why polling is needed.
func (o *owner) reason() error {
	_, full := o.disk.watches.count()
	switch {
	case o.options.Poll > 0:
		return nil
	case full != nil:
		return limitFault(full, len(o.snapshot.folders))
	case isLimit(o.openErr):
		return limitFault(o.openErr, len(o.snapshot.folders))
	case o.openErr != nil:
		return fault.New(fault.Failed, "file watching: %s reports no file events: %w", runtime.GOOS, o.openErr)
	case o.proof.failed:
		return fault.New(fault.Failed, "file watching: no event arrived for a change in %s", o.options.State).
			WithHint("its file system does not report changes; --poll looks at the files every so often from the start")
	}
	return nil
}
