package watch_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"devenv/devenv/source"
	"devenv/devenv/watch"
)

// A save is decided within 15 ms, and within 250 ms at most while a log is written beside it every 100 ms.
func TestLatency(t *testing.T) {
	top := t.TempDir()
	module, log := filepath.Join(top, "main.py"), filepath.Join(top, "app.txt")
	put(t, module, "")
	ctx, cancel := context.WithCancel(t.Context())
	watcher := watch.New(watch.Options{Tree: source.NewTree(source.Rules{Roots: []string{top}})})
	if err := watcher.Start(ctx); err != nil {
		t.Fatal(err)
	}
	for _, noise := range []bool{false, true} {
		stop := make(chan struct{})
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if noise {
				writeLog(log, stop)
			}
		}()
		var took []time.Duration
		for i := range 100 {
			put(t, module, fmt.Sprint(noise, i))
			saved := time.Now()
			await(t, watcher, module)
			took = append(took, time.Since(saved))
		}
		close(stop)
		<-ended
		slices.Sort(took)
		t.Logf("save to decision, log beside it: %v: p50 %v, p99 %v", noise, took[50].Round(100*time.Microsecond), took[98].Round(100*time.Microsecond))
		if took[50] > slack*15*time.Millisecond || took[98] > slack*250*time.Millisecond {
			t.Error("over the budget")
		}
	}
	cancel()
	for range watcher.Batches() { // awaits the end
	}
}

func writeLog(path string, stop <-chan struct{}) {
	ticks := time.NewTicker(100 * time.Millisecond)
	defer ticks.Stop()
	for text := "line\n"; ; text += "line\n" {
		_ = os.WriteFile(path, []byte(text), 0o600)
		select {
		case <-ticks.C:
		case <-stop:
			return
		}
	}
}

func await(t *testing.T, watcher *watch.Watcher, path string) {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		select {
		case batch := <-watcher.Batches():
			if slices.ContainsFunc(batch.Changes, func(c watch.Change) bool { return c.Path == path }) {
				return
			}
		case <-timeout:
			t.Fatalf("no batch with %s; %+v", strings.TrimPrefix(path, "/"), watcher.Status())
		}
	}
}
