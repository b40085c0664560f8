package state

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/gofrs/flock"

	"devenv/devenv/fault"
)

// Project is one Compose project that devenv has started from a checkout on this machine.
type Project struct {
	Name   string `json:"name"`
	Base   string `json:"base,omitempty"`  // the name without what sets this checkout apart; "" where a person gave the name
	Cause  string `json:"cause,omitempty"` // why it has a suffix
	Folder string `json:"folder"`          // of the project, without symbolic links
	Root   string `json:"root"`            // top folder of the working tree
	Git    string `json:"git,omitempty"`   // what git keeps of a linked worktree
	Engine string `json:"engine"`          // where it was started last
}

// Suffix is what the name has beyond the base.
func (p Project) Suffix() string {
	if p.Base == "" {
		return ""
	}
	return strings.TrimPrefix(strings.TrimPrefix(p.Name, p.Base), "-")
}

// Gone says that the folder of the project is no longer there.
func (p Project) Gone() bool {
	_, err := os.Stat(p.Folder)
	return errors.Is(err, fs.ErrNotExist)
}

// Registry is what this user's devenv knows of the projects on this machine, in one file for all checkouts.
type Registry struct{ path string }

// RegistryIn is the registry in an absolute folder; "" is a registry that remembers nothing.
func RegistryIn(folder string) Registry {
	if folder == "" {
		return Registry{}
	}
	return Registry{filepath.Join(folder, "projects.json")}
}

// Projects are all that are known, also those that are gone, sorted by name and folder.
func (r Registry) Projects() ([]Project, error) {
	content, err := os.ReadFile(r.path)
	if r.path == "" || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.New(fault.Failed, "list of projects: %w", err)
	}
	var projects []Project
	if err := json.Unmarshal(content, &projects); err != nil {
		return nil, fault.New(fault.Usage, "%s: not a list of projects: %w", r.path, err).
			WithHint("delete it; devenv then knows of a project again when it is next started")
	}
	return projects, nil
}

// Change replaces what is known by what change makes of it, while no other devenv does. An error of change's is
// returned, and nothing is written; nothing is written either, and no lock taken, where nothing changes.
func (r Registry) Change(ctx context.Context, change func([]Project) ([]Project, error)) error {
	if r.path == "" {
		return nil
	}
	if before, after, err := r.changed(change); err != nil || slices.Equal(before, after) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(r.path), 0o755); err != nil {
		return unwritable(err)
	}
	lock := flock.New(r.path + ".lock")
	if _, err := lock.TryLockContext(ctx, lockEvery); err != nil {
		return unwritable(err)
	}
	defer func() { _ = lock.Unlock() }() // closing the file, which it does too, gives the lock back in any case
	before, after, err := r.changed(change)
	if err != nil || slices.Equal(before, after) {
		return err
	}
	content, err := json.MarshalIndent(after, "", "  ")
	if err != nil {
		return err
	}
	return unwritable(writeAtomically(r.path, append(content, '\n')))
}

func (r Registry) changed(change func([]Project) ([]Project, error)) (before, after []Project, err error) {
	if before, err = r.Projects(); err == nil {
		after, err = change(slices.Clone(before))
	}
	slices.SortFunc(after, func(a, b Project) int { return strings.Compare(a.Name+"\x00"+a.Folder, b.Name+"\x00"+b.Folder) })
	return before, after, err
}

// unwritable marks an error of a place in which nothing can be remembered.
func unwritable(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return &fault.Error{Class: fault.Failed, Message: "list of projects: " + err.Error(), Err: ErrUnwritable}
	}
	return err
}
