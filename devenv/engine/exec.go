package engine

import (
	"bytes"
	"context"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// Command is a command to run in a running container, without a terminal and without input.
type Command struct {
	Args       []string
	Env        []string // NAME=value, added to the container's
	User       string   // "": the container's
	WorkingDir string   // "": the container's
}

// Output runs a command in a container and returns what it wrote, stdout and stderr together, and its exit code. A
// cancelled ctx ends the wait, not the command.
func (c *Client) Output(ctx context.Context, id string, command Command) (output []byte, exit int, err error) {
	created, err := c.api.ContainerExecCreate(ctx, id, container.ExecOptions{
		Cmd: command.Args, Env: command.Env, User: command.User, WorkingDir: command.WorkingDir,
		AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return nil, 0, c.failure(err)
	}
	attached, err := c.api.ContainerExecAttach(ctx, created.ID, container.ExecAttachOptions{})
	if err != nil {
		return nil, 0, c.failure(err)
	}
	defer attached.Close()
	defer context.AfterFunc(ctx, attached.Close)()
	var text bytes.Buffer
	if _, err := stdcopy.StdCopy(&text, &text, attached.Reader); err != nil {
		if cause := ctx.Err(); cause != nil {
			return text.Bytes(), 0, cause
		}
		return text.Bytes(), 0, c.failure(err)
	}
	state, err := c.api.ContainerExecInspect(ctx, created.ID)
	if err != nil {
		return text.Bytes(), 0, c.failure(err)
	}
	return text.Bytes(), state.ExitCode, nil
}
