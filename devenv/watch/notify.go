package watch

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"github.com/fsnotify/fsnotify"

	"devenv/devenv/fault"
)

// event is a path of which something was heard. gone: its name was removed or given to something else.
type event struct {
	path string
	gone bool
}

// errOverflow is the system's word that events were lost.
var errOverflow = fsnotify.ErrEventOverflow

// notifier is the system's file events: of folders, not of what is in their subfolders.
type notifier interface {
	Add(folder string) error
	Remove(folder string)
	Next() (event, error, bool) // blocks; false when closed; an error takes the place of the event
	Close() error
}

// fsNotifier is fsnotify: inotify, kqueue, ReadDirectoryChangesW.
type fsNotifier struct{ *fsnotify.Watcher }

func openNotifier() (notifier, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	return fsNotifier{watcher}, nil
}

// Remove stops watching a folder. That the folder, and the watch with it, is gone already is no error. fsnotify 1.10.1
// can panic here (inotify.watches.removePath) when a folder was moved while it was added; its lock is released then,
// and there is no watch left to remove.
func (n fsNotifier) Remove(folder string) {
	defer func() { _ = recover() }()
	_ = n.Watcher.Remove(folder)
}

func (n fsNotifier) Next() (event, error, bool) {
	select {
	case e, ok := <-n.Events:
		return event{path: e.Name, gone: e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename)}, nil, ok
	case err, ok := <-n.Errors:
		return event{}, err, ok
	}
}

// inbox takes events as fast as the system delivers them, so that its queue does not overflow while the owner is busy.
type inbox struct {
	ready chan struct{} // has a token when there is something to take

	mu     sync.Mutex
	events []event
	errs   []error
}

func (b *inbox) drain(n notifier) {
	for {
		e, err, ok := n.Next()
		if !ok {
			return
		}
		b.put(e, err)
	}
}

func (b *inbox) put(e event, err error) {
	b.mu.Lock()
	switch {
	case err != nil:
		b.errs = append(b.errs, err)
	case len(b.events) == 0 || b.events[len(b.events)-1] != e:
		b.events = append(b.events, e)
	}
	b.mu.Unlock()
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

func (b *inbox) take() ([]event, []error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	events, errs := b.events, b.errs
	b.events, b.errs = nil, nil
	return events, errs
}

// watches are the folders that the system watches. It has one watch for a folder, whatever names that had: after a
// rename it goes on to report the old one, and to watch the folder by its new name changes nothing. So the watches on a
// folder and on all below it are dropped when its name is gone, and the one by an old name before a new one is added.
type watches struct {
	notifier notifier // nil when polling was asked for

	mu    sync.Mutex
	held  map[string]folderID
	names map[folderID]string
	below map[string]map[string]bool // the names below a folder that are held, or lead to one that is
	full  error                      // the system's limit was met
}

func newWatches(n notifier) *watches {
	return &watches{notifier: n, held: map[string]folderID{}, names: map[folderID]string{}, below: map[string]map[string]bool{}}
}

// add watches a folder. What it returns is the folder's fault; that there are no watches left is kept in full.
func (w *watches) add(folder string) error {
	if w.notifier == nil {
		return nil
	}
	info, err := os.Stat(folder)
	if err != nil {
		return err
	}
	return w.addAs(folder, identify(info))
}

// addOpen watches a folder that is open, which spares the way to it.
func (w *watches) addOpen(f *os.File) error {
	if w.notifier == nil {
		return nil
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return w.addAs(f.Name(), identify(info))
}

func (w *watches) addAs(folder string, id folderID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if before, ok := w.held[folder]; ok && before != id {
		w.drop(folder)
	}
	if name, ok := w.names[id]; ok && name != folder {
		w.drop(name)
	}
	err := w.notifier.Add(folder)
	if isLimit(err) {
		w.full = err
		return nil
	}
	if err != nil {
		return err
	}
	w.held[folder] = id
	if id != (folderID{}) {
		w.names[id] = folder
	}
	for up := filepath.Dir(folder); up != folder; folder, up = up, filepath.Dir(up) {
		names := w.below[up]
		if names[filepath.Base(folder)] {
			break
		}
		if names == nil {
			names = map[string]bool{}
			w.below[up] = names
		}
		names[filepath.Base(folder)] = true
	}
	return nil
}

// forget drops the watches on a folder and on all below it.
func (w *watches) forget(folder string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forgetBelow(folder)
	delete(w.below[filepath.Dir(folder)], filepath.Base(folder))
}

// drop drops the watch on a folder alone.
func (w *watches) drop(folder string) {
	if id, ok := w.held[folder]; ok {
		w.notifier.Remove(folder)
		delete(w.held, folder)
		delete(w.names, id)
	}
}

func (w *watches) forgetBelow(folder string) {
	w.drop(folder)
	for name := range w.below[folder] {
		w.forgetBelow(filepath.Join(folder, name))
	}
	delete(w.below, folder)
}

func (w *watches) holds(folder string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, held := w.held[folder]
	return held
}

func (w *watches) count() (held int, full error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.held), w.full
}

func isLimit(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// limitFault says which limit of the system was met, how much is needed, and how to raise it.
func limitFault(err error, folders int) *fault.Error {
	if runtime.GOOS != "linux" {
		return fault.New(fault.Failed, "file watching: no more open files are allowed for the %d folders to watch: %w", folders, err).
			WithHint("raise it with `ulimit -n %d`; until then devenv looks at the files every so often", 4*folders+1024)
	}
	name, need := "max_user_watches", 524288
	if !errors.Is(err, syscall.ENOSPC) {
		name, need = "max_user_instances", 1024
	}
	for need < 2*folders {
		need *= 2
	}
	return fault.New(fault.Failed, "file watching: fs.inotify.%s is %s, which all programs share, and %d folders are to be watched: %w",
		name, limitNow(name), folders, err).
		WithHint("raise it with `sudo sysctl fs.inotify.%s=%d`; until then devenv looks at the files every so often", name, need)
}

func limitNow(name string) string {
	text, err := os.ReadFile("/proc/sys/fs/inotify/" + name)
	if err != nil {
		return "too low"
	}
	return strings.TrimSpace(string(text))
}
