package state

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
)

// Environments says for which files of the project the Python environment of each container was made, as fingerprints
// by the container's ID; "" is one that uv was changing when it was interrupted. What cannot be read counts as nothing
// known: an environment can be synced again.
func (s Store) Environments() map[string]string {
	environments := map[string]string{}
	content, err := os.ReadFile(s.path("environments.json"))
	if err != nil || json.Unmarshal(content, &environments) != nil {
		return map[string]string{}
	}
	return environments
}

// SaveEnvironments remembers them. The caller holds Change.
func (s Store) SaveEnvironments(environments map[string]string) error {
	if err := s.create(); err != nil {
		return err
	}
	content, err := json.MarshalIndent(environments, "", "  ")
	if err != nil {
		return err
	}
	return writeAtomically(s.path("environments.json"), append(content, '\n'))
}

// ForgetEnvironments is for a project that has no container any more.
func (s Store) ForgetEnvironments() error {
	err := os.Remove(s.path("environments.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
