package live

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"time"

	"devenv/devenv/fault"
)

// startWithin bounds the wait for a background session to answer.
const startWithin = 15 * time.Second

// Spawn starts this program again with args as the background session of a project, writing to a log file, and returns
// its first answer at socket. The process outlives this one; the control socket ends it.
func Spawn(ctx context.Context, args, env []string, dir, log, socket string) (Answer, error) {
	program, err := os.Executable()
	if err != nil {
		return Answer{}, err
	}
	output, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = output.Close() }() // the child has its own copy
	cmd := exec.Command(program, args...) //nolint:noctx // it outlives this process
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = dir, env, output, output, detached()
	keepFiles()
	if err := cmd.Start(); err != nil {
		return Answer{}, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // it ends with the child, at the latest with this process
	return answers(ctx, socket, ended, log)
}

func answers(ctx context.Context, socket string, ended <-chan error, log string) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		if answer, err := Ask(ctx, socket, Request{}); err == nil {
			return answer, nil
		}
		select {
		case err := <-ended:
			return Answer{}, fault.New(fault.Failed, "the background session ended at once: %w", errors.Join(err)).WithDetail(lastLines(log)...)
		case <-ctx.Done():
			return Answer{}, fault.New(fault.Failed, "the background session does not answer").WithDetail(lastLines(log)...)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// lastLines are the end of a log: what a process that has failed said last.
func lastLines(log string) []string {
	const most = 5
	content, err := os.ReadFile(log)
	if err != nil {
		return []string{err.Error()}
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return lines[max(0, len(lines)-most):]
}
