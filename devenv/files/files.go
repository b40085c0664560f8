// Package files changes files that people wrote. Each is whole at every moment, keeps its owner and mode, and of several
// either all change or none; what somebody else has changed meanwhile is left alone.
package files

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"devenv/devenv/fault"
)

// changedIn are the names of files whose content differs, sorted.
func changedIn(before, now map[string][]byte) []string {
	var names []string
	for name, content := range now {
		if was, there := before[name]; !there || !bytes.Equal(was, content) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Write replaces in a folder what differs between before, as it was read, and now: contents by slashed path below the
// folder. What before has not, is not there yet. It writes nothing if somebody has changed one of the files since. Every
// file appears whole, with the owner and mode that it had; a new one belongs to the owner of its folder. An error leaves
// all files as they were.
func Write(folder string, before, now map[string][]byte) (changed []string, err error) {
	changed = changedIn(before, now)
	for _, name := range changed {
		present, err := os.ReadFile(host(folder, name))
		if _, known := before[name]; err != nil && (known || !errors.Is(err, fs.ErrNotExist)) || !bytes.Equal(present, before[name]) {
			return nil, fault.New(fault.Failed, "%s: it was changed meanwhile, so nothing was written", name).WithHint("run the command again")
		}
	}
	for i, name := range changed {
		if err := replace(host(folder, name), now[name]); err != nil {
			return nil, errors.Join(err, Restore(folder, before, changed[:i]))
		}
	}
	return changed, nil
}

// Restore puts files of a folder back as they were before.
func Restore(folder string, before map[string][]byte, names []string) error {
	var all []error
	for _, name := range names {
		if content, there := before[name]; there {
			all = append(all, replace(host(folder, name), content))
		} else {
			all = append(all, os.Remove(host(folder, name)))
		}
	}
	return errors.Join(all...)
}

// replace writes a file by renaming a new one. A symbolic link stays one, and the file that it names is replaced. The
// new one's name ends as those do that no watcher looks at.
func replace(name string, content []byte) (err error) {
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	like, mode, err := model(name)
	if err != nil {
		return fault.New(fault.Failed, "%s: %w", name, err)
	}
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*~")
	if err != nil {
		return fault.New(fault.Failed, "%s: %w", name, err)
	}
	_, err = file.Write(content)
	err = errors.Join(err, own(file, like), file.Chmod(mode), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return errors.Join(fault.New(fault.Failed, "%s: %w", name, err), os.Remove(file.Name()))
	}
	return nil
}

// MakeFolder makes a folder that belongs to the owner of the one that it is in.
func MakeFolder(name string) error {
	like, err := os.Stat(filepath.Dir(name))
	if err != nil {
		return fault.New(fault.Failed, "%s: %w", name, err)
	}
	if err := os.Mkdir(name, 0o755); err != nil {
		return fault.New(fault.Failed, "%s: %w", name, err)
	}
	folder, err := os.Open(name)
	if err != nil {
		return fault.New(fault.Failed, "%s: %w", name, err)
	}
	return errors.Join(own(folder, like), folder.Close())
}

// model is what a file's owner and mode are taken from: itself, or for a new one its folder.
func model(name string) (like fs.FileInfo, mode fs.FileMode, err error) {
	like, err = os.Stat(name)
	if !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			mode = like.Mode().Perm()
		}
		return like, mode, err
	}
	like, err = os.Stat(filepath.Dir(name))
	return like, 0o644, err
}

func host(folder, name string) string { return filepath.Join(folder, filepath.FromSlash(name)) }
