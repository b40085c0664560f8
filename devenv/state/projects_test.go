package state_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"devenv/devenv/state"
)

// What many devenv note at the same moment is all there, sorted, and comes back as it was.
func TestRegistry(t *testing.T) {
	registry := state.RegistryIn(filepath.Join(t.TempDir(), "devenv"))
	if known, err := registry.Projects(); err != nil || known != nil {
		t.Fatalf("%v, %v", known, err)
	}
	var want []state.Project
	var all sync.WaitGroup
	for i := range 20 {
		own := state.Project{Name: fmt.Sprintf("shop-%02d", i), Base: "shop", Folder: fmt.Sprintf("/src/%d", i)}
		want = append(want, own)
		all.Go(func() {
			err := registry.Change(t.Context(), func(known []state.Project) ([]state.Project, error) { return append(known, own), nil })
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if known, err := registry.Projects(); err != nil || !slices.Equal(known, want) {
		t.Fatalf("%v, %v", known, err)
	}
	if suffix := want[7].Suffix(); suffix != "07" {
		t.Errorf("suffix %q", suffix)
	}
}

// A change that is refused leaves the list as it was; one that changes nothing does not even touch the file; a list that
// is no list is reported.
func TestRegistryUnchanged(t *testing.T) {
	folder := t.TempDir()
	registry := state.RegistryIn(folder)
	one := func([]state.Project) ([]state.Project, error) {
		return []state.Project{{Name: "shop", Folder: folder}}, nil
	}
	if err := registry.Change(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "projects.json")
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := errors.New("taken")
	err = registry.Change(t.Context(), func([]state.Project) ([]state.Project, error) { return nil, refused })
	if !errors.Is(err, refused) || registry.Change(t.Context(), one) != nil {
		t.Fatalf("got %v", err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Fatalf("the list was written again: %v", err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := path + ": not a list of projects: unexpected end of JSON input"
	if _, err := registry.Projects(); err == nil || err.Error() != want {
		t.Fatalf("got %v, want %s", err, want)
	}
}

// A state knows whose it is. In a copy it forgets what is not the copy's, and keeps the choices.
func TestDisown(t *testing.T) {
	first, copied := realDir(t), realDir(t)
	store := state.In(first)
	if err := errors.Join(store.Save(state.State{Mode: "prod"}), store.SaveDebugPort("api", 5679)); err != nil {
		t.Fatal(err)
	}
	if home := store.Home(); home != first {
		t.Fatalf("home %q", home)
	}
	if err := os.CopyFS(copied, os.DirFS(first)); err != nil {
		t.Fatal(err)
	}
	store = state.In(copied)
	if home := store.Home(); home != first {
		t.Fatalf("home of the copy %q", home)
	}
	if err := store.Disown(copied); err != nil {
		t.Fatal(err)
	}
	got, err := store.Load()
	if err != nil || got.Mode != "prod" || len(store.DebugPorts()) != 0 || store.Home() != copied {
		t.Fatalf("%+v, %v, %v, %s", got, err, store.DebugPorts(), store.Home())
	}
}

func realDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
