// Package host runs a developer's own commands on this machine: hooks, and those that print a secret. A command has no
// input and no terminal, a time limit, and a process group of its own, so that all that it has started ends with it.
package host

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"time"

	"devenv/devenv/fault"
)

// Command is a command and how it runs.
type Command struct {
	Args     []string
	Dir      string   // absolute
	Env      []string // NAME=value, all of it
	Out, Err io.Writer
	Limit    time.Duration
}

// endWithin is how long a command may take to end after it was told to.
const endWithin = 5 * time.Second

// Run runs a command to its end and returns its exit status. Where ctx or the limit is over, its process group gets
// SIGTERM and, if that is not enough, SIGKILL; the error is that of ctx, or says that it took too long. now ends the wait
// in between: it is done when the user does not want to wait.
func Run(ctx, now context.Context, command Command) (status int, err error) {
	limited, cancel := context.WithTimeout(ctx, command.Limit)
	defer cancel()
	cmd := exec.CommandContext(limited, command.Args[0], command.Args[1:]...) //nolint:gosec // the user's own command
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = command.Dir, command.Env, command.Out, command.Err
	cmd.SysProcAttr = ownGroup()
	cmd.Cancel = func() error { return endGroup(cmd.Process) }
	cmd.WaitDelay = endWithin
	if err := cmd.Start(); err != nil {
		return 0, fault.New(fault.Failed, "%s: %w", command.Args[0], cause(err))
	}
	defer killGroup(cmd.Process)
	defer context.AfterFunc(now, func() { killGroup(cmd.Process) })()
	err = cmd.Wait()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case limited.Err() != nil:
		return 0, fault.New(fault.Failed, "it took longer than %s", command.Limit)
	case errors.As(err, &exit):
		return exit.ExitCode(), nil
	case errors.Is(err, exec.ErrWaitDelay): // it has ended; what it left behind held its output
		return 0, nil
	}
	return 0, err
}

// cause is what starting a program failed for, without its name.
func cause(err error) error {
	var notFound *exec.Error
	var refused *fs.PathError
	switch {
	case errors.As(err, &notFound):
		return notFound.Err
	case errors.As(err, &refused):
		return refused.Err
	}
	return err
}
