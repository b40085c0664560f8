package watch

import (
	"errors"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"devenv/devenv/source"
)

// disk reads the file system for the owner, a job at a time. It knows the rules, so that what is ignored is neither
// read nor watched, and it decides nothing.
type disk struct {
	tree    *source.Tree
	roots   []string        // of the trees
	named   map[string]bool // the single files
	watches *watches
	seed    maphash.Seed
	now     func() time.Time
}

// job is one of the two things to do: look at paths, or list folders with everything below them.
type job struct {
	look []string
	list []string
	sums bool // with look: read contents
	// names is for a first listing, which must be quick: entries are not looked at where a later look will tell
	// whether they were written since.
	names bool
}

// finding is the result of a job.
type finding struct {
	looked   []stamp // for each path of look
	listings []listing
}

// listing is a folder and what in it is not ignored. A folder that cannot be read has an error and no entries.
type listing struct {
	folder  string
	entries *entries
	err     error
}

func (d *disk) work(jobs <-chan job, findings chan<- finding) {
	defer close(findings)
	for j := range jobs {
		f := finding{looked: make([]stamp, len(j.look))}
		parallel(len(j.look), func(i int) { f.looked[i] = d.look(j.look[i], j.sums) })
		f.listings = d.list(j.list, j.names && hasChangeTime)
		findings <- f
	}
}

// parallel calls do for 0 to n-1, several at a time.
func parallel(n int, do func(int)) {
	walkers := min(walkers(), (n+63)/64)
	var done sync.WaitGroup
	for walker := range walkers {
		done.Go(func() {
			for i := walker; i < n; i += walkers {
				do(i)
			}
		})
	}
	done.Wait()
}

func walkers() int { return min(max(runtime.GOMAXPROCS(0), 2), 8) }

// look is what a path is now. Roots and single files are followed when they are links: the name is the user's way to
// say which content is meant.
func (d *disk) look(path string, sums bool) stamp {
	stat := os.Lstat
	if d.named[path] || slices.Contains(d.roots, path) {
		stat = os.Stat
	}
	info, err := stat(path)
	if err != nil || !exact(path) {
		return stamp{}
	}
	s := newStamp(info, d.now())
	if sums {
		d.read(path, &s)
	}
	return s
}

// exact is false for a name that a file system which folds case finds under another one.
func exact(path string) bool {
	if runtime.GOOS == "linux" {
		return true
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	return err != nil || hasName(entries, filepath.Base(path))
}

func hasName(entries []fs.DirEntry, name string) bool {
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
}

// read adds the sum of the content to a stamp, if the file is not too large, can be read, and does not change meanwhile.
func (d *disk) read(path string, s *stamp) {
	switch {
	case s.kind == link:
		if target, err := os.Readlink(path); err == nil {
			s.sum = sum(d.seed, []byte(target))
		}
	case s.kind == file && s.size <= sumMost:
		if content, err := readAll(path, s.size); err == nil {
			s.sum = sum(d.seed, content)
			s.size = int64(len(content)) // what was read is what will be compared
		}
	}
}

func readAll(path string, size int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	buffer := make([]byte, size+1)
	n, err := io.ReadFull(f, buffer)
	if err == nil { // longer than it was: take the rest, if it is not endless
		rest, err := io.ReadAll(io.LimitReader(f, sumMost))
		return append(buffer, rest...), err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return buffer[:n], nil
	}
	return nil, err
}

// list reads folders and all below them that is not ignored, several at a time. Each is watched before it is read, so
// that nothing can come in between.
func (d *disk) list(folders []string, names bool) []listing {
	w := &walk{disk: d, names: names, todo: slices.Clone(folders)}
	w.wake = sync.NewCond(&w.mu)
	var done sync.WaitGroup
	if len(folders) > 0 {
		for range walkers() {
			done.Go(w.run)
		}
	}
	done.Wait()
	return w.found
}

// walk is one listing of trees by several goroutines that share a stack of folders to do.
type walk struct {
	*disk

	names bool

	mu    sync.Mutex
	wake  *sync.Cond
	todo  []string
	busy  int
	found []listing
}

func (w *walk) run() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		for len(w.todo) == 0 && w.busy > 0 {
			w.wake.Wait()
		}
		if len(w.todo) == 0 {
			w.wake.Broadcast()
			return
		}
		next := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		w.busy++
		w.mu.Unlock()
		l, below := w.listOne(next, w.names)
		w.mu.Lock()
		w.busy--
		w.found = append(w.found, l)
		w.todo = append(w.todo, below...)
		w.wake.Broadcast()
	}
}

func (d *disk) listOne(folderPath string, names bool) (listing, []string) {
	l := listing{folder: folderPath}
	found, err := d.open(folderPath)
	if err != nil {
		l.err = err
		return l, nil
	}
	d.tree.Listed(folderPath, func(name string) bool { return hasName(found, name) })
	l.entries = newEntries(len(found))
	var below []string
	now := d.now()
	for _, entry := range found {
		path := filepath.Join(folderPath, entry.Name())
		if d.ignored(path, entry.IsDir()) {
			continue
		}
		if s := d.entry(path, entry, names, now); s.kind != absent {
			l.entries.set(entry.Name(), s)
		}
		if entry.IsDir() {
			below = append(below, path)
		}
	}
	return l, below
}

// open watches a folder and then reads its names. Should another folder have taken its place in between, the watch on
// the folder above tells.
func (d *disk) open(folderPath string) ([]fs.DirEntry, error) {
	f, err := os.Open(folderPath)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	if err := d.watches.addOpen(f); err != nil {
		return nil, err
	}
	return f.ReadDir(-1)
}

// entry is the stamp of an entry. One that is gone meanwhile is absent, and its event is on the way.
func (d *disk) entry(path string, entry fs.DirEntry, names bool, now time.Time) stamp {
	if names {
		return nameStamp(entry.Type(), now)
	}
	info, err := entry.Info()
	if err != nil {
		return stamp{}
	}
	s := newStamp(info, now)
	if s.young { // its times will not tell a second write from the first
		d.read(path, &s)
	}
	return s
}

func (d *disk) ignored(path string, isDir bool) bool {
	return !d.named[path] && d.tree.Ignored(path, isDir).Ignored
}
