package state

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
)

// HooksDone are the keys of the hooks that have run to their end since the project was down. What cannot be read counts
// as nothing done: a hook can be run again.
func (s Store) HooksDone() []string {
	var keys []string
	content, err := os.ReadFile(s.path("hooks.json"))
	if err != nil || json.Unmarshal(content, &keys) != nil {
		return nil
	}
	return keys
}

// SaveHooksDone remembers them. The caller holds Change.
func (s Store) SaveHooksDone(keys []string) error {
	return s.save("hooks.json", keys)
}

// ForgetHooks is for a project that has no container any more.
func (s Store) ForgetHooks() error {
	err := os.Remove(s.path("hooks.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
