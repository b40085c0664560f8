package state

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What is kept of images comes back, and goes when nobody has asked for it in a long time.
func TestImages(t *testing.T) {
	images := In(t.TempDir()).Images()
	images.Save("old", []byte("1"))
	images.Save("used", []byte("2"))
	long := time.Now().Add(-2 * imageUnused)
	for _, name := range []string{"old", "used"} {
		if err := os.Chtimes(images.path(name), long, long); err != nil {
			t.Fatal(err)
		}
	}
	if content, found := images.Load("used"); !found || string(content) != "2" {
		t.Errorf("got %q, %v", content, found)
	}
	images.Save("new", []byte("3"))
	for name, want := range map[string]bool{"old": false, "used": true, "new": true} {
		if _, found := images.Load(name); found != want {
			t.Errorf("%s: found %v", name, found)
		}
	}
}

// A folder that cannot be made is a cache that keeps nothing.
func TestImagesUnwritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	images := In(file).Images()
	images.Save("name", []byte("1"))
	if _, found := images.Load("name"); found {
		t.Error("found what could not be kept")
	}
}
