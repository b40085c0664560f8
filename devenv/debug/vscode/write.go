package vscode

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"devenv/devenv/fault"
)

// Write brings tasks.json and launch.json in the .vscode of a folder up to date, and returns the paths of those that it
// changed. Both are computed before the first is written, so a file that cannot be understood leaves both alone. A
// symbolic link, of the folder or of a file, is followed; a file keeps its permissions.
func Write(folder string, p Project) ([]string, error) {
	var files []file
	for _, kind := range []struct {
		name string
		edit func([]byte, string, Project) ([]byte, error)
	}{{"tasks.json", Tasks}, {"launch.json", Launch}} {
		f, err := read(filepath.Join(folder, ".vscode", kind.name))
		if err != nil {
			return nil, err
		}
		if f.after, err = kind.edit(f.before, filepath.Join(".vscode", kind.name), p); err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	var changed []string
	for _, f := range files {
		if slices.Equal(f.before, f.after) {
			continue
		}
		if err := f.write(); err != nil {
			return changed, err
		}
		changed = append(changed, f.path)
	}
	return changed, nil
}

// Folder is the folder that VS Code most likely opens for a project: the nearest that has a .vscode, from the project's
// own up to the top of its git work tree, else the project's own. VS Code records it nowhere that could be asked.
func Folder(project string) string {
	for at := project; ; at = filepath.Dir(at) {
		if isFolder(filepath.Join(at, ".vscode")) {
			return at
		}
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil || at == filepath.Dir(at) {
			return project
		}
	}
}

// Spellings are a folder as it is given and with its symbolic links resolved, for Project.Folders.
func Spellings(folder string) []string {
	resolved, err := filepath.EvalSymlinks(folder)
	if err != nil || resolved == folder {
		return []string{folder}
	}
	return []string{folder, resolved}
}

// file is one on the disk: what it has, and what it should have.
type file struct {
	path          string
	mode          fs.FileMode
	before, after []byte
}

// read follows a symbolic link, so that what replaces the file replaces what the link leads to. No file is an empty one.
func read(path string) (file, error) {
	f := file{path: path, mode: 0o644}
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(path); err == nil {
			return f, fault.New(fault.Failed, "%s: a symbolic link that leads nowhere", path).WithHint("mend it or remove it; nothing was written")
		}
		return f, nil
	}
	if err != nil {
		return f, fault.New(fault.Failed, "editor settings: %w", err)
	}
	info, err := os.Stat(target)
	if err == nil {
		f.path, f.mode = target, info.Mode().Perm()
		f.before, err = os.ReadFile(target)
	}
	if err != nil {
		return f, fault.New(fault.Failed, "editor settings: %w", err)
	}
	return f, nil
}

// write replaces the file at once: whoever reads it, VS Code among them, sees the old or the new text.
func (f file) write() error {
	folder := filepath.Dir(f.path)
	err := os.MkdirAll(folder, 0o755)
	if err != nil {
		return fault.New(fault.Failed, "editor settings: %w", err)
	}
	temporary, err := os.CreateTemp(folder, "."+filepath.Base(f.path)+".*")
	if err != nil {
		return fault.New(fault.Failed, "editor settings: %w", err)
	}
	_, err = temporary.Write(f.after)
	err = errors.Join(err, temporary.Chmod(f.mode), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), f.path)
	}
	if err != nil {
		return errors.Join(fault.New(fault.Failed, "editor settings: %w", err), os.Remove(temporary.Name()))
	}
	return nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
