package state_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"devenv/devenv/state"
)

// Ten checkouts that decide at the same moment each see what those before have decided, so no two choose the same.
func TestDecidePorts(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	registry := state.RegistryIn(filepath.Join(top, "user"))
	var folders []string
	for i := range 10 {
		folder := filepath.Join(top, fmt.Sprint("shop", i))
		folders = append(folders, folder)
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		err := registry.Change(t.Context(), func(known []state.Project) ([]state.Project, error) {
			return append(known, state.Project{Name: fmt.Sprint("shop", i), Folder: folder}), nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	lowest := func(others map[string]state.Ports) (state.Ports, error) {
		taken := map[string]bool{}
		for _, ports := range others {
			taken[ports["api"]["8000:8000"]] = true
		}
		port := 8000
		for taken[fmt.Sprint(port)] {
			port++
		}
		return state.Ports{"api": {"8000:8000": fmt.Sprint(port)}}, nil
	}
	var all sync.WaitGroup
	for _, folder := range folders {
		all.Go(func() {
			if err := registry.DecidePorts(t.Context(), folder, state.In(folder), lowest); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	ports := map[string]bool{}
	for _, folder := range folders {
		ports[state.In(folder).Ports()["api"]["8000:8000"]] = true
	}
	if len(ports) != 10 || !ports["8000"] || !ports["8009"] {
		t.Errorf("ports %v", slices.Sorted(maps.Keys(ports)))
	}

	// A checkout that is deleted keeps none; what a checkout does not decide about stays remembered.
	if err := os.RemoveAll(folders[3]); err != nil {
		t.Fatal(err)
	}
	more := func(others map[string]state.Ports) (state.Ports, error) {
		if others[folders[3]]["api"] != nil || others[folders[0]] != nil || others[folders[1]]["api"] == nil {
			t.Errorf("told of %v", others)
		}
		return state.Ports{"web": {"80:80": "8080"}}, nil
	}
	if err := registry.DecidePorts(t.Context(), folders[0], state.In(folders[0]), more); err != nil {
		t.Fatal(err)
	}
	if got := state.In(folders[0]).Ports(); got["web"]["80:80"] != "8080" || got["api"]["8000:8000"] == "" {
		t.Errorf("remembered %v", got)
	}
}

// What fails is not remembered, who is interrupted does not wait, and without a home the engine alone decides.
func TestDecidePortsFails(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	registry := state.RegistryIn(filepath.Join(top, "user"))
	wrong := fmt.Errorf("no port is free")
	err := registry.DecidePorts(t.Context(), top, state.In(top), func(map[string]state.Ports) (state.Ports, error) {
		interrupted, cancel := context.WithCancel(t.Context())
		cancel()
		err := registry.DecidePorts(interrupted, top, state.In(top), func(map[string]state.Ports) (state.Ports, error) {
			t.Error("two decide at once")
			return nil, nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted: %v", err)
		}
		return state.Ports{"api": {"80:80": "80"}}, wrong
	})
	if !errors.Is(err, wrong) || len(state.In(top).Ports()) != 0 {
		t.Errorf("got %v, remembered %v", err, state.In(top).Ports())
	}
	err = state.RegistryIn("").DecidePorts(t.Context(), top, state.In(top), func(map[string]state.Ports) (state.Ports, error) {
		return state.Ports{"api": {"80:80": "80"}}, nil
	})
	if err != nil || state.In(top).Ports()["api"]["80:80"] != "80" {
		t.Errorf("without a home: %v, %v", err, state.In(top).Ports())
	}
}
