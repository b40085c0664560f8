package state

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Home is the project folder in which this state was made, "" where none was remembered.
func (s Store) Home() string {
	content, err := os.ReadFile(s.path("folder"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

// Own says that the state belongs to a project folder, the one that it lies in, without symbolic links.
func (s Store) Own(folder string) error {
	if err := s.create(); err != nil {
		return err
	}
	return unwritable(writeAtomically(s.path("folder"), []byte(folder+"\n")))
}

// private is what belongs to one checkout alone: who holds it, its session, its ports, its containers.
var private = [...]string{
	"live.holder", "live.sock", "live.log", "change.holder", "debug.json", "ports.json", "environments.json", "hooks.json", "project.json", "taken",
}

// Disown forgets what belongs to the checkout that this one was copied from. The choice of mode and profile stays.
func (s Store) Disown(folder string) error {
	for _, name := range private {
		if err := os.Remove(s.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return unwritable(err)
		}
	}
	return s.Own(folder)
}

// claim notes whose the state is, where nobody has.
func (s Store) claim() error {
	if s.Home() != "" {
		return nil
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(s.folder))
	if err != nil {
		return err
	}
	return writeAtomically(s.path("folder"), []byte(folder+"\n"))
}

// Project is what the checkout itself remembers of its project's name, should the machine's list be lost; none where
// nothing was started yet, or in another folder.
func (s Store) Project() []Project {
	var own Project
	content, err := os.ReadFile(s.path("project.json"))
	if err != nil || json.Unmarshal(content, &own) != nil || own.Folder != s.Home() {
		return nil
	}
	return []Project{own}
}

// SaveProject remembers it.
func (s Store) SaveProject(own Project) error {
	if before := s.Project(); len(before) == 1 && before[0] == own {
		return nil
	}
	return s.save("project.json", own)
}
