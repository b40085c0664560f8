package state

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
)

// Environments says for which files of the project Python environments were made, as fingerprints by the name of the volume
// that an environment is in, else by the ID of its container; "" is one that uv was changing when it was interrupted. By a
// project's folder it is for which of its files the packages were to be left as they are. What cannot be read counts as nothing
// known: an environment can be synced again.
func (s Store) Environments() map[string]string { return s.texts("environments.json") }

// BuiltFor says for which files of the project the image of each service was built: its ID, a blank and their fingerprint.
func (s Store) BuiltFor() map[string]string { return s.texts("built-for.json") }

// SaveBuiltFor remembers them. What one of two at once has said may be lost.
func (s Store) SaveBuiltFor(images map[string]string) error {
	return s.save("built-for.json", images)
}

func (s Store) texts(name string) map[string]string {
	texts := map[string]string{}
	content, err := os.ReadFile(s.path(name))
	if err != nil || json.Unmarshal(content, &texts) != nil {
		return map[string]string{}
	}
	return texts
}

// SaveEnvironments remembers them. The caller holds Change.
func (s Store) SaveEnvironments(environments map[string]string) error {
	return s.save("environments.json", environments)
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
