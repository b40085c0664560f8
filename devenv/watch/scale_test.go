package watch_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devenv/devenv/source"
	"devenv/devenv/watch"
)

// slack is how far over its budget (DESIGN 6) a measure may be on a machine that is shared; the log has the figures.
const slack = 3

// 10,000 folders are armed in 200 ms, and the whole process has 40 MB. 200,000 ignored files cost no watch, and a start
// with them takes 1.2 times that with 200.
func TestScale(t *testing.T) {
	program := filepath.Join(t.TempDir(), "scale")
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./testdata/scale").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}

	large := t.TempDir()
	for i := range 10_000 {
		folder := filepath.Join(large, fmt.Sprint(i/100), fmt.Sprint(i%100))
		for file := range 3 {
			put(t, filepath.Join(folder, fmt.Sprintf("module%d.py", file)), "import os\n")
		}
	}
	m := measure(t, program, large)
	t.Logf("10,000 folders, 30,000 files: armed in %.0f ms, %.1f MB then, %.1f MB when all contents are known, %d watches", m.armed, m.atStart, m.atRest, m.watches)
	if m.armed > slack*200 || m.atRest > slack*40 {
		t.Error("over the budget of 200 ms and 40 MB")
	}

	small, ignored := t.TempDir(), t.TempDir()
	for i := range 200 {
		put(t, filepath.Join(small, "app", fmt.Sprint(i%10), fmt.Sprintf("%d.py", i)), "")
		put(t, filepath.Join(ignored, "app", fmt.Sprint(i%10), fmt.Sprintf("%d.py", i)), "")
	}
	for i := range 200_000 {
		put(t, filepath.Join(ignored, "node_modules", fmt.Sprint(i%1000), fmt.Sprint(i)), "")
	}
	few, many := measure(t, program, small), measure(t, program, ignored)
	t.Logf("200 files: %.2f ms, %d watches; and 200,000 ignored ones: %.2f ms, %d watches", few.armed, few.watches, many.armed, many.watches)
	if many.watches != few.watches || many.armed > slack*1.2*max(few.armed, 1) {
		t.Error("ignored files cost something")
	}
}

type measured struct {
	armed, atStart, atRest float64 // ms, MB, MB
	watches                int
}

// measure is the median of five runs by the time until armed.
func measure(t *testing.T, program, folder string) measured {
	t.Helper()
	var best []measured
	for range 5 {
		output, err := exec.CommandContext(t.Context(), program, folder).Output()
		if err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		var m measured
		var folders, files int
		if _, err := fmt.Sscan(string(output), &m.armed, &m.atStart, &m.atRest, &m.watches, &folders, &files); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		m.atStart, m.atRest = m.atStart/1024, m.atRest/1024
		best = append(best, m)
	}
	for i := range best {
		for j := i; j > 0 && best[j].armed < best[j-1].armed; j-- {
			best[j], best[j-1] = best[j-1], best[j]
		}
	}
	return best[2]
}

// Whoever applies every batch has what is on the disk, after a branch with 30,000 other files was checked out, and the
// first one again, and both once more.
func TestCheckout(t *testing.T) {
	top := t.TempDir()
	branches(t, top, 30_000)
	ctx, cancel := context.WithCancel(t.Context())
	watcher := watch.New(watch.Options{Tree: source.NewTree(source.Rules{Roots: []string{top}})})
	if err := watcher.Start(ctx); err != nil {
		t.Fatal(err)
	}
	f := &follower{T: t, top: top, watcher: watcher, mirror: contents(t, top)}
	f.through("other", "first", "other")
	f.through("first")
	cancel()
	for range watcher.Batches() { // awaits the end
	}
}

// follower applies batches to a copy of the contents.
type follower struct {
	*testing.T

	top     string
	watcher *watch.Watcher
	mirror  map[string][32]byte
}

// through checks out branches one after the other while it follows, and then awaits that the copy is equal.
func (f *follower) through(names ...string) {
	f.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for _, name := range names {
			git(f.T, f.top, "checkout", "-q", name)
		}
	}()
	var want map[string][32]byte
	var since time.Time
	batches, timeout := 0, time.After(2*time.Minute)
	for want == nil || !maps.Equal(f.mirror, want) {
		select {
		case batch := <-f.watcher.Batches():
			batches++
			for _, change := range batch.Changes {
				apply(f.mirror, change.Path)
			}
		case <-ended:
			want, since, ended = contents(f.T, f.top), time.Now(), nil
		case <-timeout:
			f.Fatalf("after 2 minutes not equal; %+v", f.watcher.Status())
		}
	}
	f.Logf("checked out %v: equal %v after the end, in %d batches; rescans: %d", names, time.Since(since).Round(time.Millisecond), batches, f.watcher.Status().Rescans)
}

// branches is a repository with two branches of which every file differs, and half of the names.
func branches(t *testing.T, top string, files int) {
	t.Helper()
	git(t, top, "init", "-q", "-b", "first")
	for _, branch := range []string{"first", "other"} {
		if branch == "other" {
			git(t, top, "checkout", "-q", "-b", branch)
			git(t, top, "rm", "-rq", ".")
		}
		for i := range files {
			name := fmt.Sprintf("src/%d/%d.py", i%300, i)
			if i%2 == 0 {
				name = fmt.Sprintf("src/%s%d/%d.py", branch, i%300, i)
			}
			put(t, filepath.Join(top, name), branch+fmt.Sprint(i))
		}
		git(t, top, "add", "-A")
		git(t, top, "commit", "-qm", branch)
	}
	git(t, top, "checkout", "-q", "first")
}

func git(t *testing.T, top string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "gc.auto=0", "-c", "core.fsync=none"}, args...)...)
	command.Dir = top
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("git %s: %v\n%s", strings.Join(args, " "), err, output)
	}
}

func contents(t *testing.T, top string) map[string][32]byte {
	t.Helper()
	all := map[string][32]byte{}
	err := filepath.WalkDir(filepath.Join(top, "src"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			apply(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func apply(mirror map[string][32]byte, path string) {
	content, err := os.ReadFile(path)
	if err != nil {
		delete(mirror, path)
		return
	}
	mirror[path] = sha256.Sum256(content)
}

func put(t *testing.T, path, text string) {
	t.Helper()
	err := os.WriteFile(path, []byte(text), 0o600)
	if os.IsNotExist(err) {
		if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			err = os.WriteFile(path, []byte(text), 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
