package state

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"devenv/devenv/fault"
)

// DecidePorts remembers for the checkout in a folder, without symbolic links, the ports that decide chooses, and nobody else
// decides meanwhile. decide is told the ports of the other checkouts, by their folders: each remembers its own, so one
// that is deleted has none. Where nothing can be written or locked it decides all the same, and the engine is the judge.
func (r Registry) DecidePorts(ctx context.Context, folder string, own Store, decide func(others map[string]Ports) (Ports, error)) error {
	lock, err := r.lockPorts(ctx)
	if err != nil {
		return err
	}
	if lock != nil {
		defer func() { _ = lock.Unlock() }() // closing the file, which it does too, gives the lock back in any case
	}
	others, err := r.OtherPorts(folder)
	if err != nil {
		return err
	}
	ports, err := decide(others)
	if err != nil {
		return err
	}
	if err := own.savePorts(ports); !errors.Is(err, ErrUnwritable) {
		return err
	}
	return nil // whoever changes the project has said so
}

// OtherPorts are the ports that checkouts besides the one in a folder remember, by their folders.
func (r Registry) OtherPorts(folder string) (map[string]Ports, error) {
	known, err := r.Projects()
	others := map[string]Ports{}
	for _, project := range known {
		if project.Folder != folder {
			others[project.Folder] = In(project.Folder).allPorts()
		}
	}
	return others, err
}

// portsWithin bounds the wait for others that decide about their ports.
const portsWithin = 30 * time.Second

// lockPorts is nil where nothing can be locked.
func (r Registry) lockPorts(ctx context.Context) (*flock.Flock, error) {
	if r.path == "" || os.MkdirAll(filepath.Dir(r.path), 0o755) != nil {
		return nil, nil
	}
	patient, cancel := context.WithTimeout(ctx, portsWithin)
	defer cancel()
	lock := flock.New(filepath.Join(filepath.Dir(r.path), "ports.lock"))
	held, err := lock.TryLockContext(patient, lockEvery)
	switch {
	case held:
		return lock, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fault.New(fault.Failed, "ports of this machine: another devenv has decided about them for %s", portsWithin).
			WithHint("`fuser %s` says which", lock.Path())
	}
	return nil, nil // a file system without locks
}
