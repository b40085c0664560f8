package state

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
)

// Environments says for which files of the project Python environments were made, as fingerprints by the name of the volume
// that an environment is in, else by the ID of its container; "" is one that uv was changing when it was interrupted. What cannot be read counts as nothing
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

// KeepEnvironments forgets all of them but those in the volumes of a project that has no container any more.
func (s Store) KeepEnvironments(volumes map[string]string) error {
	known := s.Environments()
	maps.DeleteFunc(known, func(name, _ string) bool { return volumes[name] == "" })
	if len(known) > 0 {
		return s.SaveEnvironments(known)
	}
	err := os.Remove(s.path("environments.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
