package live

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"time"

	"devenv/devenv/fault"
)

// startWithin bounds the wait for a background session to answer.
const startWithin = 15 * time.Second

// Spawn starts this program again with args as the background session of a project, writing to a log file, and returns
// when it answers at socket. The process outlives this one; the control socket ends it.
func Spawn(ctx context.Context, args, env []string, dir, log, socket string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	output, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = output.Close() }() // the child has its own copy
	cmd := exec.Command(program, args...) //nolint:noctx // it outlives this process
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = dir, env, output, output, detached()
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // it ends with the child, at the latest with this process
	return answers(ctx, socket, ended, log)
}

func answers(ctx context.Context, socket string, ended <-chan error, log string) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		if _, err := Ask(ctx, socket, Request{}); err == nil {
			return nil
		}
		select {
		case err := <-ended:
			return fault.New(fault.Failed, "the background session ended at once: %w", errors.Join(err)).WithHint("%s says why", log)
		case <-ctx.Done():
			return fault.New(fault.Failed, "the background session does not answer").WithHint("%s may say why", log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
