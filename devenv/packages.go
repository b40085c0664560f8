package devenv

import (
	"context"
	"errors"
	"slices"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/plan"
	"devenv/devenv/uv"
)

// PackageCommand is what uv is to do.
type PackageCommand = uv.Command

// The commands about dependencies.
const (
	Add     = uv.Add
	Remove  = uv.Remove
	Sync    = uv.Sync
	Lock    = uv.Lock
	Upgrade = uv.Upgrade
	Deps    = uv.Deps
)

// PackageOptions are a command about the project's dependencies.
type PackageOptions struct {
	Service string // "" is the one that has a project
	Command PackageCommand
	Args    []string // uv's; for Upgrade packages and uv's flags
}

// Packages has uv carry out a command in the container of a service, brings pyproject.toml and uv.lock back, and has
// every service that uses them take the change in. It returns uv's exit status.
func (e *Environment) Packages(ctx context.Context, options PackageOptions) (status int, err error) {
	in, planned, err := e.plan(plan.Modes{Project: plan.Local}, nil)
	if err != nil {
		return 0, err
	}
	service, project, err := e.packageService(in, planned, options.Service)
	if err != nil {
		return 0, err
	}
	if err := e.connect(ctx); err != nil {
		return 0, err
	}
	err = e.change(ctx, func() (err error) {
		status, err = e.runUV(ctx, planned, service, project, uv.Request{Command: options.Command, Args: options.Args})
		return err
	})
	return status, err
}

// runUV carries a request out in a container of the service.
func (e *Environment) runUV(ctx context.Context, planned plan.Plan, service string, project uv.Project, request uv.Request) (int, error) {
	files, err := project.Read()
	if err != nil {
		return 0, err
	}
	container, err := e.runningLocal(ctx, planned, service)
	if err != nil {
		return 0, err
	}
	runner := e.uvRunner(container, project)
	steps := uv.Decide(request, files)
	if !steps.Installs() {
		outcome, err := runner.Do(ctx, steps, files)
		return outcome.Status, err
	}
	known := e.store.Environments()
	before, remembered := known[container.ID]
	known[container.ID] = ""
	if err := e.store.SaveEnvironments(known); err != nil {
		return 0, err
	}
	outcome, err := runner.Do(ctx, steps, files)
	switch {
	case outcome.Fingerprint != "":
		known[container.ID] = outcome.Fingerprint
	case outcome.Broken:
		return outcome.Status, err
	case remembered:
		known[container.ID] = before
	default:
		delete(known, container.ID)
	}
	return outcome.Status, errors.Join(err, e.store.SaveEnvironments(known))
}

func (e *Environment) uvRunner(c engine.Container, project uv.Project) uv.Runner {
	runner := uv.Runner{
		Engine: e.engine, ID: c.ID, Service: c.Service, Project: project,
		Out: e.settings.Out, Err: e.settings.Err, Now: e.settings.Now,
	}
	if e.settings.Interactive && e.stack.Terminal() {
		runner.Terminal = e.stack.TerminalSize()
	}
	return runner
}

// runningLocal is the running container of a service in mode local.
func (e *Environment) runningLocal(ctx context.Context, planned plan.Plan, service string) (engine.Container, error) {
	containers, err := e.engine.Containers(ctx, planned.Project.Name)
	if err != nil {
		return engine.Container{}, err
	}
	at := slices.IndexFunc(containers, func(c engine.Container) bool {
		return c.Service == service && !c.Oneoff && c.State == engine.Running && c.Labels[plan.ModeLabel] == ""
	})
	if at < 0 {
		return engine.Container{}, fault.New(fault.Failed, "%s: not running", service).WithHint("devenv up -d")
	}
	return containers[at], nil
}

// synced makes sure that the environment of a container is what the project's files ask for. The caller holds the
// project.
func (e *Environment) synced(ctx context.Context, c engine.Container, project uv.Project) error {
	files, err := project.Read()
	if err != nil {
		return err
	}
	known := e.store.Environments()
	if known[c.ID] == files.Fingerprint() {
		return nil
	}
	if err := e.uvRunner(c, project).Sync(ctx); err != nil {
		return err
	}
	known[c.ID] = files.Fingerprint()
	return e.store.SaveEnvironments(known)
}
