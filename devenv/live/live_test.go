package live_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"go.uber.org/goleak"

	"devenv/devenv/live"
	"devenv/devenv/reload"
	"devenv/devenv/source"
	"devenv/devenv/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// doer is a project of one service, with code in folders. What it does, it writes down; what it is told to fail, fails.
type doer struct {
	mu       sync.Mutex
	folders  []string
	tree     *source.Tree
	fail     map[string]bool // verbs
	unneeded map[string]bool // verbs
	done     []string
	gate     chan struct{} // an action waits for it, if it is not nil
	taken    time.Time
}

func newDoer(folders ...string) *doer {
	d := &doer{fail: map[string]bool{}, unneeded: map[string]bool{}}
	d.look(folders...)
	return d
}

func (d *doer) look(folders ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.folders, d.tree = folders, source.NewTree(source.Rules{Roots: folders})
}

func (d *doer) View() reload.View {
	d.mu.Lock()
	defer d.mu.Unlock()
	service := types.ServiceConfig{Name: "api", Build: &types.BuildConfig{Context: filepath.Dir(d.folders[0])}}
	for i, folder := range d.folders {
		service.Volumes = append(service.Volumes, types.ServiceVolumeConfig{Type: types.VolumeTypeBind, Source: folder, Target: fmt.Sprint("/", i)})
	}
	noFile := func(string) bool { return false }
	tree := d.tree
	return reload.View{
		Services: []reload.Service{{Name: "api", Style: reload.Fork, Mapping: source.NewMapping(service, noFile), Dependencies: []string{filepath.Join(d.folders[0], "pyproject.toml"), filepath.Join(d.folders[0], "uv.lock")}}},
		Ignored:  func(path string) source.Verdict { return tree.Ignored(path, false) },
	}
}

func (d *doer) Watch() watch.Options {
	d.mu.Lock()
	defer d.mu.Unlock()
	return watch.Options{Tree: d.tree}
}

func (d *doer) Do(ctx context.Context, action reload.Action) (string, error) {
	d.mu.Lock()
	gate := d.gate
	d.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	for _, cause := range action.Causes {
		names = append(names, filepath.Base(cause.Path))
	}
	d.done = append(d.done, action.Verb.String()+" "+strings.Join(names, " "))
	if d.fail[action.Verb.String()] {
		return "", errors.New("told to fail")
	}
	if d.unneeded[action.Verb.String()] {
		return "", live.Unneeded("does not run")
	}
	return "", nil
}

func (d *doer) Taken(until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.taken = until
}

func (d *doer) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// trial is a session that runs until the test ends.
type trial struct {
	*testing.T
	*live.Session
	doer *doer
}

func try(t *testing.T, d *doer) *trial {
	t.Helper()
	session := live.New(d, func(live.Outcome) {})
	ctx, cancel := context.WithCancel(context.Background())
	if err := session.Start(ctx); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); session.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return &trial{t, session, d}
}

func (t *trial) save(folder, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// eventually waits until a condition on the doer holds: the watcher is as fast as the machine lets it be.
func (t *trial) eventually(what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		t.doer.mu.Lock()
		ok, done := holds(), slices.Clone(t.doer.done)
		t.doer.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: never; done: %q", what, done)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func (t *trial) does(want string) {
	t.Helper()
	t.eventually(want, func() bool { return slices.Contains(t.doer.done, want) })
}

// Of a batch everything is done, also after a failure; what failed is done again with the next change, or when somebody
// says that it may work now; and nothing counts as taken in before.
func TestFailure(t *testing.T) {
	folder := t.TempDir()
	d := newDoer(folder)
	d.fail["uv sync"] = true
	s := try(t, d)
	s.save(folder, "uv.lock", "1")
	s.does("uv sync uv.lock")
	s.save(folder, "a.py", "1")
	s.eventually("both", func() bool { return len(d.done) >= 2 })
	d.set(func() {
		if !d.taken.IsZero() {
			t.Error("taken in, and the sync has failed")
		}
		d.done, d.fail = nil, map[string]bool{}
	})
	s.Retry(t.Context())
	s.eventually("again", func() bool {
		return len(d.done) > 0 && strings.HasPrefix(d.done[0], "uv sync uv.lock") && !d.taken.IsZero()
	})
}

// An action that turns out to have nothing to do says why, is not tried again, and counts as taken in.
func TestUnneeded(t *testing.T) {
	folder := t.TempDir()
	d := newDoer(folder)
	d.unneeded[reload.Reload.String()] = true
	s := try(t, d)
	s.save(folder, "a.py", "1")
	s.does("reload a.py")
	s.eventually("taken in", func() bool { return !d.taken.IsZero() })
	entries, _ := s.Why(t.Context(), filepath.Join(folder, "a.py"))
	if len(entries) != 1 || entries[0].Result != "does not run" {
		t.Errorf("why says %+v", entries)
	}
}

// What changes while an action runs is done after it, at once and as one.
func TestMeanwhile(t *testing.T) {
	folder := t.TempDir()
	d := newDoer(folder)
	gate := make(chan struct{})
	d.gate = gate
	s := try(t, d)
	s.save(folder, "a.py", "1")
	for underWay := false; !underWay; { // as long as the gate is closed
		var entries []reload.Entry
		if entries, underWay = s.Why(t.Context(), filepath.Join(folder, "a.py")); len(entries) > 0 {
			t.Fatalf("done already: %+v", entries)
		}
	}
	for i := range 5 {
		s.save(folder, fmt.Sprintf("b%d.py", i), "1")
	}
	s.Act(t.Context(), reload.Action{Verb: reload.Restart, Service: "api", Causes: []reload.Cause{{Path: "/x", Rule: "asked"}}})
	close(gate)
	s.eventually("all", func() bool {
		all := strings.Join(d.done, " ")
		return strings.Contains(all, "a.py") && strings.Contains(all, "b4.py") && strings.Contains(all, "restart x") && len(d.done) <= 4
	})
	if entries, _ := s.Why(t.Context(), filepath.Join(folder, "b3.py")); len(entries) == 0 {
		t.Error("nobody knows why")
	}
	if _, underWay := s.Why(t.Context(), filepath.Join(folder, "c.py")); underWay {
		t.Error("for a file that nobody has changed")
	}
}

// When other folders are to be watched, no change is lost on the way from one watcher to the other, however fast one
// follows another.
func TestLook(t *testing.T) {
	folders := []string{t.TempDir()}
	d := newDoer(folders...)
	s := try(t, d)
	var saved []string
	save := func(folder, name string) {
		saved = append(saved, name)
		s.save(folder, name, "1")
	}
	for i := range 5 {
		save(folders[0], fmt.Sprintf("before%d.py", i))
		folders = append(folders, t.TempDir())
		d.look(folders...)
		s.Look(t.Context())
		for n, folder := range folders {
			save(folder, fmt.Sprintf("after%d_%d.py", i, n))
		}
	}
	for _, name := range saved {
		s.eventually(name, func() bool { return strings.Contains(strings.Join(d.done, " "), name) })
	}
}

// The control socket is for this user alone, tells how the watch is and what happened, and ends the session.
func TestControl(t *testing.T) {
	folder := t.TempDir()
	state, err := os.MkdirTemp("", "live") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(state) })
	s := try(t, newDoer(folder))
	socket := filepath.Join(state, "s")
	if err := os.WriteFile(socket, nil, 0o600); err != nil { // what a killed session left
		t.Fatal(err)
	}
	listener, err := live.Listen(t.Context(), socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var adopted live.Adoption
	served := make(chan struct{})
	go func() {
		defer close(served)
		s.Serve(ctx, listener, live.Control{
			Styles:    func(context.Context) map[string]string { return map[string]string{"api": "fork"} },
			Debuggers: func() map[string]live.Debugger { return map[string]live.Debugger{"api": {Address: "127.0.0.1:5678"}} },
			Adopt:     func(_ context.Context, a live.Adoption) { adopted = a },
			Stop:      stop,
		})
	}()
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	silent, err := (&net.Dialer{}).DialContext(t.Context(), "unix", socket) // who asks nothing keeps nobody waiting
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	s.save(folder, "a.py", "1")
	s.does("reload a.py")
	why := filepath.Join(folder, "a.py")
	answer, err := live.Ask(t.Context(), socket, live.Request{Why: &why, Adopt: &live.Adoption{Command: "devenv mode", Mode: "dev"}, Stop: true})
	if err != nil || answer.Watching != "armed" || answer.Services["api"] != "fork" || answer.Debuggers["api"].Address != "127.0.0.1:5678" || adopted.Mode != "dev" {
		t.Errorf("%+v %+v %v", answer, adopted, err)
	}
	if len(answer.Entries) != 1 || answer.Entries[0].Verb != "reload" || answer.Entries[0].Result != "done" {
		t.Errorf("%+v", answer.Entries)
	}
	<-served
	_, err = live.Ask(t.Context(), socket, live.Request{})
	if err == nil || err.Error() != "no running `up` answers for this project" {
		t.Errorf("%v", err)
	}
}

// A session whose socket was removed leaves the one of the next alone; its own it takes away.
func TestSocketRemoved(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "live.sock")
	var listeners []net.Listener
	for range 2 { // the second one removes what is there
		listener, err := live.Listen(t.Context(), socket)
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, listener)
	}
	for i, listener := range listeners {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(socket); (err == nil) != (i == 0) {
			t.Errorf("after %d: %v", i, err)
		}
	}
}
