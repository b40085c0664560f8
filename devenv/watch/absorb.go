package watch

import (
	"path/filepath"
	"slices"
	"time"
)

// absorb compares what was found with what was known, and decides what has changed.
func (o *owner) absorb(found finding, now time.Time) {
	o.finish(now)
	if o.priming {
		o.primeWith(found)
		return
	}
	for _, l := range found.listings {
		o.compare(l, now)
	}
	looked := o.looking
	o.looking = taken{}
	if half := o.halves(looked, found.looked, now); len(half) > 0 {
		o.gather.putBack(looked, half)
		if len(looked.paths) <= atOnce { // what belongs together stays together
			o.gather.putBack(looked, looked.paths)
			return
		}
		looked.paths, found.looked = without(looked.paths, found.looked, half)
	}
	var changes []Change
	for i, path := range looked.paths {
		changes = append(changes, o.judge(path, found.looked[i], now)...)
	}
	o.decide(changes, looked.first, now)
}

// atOnce is to how many suspects a look costs so little that all of them are looked at again with one of them.
const atOnce = 64

func (o *owner) halves(looked taken, stamps []stamp, now time.Time) []string {
	var half []string
	for i, path := range looked.paths {
		if looked.half(path, o.snapshot.get(path), stamps[i], now) {
			half = append(half, path)
		}
	}
	return half
}

func without(paths []string, stamps []stamp, left []string) ([]string, []stamp) {
	var keptPaths []string
	var keptStamps []stamp
	for i, path := range paths {
		if _, found := slices.BinarySearch(left, path); !found {
			keptPaths, keptStamps = append(keptPaths, path), append(keptStamps, stamps[i])
		}
	}
	return keptPaths, keptStamps
}

// compare makes suspect what in a listed folder is not as it was. Folders that lie below are listed by the same job.
func (o *owner) compare(l listing, now time.Time) {
	if l.err != nil {
		o.unread(l)
		return
	}
	delete(o.unreadable, l.folder)
	differences := o.snapshot.differences(l.folder, l.entries)
	o.snapshot.learn(l.folder, l.entries)
	if !o.snapshot.known(l.folder) {
		o.snapshot.adopt(l.folder, newEntries(0))
	}
	for _, path := range differences {
		if listed := l.entries.get(filepath.Base(path)); listed.kind == folder && o.snapshot.get(path).kind == absent {
			o.snapshot.set(path, listed)
			continue
		}
		o.gather.add(path, now)
	}
}

// unread remembers a folder that cannot be read. What was known of it stays: it may be readable again soon.
func (o *owner) unread(l listing) {
	if isFolder(l.folder) {
		o.unreadable[l.folder] = l.err
	}
}

// judge says what became of one suspect, and remembers it as it is.
func (o *owner) judge(path string, now stamp, at time.Time) []Change {
	was := o.snapshot.get(path)
	isRoot := slices.Contains(o.disk.roots, path)
	if o.disk.ignored(path, now.kind == folder || now.kind == absent && was.kind == folder) {
		o.forget(path) // a rule has become stricter: nothing has happened to the file
		return nil
	}
	if dir := filepath.Dir(path); now.kind != absent && !isRoot && !o.disk.named[path] && !o.snapshot.known(dir) {
		o.gather.add(dir, at) // the folder went and came while its files were looked at: it comes first
		return nil
	}
	if now.kind == folder {
		o.folders = append(o.folders, path)
	}
	var changes []Change
	if now.kind != folder && (was.kind == folder || o.snapshot.known(path)) {
		changes = o.lost(path)
		was = stamp{}
	}
	if !isRoot || o.disk.named[path] {
		o.snapshot.set(path, now)
	}
	if was.kind == folder || was.same(now) || was.kind == absent && now.kind == folder {
		return changes
	}
	return append(changes, Change{Path: path, Kind: kindOf(was, now), before: was, after: now})
}

// lost is the end of a folder: everything in it is deleted.
func (o *owner) lost(dir string) []Change {
	o.disk.watches.forget(dir)
	delete(o.rooted, dir)
	delete(o.unreadable, dir)
	var changes []Change
	for path, was := range o.snapshot.drop(dir) {
		changes = append(changes, Change{Path: path, Kind: Deleted, before: was})
	}
	return changes
}

func (o *owner) forget(path string) {
	if o.snapshot.get(path).kind == folder {
		o.disk.watches.forget(path)
		o.snapshot.drop(path)
	}
	o.snapshot.set(path, stamp{})
}

// decide puts changes into the batch that waits to be received. Rules that have changed are read again.
func (o *owner) decide(changes []Change, first, now time.Time) {
	if len(o.out.Changes) == 0 {
		o.out.Seen = first
	}
	if len(changes) > 0 {
		o.out.Changes, o.out.Decided = merge(o.out.Changes, changes), now
	}
	for _, change := range changes {
		if o.options.Tree.Governs(change.Path) {
			o.options.Tree.Refresh()
			o.lookAtAll("the rules in "+filepath.Base(change.Path)+" have changed", now)
			break
		}
	}
	o.enter(now)
}

// enter lists the folders among the suspects: those that are new, and those that may be other ones than before.
func (o *owner) enter(now time.Time) {
	folders := outermost(o.folders)
	o.folders = nil
	if len(folders) > 0 {
		o.looking = taken{first: now}
		o.start(job{list: folders})
	}
}

// outermost leaves out folders that lie in another one.
func outermost(folders []string) []string {
	slices.Sort(folders)
	var outer []string
	for _, f := range folders {
		if len(outer) == 0 || !within(outer[len(outer)-1], f) {
			outer = append(outer, f)
		}
	}
	return outer
}

func within(folder, path string) bool {
	return path == folder || len(path) > len(folder) && path[:len(folder)] == folder && path[len(folder)] == filepath.Separator
}

// prime reads files that have not changed since the start, a few at a time, while there is nothing else to do.
func (o *owner) prime() {
	var paths []string
	for len(paths) < primeAtOnce && len(o.unprimed) > 0 {
		dir := o.unprimed[len(o.unprimed)-1]
		o.unprimed = o.unprimed[:len(o.unprimed)-1]
		for name, s := range o.snapshot.folders[dir].all() {
			if s.sum == 0 && s.kind != folder && s.size <= sumMost {
				paths = append(paths, filepath.Join(dir, name))
			}
		}
	}
	if o.primed > primeBytes || len(o.unprimed) == 0 {
		o.unprimed = nil
	}
	if len(paths) > 0 {
		o.priming = true
		o.looking = taken{paths: paths}
		o.start(job{look: paths, sums: true})
	}
}

// primeWith keeps the sums of files that are still what they were when they were first seen. The others are suspect.
func (o *owner) primeWith(found finding) {
	o.priming = false
	for i, path := range o.looking.paths {
		if _, suspect := o.gather.paths[path]; suspect {
			continue // to be compared with what was before
		}
		was, now := o.snapshot.get(path), found.looked[i]
		o.primed += now.size
		if was.unread && !was.writtenSince(now) || !was.unread && was.untouched(now) {
			o.snapshot.set(path, now)
		} else if was.kind != absent {
			o.gather.add(path, time.Now())
		}
	}
	o.looking = taken{}
}
