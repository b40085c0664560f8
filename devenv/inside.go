package devenv

import (
	"context"
	"errors"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/fault"
	"devenv/devenv/stack"
)

// CommandOptions are what exec and run are told about a command.
type CommandOptions struct {
	Service string
	Args    []string // for run, none is the service's own command
	Env     []string // KEY=VALUE, or KEY
	User    string
	Workdir string
	NoTTY   bool
}

func (o CommandOptions) inside() stack.CommandOptions {
	return stack.CommandOptions{
		Service: o.Service, Command: o.Args, Env: o.Env, User: o.User, WorkingDir: o.Workdir, NoTTY: o.NoTTY,
	}
}

// ExecOptions are the flags of exec.
type ExecOptions struct {
	CommandOptions
	Detach bool
	Index  int // of the container, 0 for the first that runs
}

// Exec runs a command in a running service and returns its exit status.
func (e *Environment) Exec(ctx context.Context, options ExecOptions) (status int, err error) {
	if err := e.project.Known([]string{options.Service}); err != nil {
		return 0, err
	}
	if err := e.connect(ctx); err != nil {
		return 0, err
	}
	command := options.inside()
	command.Detach = options.Detach
	return e.stack.Exec(ctx, e.engine, e.project.Compose.Name, stack.ExecOptions{CommandOptions: command, Number: options.Index})
}

// openShell starts the best shell that an image has.
const openShell = "if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi"

// Shell opens a shell in a running service: the one that is named, else the only one that is built here.
func (e *Environment) Shell(ctx context.Context, services []string) (status int, err error) {
	if len(services) == 0 {
		if services = withBuild(e.project.Compose.Services); len(services) != 1 {
			return 0, fault.New(fault.Usage, "shell: which service?").WithHint("devenv shell SERVICE, one of: %s", list(e.Services()))
		}
	}
	command := CommandOptions{Service: services[0], Args: []string{"sh", "-c", openShell}}
	return e.Exec(ctx, ExecOptions{CommandOptions: command})
}

// RunOptions are the flags of run.
type RunOptions struct {
	CommandOptions
	Entrypoint   string
	NoDeps       bool
	ServicePorts bool
	Keep         bool
}

// Run runs a command in a new container of a service, as the mode has it, and returns its exit status. What the
// service depends on is started first.
func (e *Environment) Run(ctx context.Context, options RunOptions) (status int, err error) {
	in, planned, err := e.plan(e.modes(""), []string{options.Service})
	if err != nil {
		return 0, err
	}
	if err := e.missing(in, planned); err != nil {
		return 0, err
	}
	if err := e.connect(ctx); err != nil {
		return 0, err
	}
	if err := e.claim(ctx); err != nil {
		return 0, err
	}
	if planned, err = e.allocate(ctx, planned); err != nil {
		return 0, err
	}
	if err := e.build(ctx, planned, buildFlags{}); err != nil {
		return 0, err
	}
	if err := e.share(ctx, planned); err != nil {
		return 0, err
	}
	entrypoint, err := words(options.Entrypoint)
	if err != nil {
		return 0, fault.New(fault.Usage, "--entrypoint %s: %w", options.Entrypoint, err)
	}
	command := options.inside()
	if command.Env, err = e.project.RunEnvironment(options.Env); err != nil {
		return 0, err
	}
	for i := range command.Env {
		command.Env[i] = planned.Fill(command.Env[i])
	}
	if err := e.readyEnvironments(ctx, planned, true); err != nil {
		return 0, err
	}
	shown, err := e.revealed(ctx, planned)
	if err != nil {
		return 0, err
	}
	if err := e.reveal(ctx, planned, &command.Env); err != nil {
		return 0, err
	}
	status, err = e.stack.Run(ctx, e.engine, shown.Project, stack.RunOptions{
		CommandOptions: command, Entrypoint: entrypoint, NoDeps: options.NoDeps, ServicePorts: options.ServicePorts, Remove: !options.Keep, Report: e.report,
	})
	return status, errors.Join(err, e.clearMountPoints(e.settings.Now, planned))
}

// words takes a command line apart as a shell would, the way Compose does; "" has none.
func words(line string) ([]string, error) {
	if line == "" {
		return nil, nil
	}
	var command types.ShellCommand
	err := command.DecodeMapstructure(line)
	return command, err
}
