package uv

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"devenv/devenv/fault"
)

const (
	lockFile    = "uv.lock"
	projectFile = "pyproject.toml"
)

// Files are the texts of a project that uv may write, by their slashed paths below its folder: every pyproject.toml that
// uv.lock knows of, and uv.lock, which may be missing.
type Files map[string][]byte

// Read reads the files of a project from the host.
func (p Project) Read() (Files, error) {
	files := Files{}
	for _, name := range []string{projectFile, lockFile} {
		if err := p.read(files, name); err != nil {
			return nil, err
		}
	}
	if _, there := files[projectFile]; !there {
		return nil, fault.New(fault.Usage, "%s: no such file", filepath.Join(p.Host, projectFile)).WithHint("uv init creates it")
	}
	members := append(folders(files[lockFile]), folder{path: p.Workdir})
	members = append(members, p.members(files[projectFile])...) // one that is new is not in the lock file
	for _, member := range members {
		if !filepath.IsLocal(member.path) {
			continue
		}
		if err := p.read(files, path.Join(member.path, projectFile)); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// members are the folders that a workspace takes its members from.
func (p Project) members(text []byte) []folder {
	var root project
	_ = toml.Unmarshal(text, &root) // uv says what is wrong with it
	var all []folder
	for _, pattern := range root.Tool.UV.Workspace.Members {
		found, _ := filepath.Glob(filepath.Join(p.Host, filepath.FromSlash(pattern), projectFile)) // of a bad one uv tells
		for _, file := range found {
			if inside, err := filepath.Rel(p.Host, filepath.Dir(file)); err == nil {
				all = append(all, folder{path: filepath.ToSlash(inside)})
			}
		}
	}
	return all
}

// Paths are the absolute paths on the host of the files that Read reads, whether they are there or not, sorted.
func (p Project) Paths() []string {
	files, _ := p.Read() // of a project that cannot be read, the two files that would make it one
	paths := []string{p.host(projectFile), p.host(lockFile)}
	for name := range files {
		paths = append(paths, p.host(name))
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

func (p Project) read(into Files, name string) error {
	content, err := os.ReadFile(p.host(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	into[name] = content
	return err
}

func (p Project) host(name string) string { return filepath.Join(p.Host, filepath.FromSlash(name)) }

// Fingerprint is equal for files that ask for the same environment.
func (f Files) Fingerprint() string {
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(f)) {
		fmt.Fprintf(hash, "%s %d\n%s", name, len(f[name]), f[name])
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// changed are the names of files whose content differs, sorted.
func (f Files) changed(now Files) []string {
	var names []string
	for name, content := range now {
		if before, there := f[name]; !there || !bytes.Equal(before, content) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Write replaces on the host what differs between before, which Read has read, and now. It writes nothing if somebody
// has changed one of the files since. Every file appears whole, with the owner and mode that it had; a new one belongs
// to the owner of its folder. An error leaves all files as they were.
func (p Project) Write(before, now Files) (changed []string, err error) {
	changed = before.changed(now)
	for _, name := range changed {
		present, err := os.ReadFile(p.host(name))
		if _, known := before[name]; err != nil && (known || !errors.Is(err, fs.ErrNotExist)) || !bytes.Equal(present, before[name]) {
			return nil, fault.New(fault.Failed, "%s: it was changed while uv worked, so nothing was written", name).WithHint("run the command again")
		}
	}
	for i, name := range changed {
		if err := replace(p.host(name), now[name]); err != nil {
			return nil, errors.Join(err, p.restore(before, changed[:i]))
		}
	}
	return changed, nil
}

// restore puts files back as they were.
func (p Project) restore(before Files, names []string) error {
	var all []error
	for _, name := range names {
		if content, there := before[name]; there {
			all = append(all, replace(p.host(name), content))
		} else {
			all = append(all, os.Remove(p.host(name)))
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

// below is path relative to folder, or "" if it is not in it.
func below(folder, name string) string {
	relative, inside := strings.CutPrefix(name, strings.TrimSuffix(folder, "/")+"/")
	if !inside {
		return ""
	}
	return relative
}
