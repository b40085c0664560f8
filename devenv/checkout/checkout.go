// Package checkout says what the folder of a project is: the first checkout of it on this machine, a linked git
// worktree, or a second clone; and what its Compose project is called, so that two of them never share containers,
// networks or volumes by accident.
//
// Git is not run: its few files that matter here are read (gitrepository-layout(5)).
package checkout

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Checkout is one copy of a project's sources on this machine.
type Checkout struct {
	Folder   string // of the project, absolute, without symbolic links
	Root     string // top folder of the working tree that holds it; Folder where there is no git
	Worktree string // the name that git gave a linked worktree; "" for every other checkout
	git      string // the folder with HEAD; "" where there is no git
	common   string // what all worktrees of the repository share
}

// Find looks at a project's folder. A .git that cannot be understood is none.
func Find(folder string) Checkout {
	if real, err := filepath.EvalSymlinks(folder); err == nil {
		folder = real
	}
	c := Checkout{Folder: folder, Root: folder}
	for root := folder; ; root = filepath.Dir(root) {
		if git, found := gitDir(root); found {
			c.Root, c.git, c.common = root, git, git
			c.Worktree, c.common = linked(git)
			return c
		}
		if root == filepath.Dir(root) {
			return c
		}
	}
}

// gitDir is where git keeps what belongs to the working tree at root: the folder .git, or the one that a file .git
// names, in linked worktrees, submodules and after `git init --separate-git-dir`.
func gitDir(root string) (string, bool) {
	path := filepath.Join(root, ".git")
	info, err := os.Stat(path)
	if err != nil {
		return "", false
	}
	if info.IsDir() {
		_, err := os.Stat(filepath.Join(path, "HEAD"))
		return path, err == nil
	}
	content, err := os.ReadFile(path)
	named, is := strings.CutPrefix(string(content), "gitdir:")
	return below(root, strings.TrimSpace(named)), err == nil && is
}

// linked is the name of a linked worktree and the repository that it belongs to, by its git folder; "" and the git
// folder itself for others. Only a linked worktree has a file commondir. What git keeps for it may be out of reach, as
// where the worktree alone is mounted: then the path says it. A submodule in a linked worktree is as apart from the
// others as that is.
func linked(git string) (name, common string) {
	if content, err := os.ReadFile(filepath.Join(git, "commondir")); err == nil {
		return filepath.Base(git), below(git, strings.TrimSpace(string(content)))
	}
	repository, rest, is := strings.Cut(filepath.ToSlash(git), "/worktrees/")
	name, inside, _ := strings.Cut(rest, "/")
	_, err := os.Stat(git)
	switch {
	case !is:
	case inside == "" && errors.Is(err, fs.ErrNotExist), strings.HasPrefix(inside, "modules/"):
		return name, filepath.FromSlash(repository)
	}
	return "", git
}

func below(folder, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(folder, path)
}

// Git is what git keeps of a linked worktree; "" for every other checkout.
func (c Checkout) Git() string {
	if c.Worktree == "" {
		return ""
	}
	return c.git
}

// Branch is what is checked out: a branch, "detached at 1a2b3c4", or "" where that cannot be read.
func (c Checkout) Branch() string {
	content, err := os.ReadFile(filepath.Join(c.git, "HEAD"))
	if c.git == "" || err != nil {
		return ""
	}
	head := strings.TrimSpace(string(content))
	if ref, symbolic := strings.CutPrefix(head, "ref: refs/heads/"); symbolic {
		return strings.TrimSuffix(ref, ".invalid") // of a repository with reftables: HEAD is elsewhere
	}
	const short = 7
	return "detached at " + head[:min(short, len(head))]
}

// Moved is where the linked worktree that git keeps at a folder is now, after `git worktree move`; "" for one that is gone.
func Moved(git string) string {
	content, err := os.ReadFile(filepath.Join(git, "gitdir"))
	if err != nil {
		return ""
	}
	root := filepath.Dir(below(git, strings.TrimSpace(string(content))))
	if _, err := os.Stat(root); err != nil {
		return ""
	}
	return root
}
