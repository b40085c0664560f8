package state_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"devenv/devenv/fault"
	"devenv/devenv/state"
)

// A checkout that was never told anything has the zero state, and asking leaves no trace in it.
func TestNothingRemembered(t *testing.T) {
	dir := t.TempDir()
	got, err := state.In(dir).Load()
	if err != nil || got.Mode != "" || got.Services != nil {
		t.Fatalf("got %+v, %v", got, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Fatalf("reading left %v", entries)
	}
}

// What was saved comes back, and git never sees it.
func TestRemember(t *testing.T) {
	dir := t.TempDir()
	store := state.In(dir)
	want := state.State{Mode: "prod", Services: map[string]string{"worker": "local"}}
	if err := store.Save(want); err != nil {
		t.Fatal(err)
	}
	got, err := store.Load()
	if err != nil || got.Mode != want.Mode || got.Services["worker"] != "local" {
		t.Fatalf("got %+v, %v", got, err)
	}
	ignored, err := os.ReadFile(filepath.Join(dir, ".devenv", ".gitignore"))
	if err != nil || string(ignored) != "# written by devenv: what belongs to one developer alone\n/state/\n/profiles/*.local.yaml\n" {
		t.Fatalf("gitignore %q, %v", ignored, err)
	}
	leftovers, _ := filepath.Glob(filepath.Join(dir, ".devenv", "state", ".*"))
	if leftovers != nil {
		t.Fatalf("temporary files stay: %v", leftovers)
	}
}

// A file that is not ours to understand is reported, with the way out, and not overwritten.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, ".devenv", "state", "state.json")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("mode: prod"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := state.In(dir).Load()
	want := path + ": not a state file: invalid character 'm' looking for beginning of value"
	if err == nil || err.Error() != want || fault.ExitStatus(err) != 2 {
		t.Fatalf("got %v, want %s", err, want)
	}
}

// Two devenv in one project: the second learns who the first is, and gets the lock when the first is done.
func TestLock(t *testing.T) {
	store := state.In(t.TempDir())
	since := time.Date(2026, 11, 21, 12, 4, 5, 0, time.Local)
	first, err := store.Lock(t.Context(), state.Live, state.Holder{Command: "devenv up", PID: 4242, Since: since})
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Lock(t.Context(), state.Live, state.Holder{Command: "devenv up", PID: 4343})
	want := `this project is held by "devenv up" (pid 4242, since 12:04:05)`
	if err == nil || err.Error() != want {
		t.Fatalf("got %v, want %s", err, want)
	}
	if holder, held := store.Holder(state.Live); !held || holder.PID != 4242 {
		t.Fatalf("holder %+v, %v", holder, held)
	}
	if _, held := store.Holder(state.Change); held {
		t.Fatal("the other lock is held too")
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	if _, held := store.Holder(state.Live); held {
		t.Fatal("released, but held")
	}
	second, err := store.Lock(t.Context(), state.Live, state.Holder{PID: 4343})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Release(); err != nil {
		t.Fatal(err)
	}
}

// Whoever held a lock whose file was removed, as by `git clean`, leaves the one that holds it now as it is.
func TestLockRemoved(t *testing.T) {
	store := state.In(t.TempDir())
	first, err := store.Lock(t.Context(), state.Live, state.Holder{Command: "first", PID: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(store.Folder()); err != nil {
		t.Fatal(err)
	}
	second, err := store.Lock(t.Context(), state.Live, state.Holder{Command: "second", PID: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Release(); err != nil {
		t.Error(err)
	}
	if holder, held := store.Holder(state.Live); !held || holder.Command != "second" {
		t.Errorf("held %v by %+v", held, holder)
	}
	if err := second.Release(); err != nil {
		t.Error(err)
	}
}
