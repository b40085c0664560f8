package watch_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"devenv/devenv/source"
	"devenv/devenv/watch"
)

// Whatever is done to a tree, in whatever order and however fast: who applies the batches ends with what is on the disk.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			top := t.TempDir()
			c := &chaos{Rand: rand.New(rand.NewPCG(seed, 1)), top: top}
			put(t, filepath.Join(top, "src/a/b/c.py"), "start")
			ctx, cancel := context.WithCancel(t.Context())
			watcher := watch.New(watch.Options{Tree: source.NewTree(source.Rules{Roots: []string{filepath.Join(top, "src")}})})
			if err := watcher.Start(ctx); err != nil {
				t.Fatal(err)
			}
			mirror := contents(t, top)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for range 400 {
					c.step()
				}
			}()
			var want map[string][32]byte
			timeout := time.After(30 * time.Second) // less than until the first audit, which would find everything
			for want == nil || !maps.EqualFunc(mirror, want, equal) {
				select {
				case batch := <-watcher.Batches():
					for _, change := range batch.Changes {
						follow(mirror, change)
					}
				case <-ended:
					want, ended = contents(t, top), nil
				case <-timeout:
					t.Fatalf("not equal:\n%v\n%v\n%+v", differing(mirror, want), c.log[max(0, len(c.log)-400):], watcher.Status())
				}
			}
			cancel()
			for range watcher.Batches() { // awaits the end
			}
		})
	}
}

// follow takes the word of a change for whether there is a file. What is read may be newer, or gone again already: then
// its content is not known.
func follow(mirror map[string][32]byte, change watch.Change) {
	apply(mirror, change.Path)
	if change.Kind == watch.Deleted {
		delete(mirror, change.Path)
	} else if _, found := mirror[change.Path]; !found {
		mirror[change.Path] = [32]byte{}
	}
}

func equal(got, want [32]byte) bool { return got == want || got == [32]byte{} }

func differing(got, want map[string][32]byte) []string {
	var all []string
	for path := range want {
		if _, ok := got[path]; !ok {
			all = append(all, "missing "+path)
		} else if got[path] != want[path] {
			all = append(all, "old "+path)
		}
	}
	for path := range got {
		if _, ok := want[path]; !ok {
			all = append(all, "left "+path)
		}
	}
	return all
}

// chaos does random things to a tree. What fails, because something else was done before, is no matter.
type chaos struct {
	*rand.Rand

	top string
	log []string
}

func (c *chaos) step() {
	from, to := c.path(), c.path()
	switch c.IntN(8) {
	case 0:
		c.note("mkdir", from, os.MkdirAll(from, 0o755))
	case 1, 2:
		c.note("write", from+".py", os.WriteFile(from+".py", fmt.Append(nil, c.IntN(1000)), 0o600))
	case 3, 4:
		c.note("mv", from+" "+to, os.Rename(from, to))
	case 5:
		c.note("mv", from+".py "+to+".py", os.Rename(from+".py", to+".py"))
	case 6:
		if c.IntN(3) == 0 && from != filepath.Join(c.top, "src") {
			c.note("rm", from, os.RemoveAll(from))
		}
	case 7:
		_ = os.MkdirAll(filepath.Dir(from), 0o755)
		c.note("write", from+".py", os.WriteFile(from+".py", fmt.Append(nil, c.IntN(1000)), 0o600))
	}
	if c.IntN(10) == 0 {
		for range c.IntN(300_000) { // lets the watcher come in between, without a sleep
			c.IntN(2)
		}
	}
}

func (c *chaos) note(what, path string, err error) {
	if err == nil {
		c.log = append(c.log, what+" "+path)
	}
}

// path is one of some places in the tree, or outside of it.
func (c *chaos) path() string {
	elements := []string{c.top, []string{"src", "src", "src", "out"}[c.IntN(4)]}
	for range 1 + c.IntN(4) {
		elements = append(elements, string(rune('a'+c.IntN(3))))
	}
	return filepath.Join(elements...)
}
