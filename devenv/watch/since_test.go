package watch_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"devenv/devenv/source"
	"devenv/devenv/watch"
)

// A file that was moved in, or was given an old time after it was written, was written nevertheless; ignored files and
// files from before were not.
func TestWrittenSince(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write := func(name string) string {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	old := write("src/old.py")
	var since time.Time
	for { // the clock of the file system goes in ticks
		info, err := os.Stat(old)
		if err != nil {
			t.Fatal(err)
		}
		if since = time.Now(); since.Sub(info.ModTime()) > 20*time.Millisecond {
			break
		}
		<-time.After(time.Millisecond)
	}
	dated, ignored := write("src/dated.py"), write("src/__pycache__/a.pyc")
	if err := os.Chtimes(dated, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, change := range watch.WrittenSince(t.Context(), source.NewTree(source.Rules{Roots: []string{root}}), since.Add(-5*time.Millisecond)) {
		got = append(got, change.Path)
	}
	if len(got) != 1 || got[0] != dated {
		t.Errorf("got %v, want %s, and neither %s nor %s", got, dated, old, ignored)
	}
}
