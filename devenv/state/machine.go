package state

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"

	"devenv/devenv/fault"
)

// Machine is what the checkouts of one user know of each other: which of them have ports. The ports themselves are each
// checkout's own to remember, so a checkout that is deleted is forgotten.
type Machine struct{ folder string }

// OnMachine keeps its memory in an absolute folder; with "" checkouts know nothing of each other.
func OnMachine(folder string) Machine { return Machine{folder: folder} }

// DecidePorts remembers for a checkout the ports that decide chooses, and nobody else decides meanwhile. decide is told the
// ports of the other checkouts, by their folders. Where nothing can be written it decides all the same.
func (m Machine) DecidePorts(ctx context.Context, own Store, decide func(others map[string]Ports) (Ports, error)) error {
	lock, err := m.lock(ctx)
	if err != nil {
		return err
	}
	folders := m.checkouts()
	others := map[string]Ports{}
	for _, folder := range folders {
		if other := In(folder); other != own {
			others[folder] = other.Ports()
		}
	}
	ports, err := decide(others)
	if err == nil {
		err = own.savePorts(ports)
	}
	if err == nil {
		err = m.add(folders, filepath.Dir(own.folder))
	}
	if errors.Is(err, ErrUnwritable) {
		err = nil // whoever changes the project has said so
	}
	if lock != nil {
		err = errors.Join(err, lock.Unlock())
	}
	return err
}

// portsWithin bounds the wait for others that decide about their ports.
const portsWithin = 30 * time.Second

// lock is nil where nothing can be locked: then the engine alone is the judge.
func (m Machine) lock(ctx context.Context) (*flock.Flock, error) {
	if m.folder == "" || os.MkdirAll(m.folder, 0o755) != nil {
		return nil, nil
	}
	patient, cancel := context.WithTimeout(ctx, portsWithin)
	defer cancel()
	lock := flock.New(filepath.Join(m.folder, "ports.lock"))
	held, err := lock.TryLockContext(patient, 5*time.Millisecond)
	switch {
	case held:
		return lock, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fault.New(fault.Failed, "ports of this machine: another devenv decides about them for %s already", portsWithin).
			WithHint("`fuser %s` says which", lock.Path())
	}
	return nil, nil //nolint:nilerr // a file system without locks
}

// checkouts are the folders of projects with ports, those that still are there.
func (m Machine) checkouts() []string {
	var folders []string
	content, err := os.ReadFile(m.index())
	if err != nil || json.Unmarshal(content, &folders) != nil {
		return nil
	}
	return slices.DeleteFunc(folders, func(folder string) bool {
		_, err := os.Stat(In(folder).path("ports.json"))
		return err != nil
	})
}

func (m Machine) add(folders []string, own string) error {
	if m.folder == "" || slices.Contains(folders, own) {
		return nil
	}
	content, err := json.MarshalIndent(append(folders, own), "", "  ")
	if err != nil || os.MkdirAll(m.folder, 0o755) != nil {
		return err
	}
	err = writeAtomically(m.index(), append(content, '\n'))
	if err != nil {
		return errors.Join(ErrUnwritable, err)
	}
	return nil
}

func (m Machine) index() string { return filepath.Join(m.folder, "checkouts.json") }
