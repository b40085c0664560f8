package state

import (
	"os"
	"path/filepath"
	"time"
)

// Images keeps what was learned of images and their layers, each in a file of its own. What is lost, or could not be
// written, is learned again.
type Images struct{ store Store }

// Images is the cache of this checkout.
func (s Store) Images() Images { return Images{s} }

// imageUnused is for how long a file is kept that nobody has asked for.
const imageUnused = 30 * 24 * time.Hour

// Load is what Save was given under a name, if it is still there.
func (i Images) Load(name string) ([]byte, bool) {
	content, err := os.ReadFile(i.path(name))
	if err != nil {
		return nil, false
	}
	now := time.Now()
	_ = os.Chtimes(i.path(name), now, now) // a cache that cannot be written is read
	return content, true
}

// Save keeps content and lets go of what was not asked for in a long time.
func (i Images) Save(name string, content []byte) {
	if i.store.Write(i.path(name), content) == nil {
		i.forget(time.Now().Add(-imageUnused))
	}
}

func (i Images) forget(before time.Time) {
	entries, _ := os.ReadDir(i.path("")) // sorted names; what cannot be listed stays
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.ModTime().Before(before) {
			_ = os.Remove(i.path(entry.Name()))
		}
	}
}

func (i Images) path(name string) string { return filepath.Join(i.store.Folder(), "images", name) }
