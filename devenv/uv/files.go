package uv

import (
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
	"devenv/devenv/files"
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

// Write replaces on the host what differs between before, which Read has read, and now, as files.Write does.
func (p Project) Write(before, now Files) (changed []string, err error) {
	return files.Write(p.Host, before, now)
}

// below is path relative to folder, or "" if it is not in it.
func below(folder, name string) string {
	relative, inside := strings.CutPrefix(name, strings.TrimSuffix(folder, "/")+"/")
	if !inside {
		return ""
	}
	return relative
}
