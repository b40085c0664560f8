package source

import (
	"os"
	"path/filepath"
	"strings"
)

const gitIgnore = ".gitignore"

// ignoreFile is a .gitignore (or .git/info/exclude) that governs the paths below a folder.
type ignoreFile struct {
	folder string // absolute
	globs  []glob
}

// repository is the top of the git work tree that a folder is in, or "".
func repository(folder string) string {
	for {
		if exists(folder, ".git") {
			return folder
		}
		up := filepath.Dir(folder)
		if up == folder {
			return ""
		}
		folder = up
	}
}

// excludeFile is where a work tree's own info/exclude is. In a linked work tree .git is a file that leads there.
func excludeFile(top string) string {
	data := filepath.Join(top, ".git")
	if text, err := os.ReadFile(data); err == nil {
		data = resolve(top, strings.TrimSpace(strings.TrimPrefix(string(text), "gitdir:")))
		if common, err := os.ReadFile(filepath.Join(data, "commondir")); err == nil {
			data = resolve(data, strings.TrimSpace(string(common)))
		}
	}
	return filepath.Join(data, "info", "exclude")
}

func resolve(folder, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// gitFile reads an ignore file for folder. One that is absent or cannot be read has no rules.
func (t *Tree) gitFile(folder, path string) []ignoreFile {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return []ignoreFile{{folder: folder, globs: parseGit(string(text), t.shown(path))}}
}

// above are the ignore files that reach a root of the tree from above: info/exclude, then each .gitignore from the
// top of the work tree down to the folder over the root.
func (t *Tree) above(root string) []ignoreFile {
	top := repository(root)
	if top == "" {
		return nil
	}
	files := t.gitFile(top, excludeFile(top))
	below, err := filepath.Rel(top, root)
	if err != nil || below == "." {
		return files
	}
	folder := top
	for element := range strings.SplitSeq(filepath.ToSlash(below), "/") {
		files = append(files, t.gitFile(folder, filepath.Join(folder, gitIgnore))...)
		folder = filepath.Join(folder, element)
	}
	return files
}

// git is the line that decides on a path: of the nearest file that has one for it, the last.
func git(files []ignoreFile, path string, isDir bool) *glob {
	for i := len(files) - 1; i >= 0; i-- {
		if g := lastMatch(files[i].globs, below(files[i].folder, path), isDir); g != nil {
			return g
		}
	}
	return nil
}

// below is path relative to folder, which it lies in, with slashes.
func below(folder, path string) string {
	return strings.TrimPrefix(filepath.ToSlash(path[len(folder):]), "/")
}
