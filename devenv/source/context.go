package source

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Sent is what a build context sends: Docker's rules alone count here, not those of git and of devenv.
type Sent struct {
	Path string // relative to the context, slashed
	fs.DirEntry
}

// Walk visits what a build can take from below a folder of the context ("." is all of it), by the rules of its
// .dockerignore. visit may return fs.SkipDir for a folder, or fs.SkipAll. What cannot be read is left out.
func (c Context) Walk(folder string, visit func(Sent) error) error {
	globs := dockerignore(c, func(path string) string { return path })
	top := filepath.Join(c.Folder, filepath.FromSlash(folder))
	return filepath.WalkDir(top, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // it is the build's to report
		}
		relative := filepath.ToSlash(below(c.Folder, name))
		if relative == "" {
			return nil
		}
		if g := docker(globs, relative); g != nil && !g.negated {
			if entry.IsDir() && reopens(globs, relative) == nil {
				return fs.SkipDir
			}
			return nil
		}
		return visit(Sent{relative, entry})
	})
}

// Ignores is the line of the .dockerignore, as FILE:LINE, that keeps a slashed path out of the context, or "". A folder is
// not kept out as long as something in it is sent.
func (c Context) Ignores(name string) string {
	g := docker(dockerignore(c, func(path string) string { return path }), path.Clean(name))
	if g == nil || g.negated {
		return ""
	}
	sent := false
	_ = c.Walk(name, func(Sent) error { // the visitor has no error of its own
		sent = true
		return fs.SkipAll
	})
	if sent {
		return ""
	}
	return g.origin
}

// IgnoreFile is the .dockerignore that governs the context: the Dockerfile's own where there is one.
func (c Context) IgnoreFile() (file string, there bool) {
	own := c.Dockerfile + ".dockerignore"
	if _, err := os.Stat(own); err == nil {
		return own, true
	}
	file = filepath.Join(c.Folder, ".dockerignore")
	_, err := os.Stat(file)
	return file, err == nil
}

// Made says what machine-made thing a path is, by devenv's own rules: a virtual environment, a cache, data of version
// control. It is "" for what people write.
func Made(path string, isDir bool) string {
	if isRepository(filepath.Base(path)) {
		return versionControl
	}
	return builtInRule(path, filepath.Base(path), isDir)
}
