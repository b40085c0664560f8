package engine

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// Command is a command to run in a running container, without input.
type Command struct {
	Args       []string
	Env        []string // NAME=value, added to the container's
	User       string   // "": the container's
	WorkingDir string   // "": the container's
}

// Size is that of a terminal, in characters; the zero value is no terminal.
type Size struct{ Rows, Columns uint }

// Output runs a command in a container and returns what it wrote, stdout and stderr together, and its exit code. A
// cancelled ctx ends the wait, not the command.
func (c *Client) Output(ctx context.Context, id string, command Command) (output []byte, exit int, err error) {
	var text bytes.Buffer
	exit, err = c.exec(ctx, id, command, Size{}, &text, &text)
	return text.Bytes(), exit, err
}

// Run runs a command in a container, copies what it writes as it comes, and returns its exit code. With a size the
// command has a terminal of that size, and all that it writes goes to stdout. When ctx is cancelled the command is
// ended, and Run returns when it has.
func (c *Client) Run(ctx context.Context, id string, command Command, terminal Size, stdout, stderr io.Writer) (exit int, err error) {
	mark := NewMark()
	command.Env = append(command.Env[:len(command.Env):len(command.Env)], mark)
	exit, err = c.exec(ctx, id, command, terminal, stdout, stderr)
	if ctx.Err() != nil {
		c.End(context.WithoutCancel(ctx), id, mark)
	}
	return exit, err
}

func (c *Client) exec(ctx context.Context, id string, command Command, terminal Size, stdout, stderr io.Writer) (exit int, err error) {
	tty := terminal != Size{}
	created, err := c.api.ContainerExecCreate(ctx, id, container.ExecOptions{
		Cmd: command.Args, Env: command.Env, User: command.User, WorkingDir: command.WorkingDir,
		AttachStdout: true, AttachStderr: true, Tty: tty,
	})
	if err != nil {
		return 0, c.failure(err)
	}
	attached, err := c.api.ContainerExecAttach(ctx, created.ID, container.ExecAttachOptions{Tty: tty})
	if err != nil {
		return 0, c.failure(err)
	}
	defer attached.Close()
	defer context.AfterFunc(ctx, attached.Close)()
	if tty {
		_ = c.api.ContainerExecResize(ctx, created.ID, container.ResizeOptions{Height: terminal.Rows, Width: terminal.Columns}) // it may have ended
		_, err = io.Copy(stdout, attached.Reader)
	} else {
		_, err = stdcopy.StdCopy(stdout, stderr, attached.Reader)
	}
	if cause := ctx.Err(); cause != nil {
		return 0, cause
	}
	if err != nil {
		return 0, c.failure(err)
	}
	return c.exitCode(ctx, created.ID)
}

// exitCode is that of a command whose output has ended. The engine may close the output of a container that ends a
// moment before it knows the code.
func (c *Client) exitCode(ctx context.Context, exec string) (int, error) {
	for {
		state, err := c.api.ContainerExecInspect(ctx, exec)
		if err != nil || !state.Running {
			return state.ExitCode, c.failure(err)
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// NewMark is a variable for the environment of a command by which End finds its processes.
func NewMark() string { return "DEVENV_EXEC=" + rand.Text() }

// endWithin bounds the effort to end a command.
const endWithin = 5 * time.Second

// End sends SIGTERM to the processes of a container that carry a mark, and returns when they are gone. It does what can
// be done: an image without a shell has no one to do it, and a container that has stopped has nothing to end.
func (c *Client) End(ctx context.Context, id, mark string) {
	ctx, cancel := context.WithTimeout(ctx, endWithin)
	defer cancel()
	_, _, _ = c.Output(ctx, id, Command{Args: []string{"sh", "-c", endMarked, mark}, User: "0"})
}

// endMarked leaves its own processes alone, which have the mark as an argument and not in their environment.
const endMarked = `
marked() { for p in /proc/[0-9]*; do grep -qs "$0" "$p/environ" && echo "${p#/proc/}"; done; }
kill $(marked) 2>/dev/null
while [ -n "$(marked)" ]; do sleep 0.02; done
`
