package watch

import (
	"maps"
	"path/filepath"
	"slices"
)

// snapshot is what every known path was when it was last looked at: by folder, then by name. A folder whose entries
// are known is a key itself and, with its stamp, an entry of the folder above, if that is known too.
type snapshot struct {
	folders       map[string]*entries
	files, hashed int // of the entries that are not folders: all, and those with a sum
}

func newSnapshot() *snapshot { return &snapshot{folders: map[string]*entries{}} }

func (s *snapshot) get(path string) stamp {
	return s.folders[filepath.Dir(path)].get(filepath.Base(path))
}

// set remembers a path, or forgets it if it is absent.
func (s *snapshot) set(path string, now stamp) {
	dir, name := filepath.Dir(path), filepath.Base(path)
	known := s.folders[dir]
	s.count(known.get(name), -1)
	s.count(now, 1)
	if now.kind == absent {
		known.remove(name)
		return
	}
	if known == nil {
		known = newEntries(1)
		s.folders[dir] = known
	}
	known.set(name, now)
}

func (s *snapshot) count(entry stamp, by int) {
	if entry.kind == absent || entry.kind == folder {
		return
	}
	s.files += by
	if entry.sum != 0 {
		s.hashed += by
	}
}

// adopt remembers the entries of a folder as they are. What was read of one of them before stays.
func (s *snapshot) adopt(dir string, now *entries) {
	for name, known := range s.folders[dir].all() {
		if known.sum != 0 {
			now.set(name, known)
		}
		s.count(known, -1)
	}
	for _, known := range now.all() {
		s.count(known, 1)
	}
	s.folders[dir] = now
}

// known reports whether entries of a folder are in the snapshot.
func (s *snapshot) known(dir string) bool { return s.folders[dir] != nil }

// drop forgets a folder and everything below it, and gives the files and links that were there.
func (s *snapshot) drop(dir string) map[string]stamp {
	gone := map[string]stamp{}
	s.dropInto(dir, gone)
	return gone
}

func (s *snapshot) dropInto(dir string, gone map[string]stamp) {
	known := s.folders[dir]
	delete(s.folders, dir)
	for name, was := range known.all() {
		path := filepath.Join(dir, name)
		if s.count(was, -1); was.kind == folder {
			s.dropInto(path, gone)
		} else {
			gone[path] = was
		}
	}
}

// differences are the paths of a listed folder that may not be what the snapshot has.
func (s *snapshot) differences(dir string, now *entries) []string {
	var paths []string
	before := s.folders[dir]
	for name, later := range now.all() {
		if was := before.get(name); was.kind == absent || was.suspect(later) {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	for name := range before.all() {
		if now.get(name).kind == absent {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	return paths
}

// learn takes over what a listing tells of entries of which only the name was known, and that are no suspects.
func (s *snapshot) learn(dir string, now *entries) {
	for name, was := range s.folders[dir].all() {
		later := now.get(name)
		if later.kind != absent && (was.unread && !was.suspect(later) || was.kind == folder && was.inode == 0 && later.kind == folder) {
			s.set(filepath.Join(dir, name), later)
		}
	}
}

// suspect reports whether a look without reading leaves doubt that an entry is what it was.
func (s stamp) suspect(later stamp) bool {
	switch {
	case s.kind == folder && later.kind == folder:
		return s.inode != later.inode && s.inode != 0
	case s.unread:
		return s.writtenSince(later)
	case s.sum == 0: // too large to be read, or not read yet and then not young
		return !s.alike(later)
	}
	return !s.untouched(later)
}

// merge adds later changes to earlier ones that nobody has received yet. A path that is back to what it was is left out.
func merge(earlier, later []Change) []Change {
	byPath := map[string]Change{}
	for _, change := range earlier {
		byPath[change.Path] = change
	}
	for _, change := range later {
		if first, ok := byPath[change.Path]; ok {
			change.before = first.before
		}
		if change.before.same(change.after) {
			delete(byPath, change.Path)
			continue
		}
		change.Kind = kindOf(change.before, change.after)
		byPath[change.Path] = change
	}
	merged := make([]Change, 0, len(byPath))
	for _, path := range slices.Sorted(maps.Keys(byPath)) {
		merged = append(merged, byPath[path])
	}
	return merged
}

func kindOf(before, after stamp) Kind {
	switch {
	case before.kind == absent || before.kind == folder:
		return Created
	case after.kind == absent || after.kind == folder:
		return Deleted
	default:
		return Modified
	}
}
