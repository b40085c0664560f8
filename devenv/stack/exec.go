package stack

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command/container"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
)

// CommandOptions say how a command runs in a container; Exec and Run share them.
type CommandOptions struct {
	Service    string
	Command    []string
	Env        []string // NAME=value; NAME alone takes the project's value in Run
	User       string
	WorkingDir string
	NoTTY      bool // no terminal, even where there is one to give
	Detach     bool // return at once; In is not forwarded
}

// ExecOptions say where Exec runs a command.
type ExecOptions struct {
	CommandOptions
	Number int // which container of the service; 0: its first running one
}

// Exec runs a command in a running container of a service and returns the command's own exit status. The command
// gets a terminal when In and Out are one, and In is forwarded, a pipe too; Ctrl-C then reaches it as in a local
// terminal. Without a terminal, a cancelled ctx ends the command, which the engine alone would leave running.
//
// Goroutines: docker/cli copies the streams; its copy of In may stay in its read until In ends.
func (s *Stack) Exec(ctx context.Context, eng *engine.Client, project string, opt ExecOptions) (int, error) {
	id, err := target(ctx, eng, project, opt.Service, opt.Number)
	if err != nil {
		return 0, err
	}
	mark := engine.NewMark()
	exec := container.NewExecOptions()
	exec.Command, exec.User, exec.Workdir = opt.Command, opt.User, opt.WorkingDir
	exec.Interactive, exec.TTY = !opt.Detach, !opt.NoTTY && !opt.Detach && s.Terminal()
	exec.Detach = opt.Detach
	for _, assignment := range append(opt.Env, mark) {
		if err := exec.Env.Set(assignment); err != nil {
			return 0, fault.New(fault.Usage, "-e %s: %w", assignment, err)
		}
	}
	err = container.RunExec(ctx, s.cli, id, exec)
	if cause := ctx.Err(); cause != nil {
		if !opt.Detach {
			eng.End(context.WithoutCancel(ctx), id, mark)
		}
		return 0, cause
	}
	return exitStatus(opt.Service, err)
}

// target is the container that a command for a service runs in.
func target(ctx context.Context, eng *engine.Client, project, service string, number int) (string, error) {
	containers, err := eng.Containers(ctx, project)
	if err != nil {
		return "", err
	}
	for i := range containers {
		c := &containers[i]
		if c.Service == service && !c.Oneoff && c.State == engine.Running && (number == 0 || number == c.Number) {
			return c.ID, nil
		}
	}
	thing := service
	if number > 0 {
		thing = fmt.Sprintf("%s: container %d", service, number)
	}
	return "", fault.New(fault.Failed, "%s: not running", thing).
		WithHint("`devenv up %s` starts it, `devenv run %s` runs a command in a container of its own", service, service)
}

// exitStatus separates a command's own exit status from a failure to run it.
func exitStatus(service string, err error) (int, error) {
	var status cli.StatusError
	if errors.As(err, &status) && status.StatusCode > 0 && status.Cause == nil {
		return status.StatusCode, nil
	}
	if err != nil {
		return 0, fault.New(fault.Failed, "%s: %s", service, bare(err.Error()))
	}
	return 0, nil
}
