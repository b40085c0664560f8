package watch

import (
	"context"
	"io/fs"
	"path/filepath"
	"time"

	"devenv/devenv/source"
)

// WrittenSince are the files of tree that were written, moved or made after a time, whatever time they bear: what a
// watcher that had run since then would have reported, without the files that are gone. It looks at every file, some
// microseconds each. A folder that cannot be read has none.
func WrittenSince(ctx context.Context, tree *source.Tree, since time.Time) []Change {
	var all []Change
	for _, root := range tree.Roots() {
		_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return filepath.SkipAll
			case err != nil:
				return nil //nolint:nilerr // it has none
			case tree.Ignored(path, entry.IsDir()).Ignored && entry.IsDir():
				return filepath.SkipDir
			case entry.IsDir() || tree.Ignored(path, false).Ignored:
				return nil
			}
			if info, err := entry.Info(); err == nil && written(info).After(since) {
				all = append(all, Change{Path: path, Kind: Modified})
			}
			return nil
		})
	}
	return all
}

// written is when a file got the content that it has: the later one of its times.
func written(info fs.FileInfo) time.Time {
	_, changed := identity(info)
	return time.Unix(0, max(changed, info.ModTime().UnixNano()))
}
