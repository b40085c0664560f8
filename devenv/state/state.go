// Package state is what one checkout of a project remembers between commands, in the folder .devenv/state beside
// its compose file: the mode that was chosen, and who holds the project at the moment. The folder is made when
// there is something to remember, and ignored by git from that moment.
package state

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"devenv/devenv/fault"
)

// State is the memory of a checkout.
type State struct {
	Profile  string            `json:"profile,omitempty"`  // "" is none
	Mode     string            `json:"mode,omitempty"`     // mode of the project; "" is the default mode
	Services map[string]string `json:"services,omitempty"` // modes of single services that differ from it
}

// Store reads and writes the state of the checkout in one project folder.
type Store struct{ folder string }

// In is the store of the project in an absolute folder; nothing is created before the first write.
func In(projectDir string) Store { return Store{folder: filepath.Join(projectDir, ".devenv")} }

// Load is the remembered state, the zero State where nothing was remembered yet.
func (s Store) Load() (State, error) {
	var state State
	content, err := os.ReadFile(s.path("state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return state, nil
	}
	if err != nil {
		return state, fault.New(fault.Failed, "state of this checkout: %w", err)
	}
	if err := json.Unmarshal(content, &state); err != nil {
		return State{}, fault.New(fault.Usage, "%s: not a state file: %w", s.path("state.json"), err).
			WithHint("delete it; devenv then starts from the default mode")
	}
	return state, nil
}

// Save remembers state; a reader sees the old or the new one, never a part.
func (s Store) Save(state State) error {
	return s.save("state.json", state)
}

// save writes one of the checkout's files.
func (s Store) save(name string, value any) error {
	if err := s.create(); err != nil {
		return err
	}
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return writeAtomically(s.path(name), append(content, '\n'))
}

// Folder is where the state lies; it exists once a Lock was taken.
func (s Store) Folder() string { return filepath.Join(s.folder, "state") }

func (s Store) path(name string) string { return filepath.Join(s.folder, "state", name) }

// ErrUnwritable is a project folder in which nothing can be remembered.
var ErrUnwritable = errors.New("the folder cannot be written")

// create makes the folders and tells git to ignore what is personal in them.
func (s Store) create() error {
	err := os.MkdirAll(filepath.Join(s.folder, "state"), 0o755)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return &fault.Error{Class: fault.Failed, Message: "state of this checkout: " + err.Error(), Err: ErrUnwritable}
	}
	if err != nil {
		return fault.New(fault.Failed, "state of this checkout: %w", err)
	}
	if err := s.claim(); err != nil {
		return err
	}
	ignore := filepath.Join(s.folder, ".gitignore")
	if _, err := os.Stat(ignore); err == nil {
		return nil
	}
	return writeAtomically(ignore, []byte("# written by devenv: what belongs to one developer alone\n/state/\n/profiles/*.local.yaml\n"))
}

// Write replaces a file of this checkout's .devenv at once; what is personal in there is ignored by git before.
func (s Store) Write(path string, content []byte) error {
	if err := s.create(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fault.New(fault.Failed, "state of this checkout: %w", err)
	}
	return writeAtomically(path, content)
}

func writeAtomically(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fault.New(fault.Failed, "state of this checkout: %w", err)
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Chmod(0o644), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(fault.New(fault.Failed, "state of this checkout: %w", err), os.Remove(file.Name()))
	}
	return nil
}
