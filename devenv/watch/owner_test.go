package watch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"devenv/devenv/fault"
	"devenv/devenv/source"
)

// fakeNotifier is a system whose events the test makes up: the clock of these tests stands still until all wait.
type fakeNotifier struct {
	events chan event
	errs   chan error
	closed chan struct{}
	deaf   bool // reports nothing of the pulse
	limit  int  // folders that can be watched; 0 is no limit
	added  int
}

func (f *fakeNotifier) Add(string) error {
	if f.added++; f.limit > 0 && f.added > f.limit {
		return syscall.ENOSPC
	}
	return nil
}

func (f *fakeNotifier) Remove(string) {}

func (f *fakeNotifier) Close() error { close(f.closed); return nil }

func (f *fakeNotifier) Next() (event, error, bool) {
	select {
	case e := <-f.events:
		return e, nil, true
	case err := <-f.errs:
		return event{}, err, true
	case <-f.closed:
		return event{}, nil, false
	}
}

// trial is a watcher on a real folder with made-up events and a made-up clock.
type trial struct {
	*testing.T

	top      string
	notifier *fakeNotifier
	watcher  *Watcher
}

func try(t *testing.T, fake *fakeNotifier, do func(*trial)) {
	t.Helper()
	top := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		fake.events, fake.errs, fake.closed = make(chan event), make(chan error), make(chan struct{})
		trial := &trial{T: t, top: top, notifier: fake}
		trial.write("a.py", "one")
		trial.write("b.py", "one")
		trial.write("noise.txt", "")
		options := Options{Tree: source.NewTree(source.Rules{Roots: []string{top}})}
		if fake.deaf {
			options.State = t.TempDir()
		}
		trial.watcher = New(options)
		trial.watcher.open = func() (notifier, error) { return fake, nil }
		trial.watcher.now = func() time.Time { return time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC) } // all files are old
		ctx, cancel := context.WithCancel(t.Context())
		if err := trial.watcher.Start(ctx); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // contents are read
		do(trial)
		cancel()
		for range trial.watcher.Batches() { // awaits the end
		}
	})
}

func (t *trial) write(name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(t.top, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (t *trial) report(name string) { t.notifier.events <- event{path: filepath.Join(t.top, name)} }

// receive is the next batch as text, with the time it took from since.
func (t *trial) receive(since time.Time) string {
	batch := <-t.watcher.Batches()
	var text []string
	for _, change := range batch.Changes {
		text = append(text, change.Kind.String()+" "+filepath.Base(change.Path))
	}
	return fmt.Sprintf("%s after %v", strings.Join(text, ", "), time.Since(since))
}

func (t *trial) expect(got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A single save is decided in far less than 15 ms, and a few more milliseconds are spent where more files change.
func TestSaveIsDecidedAtOnce(t *testing.T) {
	try(t, &fakeNotifier{}, func(t *trial) {
		start := time.Now()
		t.write("a.py", "two")
		t.report("a.py")
		t.report("a.py")
		t.expect(t.receive(start), "modified a.py after 5ms")

		start = time.Now()
		t.write("a.py", "three")
		t.write("b.py", "three")
		t.report("a.py")
		t.report("b.py")
		t.expect(t.receive(start), "modified a.py, modified b.py after 6ms")
	})
}

// A file that is written all the time keeps no other change waiting for more than 250 ms.
func TestNoiseIsBounded(t *testing.T) {
	try(t, &fakeNotifier{}, func(t *trial) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			for ctx.Err() == nil {
				time.Sleep(3 * time.Millisecond) // the clock is made up: this is the noise, not a wait
				t.report("noise.txt")
			}
		}()
		start := time.Now()
		t.write("a.py", "two")
		t.report("a.py")
		t.expect(t.receive(start), "modified a.py after 250ms")
		cancel()
		<-done
	})
}

// A file that is emptied or gone is half of a save: the other half is awaited, not for long.
func TestHalfSave(t *testing.T) {
	try(t, &fakeNotifier{}, func(t *trial) {
		start := time.Now()
		t.write("a.py", "")
		t.report("a.py")
		time.Sleep(30 * time.Millisecond)
		t.write("a.py", "two")
		t.report("a.py")
		t.expect(t.receive(start), "modified a.py after 40ms") // not before the file has had its time

		start = time.Now()
		t.write("a.py", "")
		t.report("a.py")
		t.expect(t.receive(start), "modified a.py after 40ms")
	})
}

// Nobody listened to the events that the system dropped: everything is looked at, and the difference is reported.
func TestOverflow(t *testing.T) {
	try(t, &fakeNotifier{}, func(t *trial) {
		start := time.Now()
		t.write("a.py", "two")
		t.write("new.py", "")
		if err := os.Remove(filepath.Join(t.top, "b.py")); err != nil {
			t.Fatal(err)
		}
		t.notifier.errs <- errOverflow
		t.expect(t.receive(start), "modified a.py, deleted b.py, created new.py after 90ms")
		if status := t.watcher.Status(); status.Rescans != 1 || status.LastRescan != "queue overflow" {
			t.Errorf("%+v", status)
		}
	})
}

// What happens while nobody receives is one batch, without what is undone again.
func TestMergedWhileBusy(t *testing.T) {
	try(t, &fakeNotifier{}, func(t *trial) {
		for _, text := range []string{"two", "three"} {
			t.write("a.py", text)
			t.write("b.py", text)
			t.report("a.py")
			t.report("b.py")
			time.Sleep(time.Second)
		}
		t.write("b.py", "one")
		t.report("b.py")
		time.Sleep(time.Second)
		t.expect(t.receive(time.Now()), "modified a.py after 0s")
	})
}

// A change that no event told of is found by looking at everything now and then.
func TestAudit(t *testing.T) {
	try(t, &fakeNotifier{}, func(t *trial) {
		start := time.Now()
		t.write("a.py", "two")
		t.expect(t.receive(start), "modified a.py after 1m0.005s")
	})
}

// A mount that delivers no events is found out by a file of devenv's own; then the files are looked at every second.
func TestDeafMount(t *testing.T) {
	try(t, &fakeNotifier{deaf: true}, func(t *trial) {
		time.Sleep(3 * time.Second)
		status := t.watcher.Status()
		if status.Polling != time.Second || status.Reason == nil {
			t.Fatalf("%+v", status)
		}
		t.expect(strings.TrimSuffix(status.Reason.Error(), t.watcher.options.State), "file watching: no event arrived for a change in ")
		start := time.Now()
		t.write("a.py", "two")
		if got := t.receive(start); !strings.HasPrefix(got, "modified a.py") || time.Since(start) > 1100*time.Millisecond {
			t.Error(got)
		}
	})
}

// No watches left: the error names the limit, the need and the command, and nothing is missed.
func TestLimit(t *testing.T) {
	try(t, &fakeNotifier{limit: 1}, func(t *trial) {
		status := t.watcher.Status()
		var limit *fault.Error
		if !errors.As(status.Reason, &limit) || !status.Armed || status.Polling == 0 {
			t.Fatalf("%+v", status)
		}
		if !strings.HasPrefix(limit.Message, "file watching: fs.inotify.max_user_watches is ") || !strings.Contains(limit.Hint, "sudo sysctl fs.inotify.max_user_watches=524288") {
			t.Errorf("%s\n%s", limit.Message, limit.Hint)
		}
		t.write("a.py", "two")
		t.receive(time.Now())
	})
}

func TestSlept(t *testing.T) {
	t.Parallel()
	start := time.Now()
	at := func(wall, mono time.Duration) clock { return clock{start.Add(wall), start.Add(mono)} }
	for name, test := range map[string]struct {
		later clock
		want  bool
	}{
		"awake":                     {at(2*time.Second, 2*time.Second), false},
		"slept":                     {at(time.Hour, 2*time.Second), true},
		"stopped, or a machine was": {at(time.Minute, time.Minute), true},
		"clock set back":            {at(-time.Hour, 2*time.Second), false},
		"clock set forward":         {at(time.Hour, 2*time.Second), true},
	} {
		if got := at(0, 0).slept(test.later); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
