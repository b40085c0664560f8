package state

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"

	"devenv/devenv/fault"
)

// Holder says who holds a lock.
type Holder struct {
	Command string    `json:"command"` // as typed, for example "devenv up"
	PID     int       `json:"pid"`
	Since   time.Time `json:"since"`
	Passing bool      `json:"passing,omitempty"` // it will not hold for long, and nobody need end it: wait
}

// Lock is held by one process. The operating system gives it back when the process ends, in whatever way; the
// text that names the holder may then remain, and says nothing while nobody holds the lock.
type Lock struct {
	file   *flock.Flock
	holder string
}

// The locks of a checkout: Live is held by the foreground `devenv up` as long as it runs, Change by every command
// while it changes the project's containers.
const (
	Live   = "live"
	Change = "change"
)

// Lock takes the lock called name for holder, or fails with a fault.Error that names the one who has it.
func (s Store) Lock(ctx context.Context, name string, holder Holder) (*Lock, error) {
	// Holder looks by taking the lock for an instant: a look must not count as a holder.
	patient, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	lock, err := s.Await(patient, name, holder)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, s.heldBy(name)
	}
	return lock, err
}

// lockEvery is how often a lock that another process holds is tried again.
const lockEvery = 5 * time.Millisecond

// Await is Lock for a lock that others hold for a short time: it waits until they have given it back, or ctx ends.
func (s Store) Await(ctx context.Context, name string, holder Holder) (*Lock, error) {
	if err := s.create(); err != nil {
		return nil, err
	}
	file := flock.New(s.path(name + ".lock"))
	held, err := file.TryLockContext(ctx, lockEvery)
	switch {
	case held:
	case ctx.Err() != nil:
		return nil, ctx.Err()
	default:
		return nil, fault.New(fault.Failed, "lock of this project: %w", err)
	}
	content, err := json.Marshal(holder)
	if err == nil {
		err = writeAtomically(s.path(name+".holder"), content)
	}
	if err != nil {
		return nil, errors.Join(err, file.Unlock())
	}
	return &Lock{file: file, holder: s.path(name + ".holder")}, nil
}

// Holder is who holds the lock called name, if anybody does.
func (s Store) Holder(name string) (Holder, bool) {
	file := flock.New(s.path(name+".lock"), flock.SetFlag(os.O_RDONLY))
	free, err := file.TryRLock()
	if free {
		_ = file.Unlock() // closing the file, which it does too, gives the lock back in any case
	}
	if free || err != nil {
		return Holder{}, false
	}
	var holder Holder
	content, err := os.ReadFile(s.path(name + ".holder"))
	if err == nil {
		err = json.Unmarshal(content, &holder)
	}
	return holder, err == nil || errors.Is(err, fs.ErrNotExist)
}

// Died is the holder of a lock that nobody holds any more and that was not given back: its process was killed, or the
// machine went down.
func (s Store) Died(name string) (Holder, bool) {
	if _, held := s.Holder(name); held {
		return Holder{}, false
	}
	var holder Holder
	content, err := os.ReadFile(s.path(name + ".holder"))
	return holder, err == nil && json.Unmarshal(content, &holder) == nil
}

// Bury forgets a holder that died.
func (s Store) Bury(name string) error {
	if _, died := s.Died(name); !died {
		return nil
	}
	return os.Remove(s.path(name + ".holder"))
}

func (s Store) heldBy(name string) error {
	holder, known := s.Holder(name)
	if !known || holder.PID == 0 {
		return fault.New(fault.Failed, "this project is held by another devenv").WithHint("try again when it has ended")
	}
	return fault.New(fault.Failed, "this project is held by %q (pid %d, since %s)",
		holder.Command, holder.PID, holder.Since.Local().Format("15:04:05")).WithHint("end it, or wait for it")
}

// LockFile is the file of the lock called name.
func (s Store) LockFile(name string) string { return s.path(name + ".lock") }

// Release gives the lock back. Where the lock's file was removed (`git clean` was here), who is noted as its holder is
// another process.
func (l *Lock) Release() error {
	if !l.stands() {
		return l.file.Unlock()
	}
	err := os.Remove(l.holder)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // `git clean` was here
	}
	return errors.Join(err, l.file.Unlock())
}

// stands says that the lock's file is the one that was locked.
func (l *Lock) stands() bool {
	locked, err := l.file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(l.file.Path())
	return err == nil && os.SameFile(locked, there)
}
