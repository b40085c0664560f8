package devenv

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/dockerfile"
	"devenv/devenv/engine"
	"devenv/devenv/plan"
	"devenv/devenv/stack"
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
	work, err := e.packageWork(in, planned, options)
	if err != nil {
		return 0, err
	}
	if err := e.connect(ctx); err != nil {
		return 0, err
	}
	outcome, err := e.carryOut(ctx, work)
	if outcome.Hint != "" {
		e.settings.Term.Hint(outcome.Hint)
	}
	if err == nil && outcome.Status == 0 {
		err = e.takeIn(ctx, work, outcome)
	}
	return outcome.Status, err
}

// carryOut runs uv. What changes nothing neither waits for a change nor holds one up, where there is a container to look
// into; to make one for it is a change.
func (e *Environment) carryOut(ctx context.Context, work packageWork) (outcome uv.Outcome, err error) {
	do := func(c engine.Container) error {
		outcome, err = e.runUV(ctx, c, work)
		return err
	}
	c, running, err := e.inLocal(ctx, work)
	switch {
	case err != nil:
	case running && work.steps.Reads():
		err = do(c)
	default:
		err = e.change(ctx, func() error {
			if work, err = work.decided(); err != nil { // while it waited for its turn the files may have become others
				return err
			}
			return e.inService(ctx, work, do)
		})
	}
	return outcome, err
}

// packageWork is what is known of a command before any engine is asked.
type packageWork struct {
	in      plan.Input
	planned plan.Plan
	service string
	project uv.Project
	request uv.Request
	files   uv.Files
	steps   uv.Steps
}

// image are the flags by which the image of a service chooses what is installed: those of the last `uv sync` of its stages.
func (w packageWork) image(service string) []string {
	recipe := w.planned.Recipe(service)
	if recipe.Build == nil || w.in.Dockerfiles[plan.File(recipe)] == nil {
		return nil
	}
	syncs := w.in.Dockerfiles[plan.File(recipe)].Syncs(recipe.Build.Target)
	if len(syncs) == 0 {
		return nil
	}
	return uv.Choosing(syncs[len(syncs)-1].Args)
}

func (e *Environment) packageWork(in plan.Input, planned plan.Plan, options PackageOptions) (packageWork, error) {
	work := packageWork{in: in, planned: planned}
	var err error
	if work.service, work.project, err = e.packageService(in, planned, options.Service); err != nil {
		return work, err
	}
	work.request = uv.Request{Command: options.Command, Args: options.Args, Image: work.image(work.service)}
	return work.decided()
}

// decided is the work with the steps that its request takes for the files of now.
func (w packageWork) decided() (packageWork, error) {
	var err error
	w.files, err = w.project.Read()
	w.steps = uv.Decide(w.request, w.files)
	return w, err
}

// runUV does the work in a container, and keeps in mind for which files its environment is.
func (e *Environment) runUV(ctx context.Context, c engine.Container, work packageWork) (uv.Outcome, error) {
	runner, id := e.uvRunner(c, work), environmentOf(c)
	if work.steps.Leaves() {
		return e.leave(ctx, runner, work)
	}
	if !work.steps.Installs() || id == c.ID && c.Oneoff {
		return runner.Do(ctx, work.steps, work.files)
	}
	known := e.store.Environments()
	delete(known, work.project.Host)
	before, remembered := known[id]
	known[id] = ""
	if err := e.store.SaveEnvironments(known); err != nil {
		return uv.Outcome{}, err
	}
	outcome, err := runner.Do(ctx, work.steps, work.files)
	switch {
	case outcome.Fingerprint != "":
		known[id] = outcome.Fingerprint
	case outcome.Broken:
		return outcome, err
	case remembered:
		known[id] = before
	default:
		delete(known, id)
	}
	return outcome, errors.Join(err, e.store.SaveEnvironments(known))
}

// leave does work that changes the files and is to leave the packages alone: for these files no session syncs either.
func (e *Environment) leave(ctx context.Context, runner uv.Runner, work packageWork) (uv.Outcome, error) {
	outcome, err := runner.Do(ctx, work.steps, work.files)
	if err != nil || len(outcome.Written) == 0 {
		return outcome, err
	}
	files, err := work.project.Read()
	known := e.store.Environments()
	known[work.project.Host] = files.Fingerprint()
	return outcome, errors.Join(err, e.store.SaveEnvironments(known))
}

func (e *Environment) uvRunner(c engine.Container, work packageWork) uv.Runner {
	project := work.project
	environment := work.planned.Environments[c.Service]
	project.Environment = environment.Folder
	runner := uv.Runner{
		Engine: e.engine, ID: c.ID, Service: c.Service, Project: project,
		Out: e.settings.Out, Err: e.settings.Err, Now: e.settings.Now,
		Secrets: uv.Credentials(work.files, e.settings.Env, credentialStores(e.settings.Env)),
		Fetch:   func(ctx context.Context) ([]byte, error) { return e.fetchUV(ctx, c, work) },
		Image:   work.image(c.Service), Brought: broughtUV(work, c.Service), Downloads: environment.Downloads,
	}
	if e.settings.Interactive && e.stack.Terminal() {
		runner.Terminal = e.stack.TerminalSize()
	}
	return runner
}

// inService does something in a running container of the service in mode local, or where none runs in a one-off
// container that is as if it had never been afterwards.
func (e *Environment) inService(ctx context.Context, work packageWork, do func(engine.Container) error) error {
	c, running, err := e.inLocal(ctx, work)
	switch {
	case err != nil:
		return err
	case running:
		return do(c)
	}
	return e.inOneOff(ctx, work, do)
}

// inLocal is the container that runs the service in mode local, if one does.
func (e *Environment) inLocal(ctx context.Context, work packageWork) (c engine.Container, running bool, err error) {
	containers, err := e.engine.Containers(ctx, work.planned.Project.Name)
	if err != nil {
		return c, false, err
	}
	at := slices.IndexFunc(containers, func(c engine.Container) bool { return c.Service == work.service && runsLocal(c) })
	if at < 0 {
		return c, false, nil
	}
	return containers[at], true, nil
}

// inOneOff does something in a new container of the service, which goes with all that was made for it.
func (e *Environment) inOneOff(ctx context.Context, work packageWork, do func(engine.Container) error) error {
	name := work.planned.Project.Name
	snapshot, err := stack.TakeSnapshot(ctx, e.engine, name)
	if err != nil {
		return err
	}
	c, err := e.oneOff(ctx, work)
	if err != nil {
		return errors.Join(err, stack.Undo(e.settings.Now, e.engine, snapshot, unsaid))
	}
	return errors.Join(do(c), stack.TakeBack(e.settings.Now, e.engine, snapshot, unsaid), e.clearMountPoints(e.settings.Now, work.planned),
		e.engine.RemoveImage(e.settings.Now, passingImage(name, work.service)))
}

// unsaid is for containers that nobody asked for.
func unsaid(stack.Event) {}

// oneOff starts a container of the service that does nothing. Its image is built only if there is none: what uv needs
// of it, Python and the platform, does not depend on the packages.
func (e *Environment) oneOff(ctx context.Context, work packageWork) (engine.Container, error) {
	_, planned, err := e.plan(plan.Modes{Project: plan.Local}, []string{work.service})
	if err != nil {
		return engine.Container{}, err
	}
	service := planned.Project.Services[work.service]
	_, found, err := e.engine.Image(ctx, plan.ImageName(planned.Project.Name, service))
	if err != nil {
		return engine.Container{}, err
	}
	if !found {
		if service.Build != nil {
			planned.Project.Services[work.service] = withoutLock(work.in, service, work.files.HasLock())
		}
		if err := e.build(ctx, planned, buildFlags{}); err != nil {
			return engine.Container{}, err
		}
	}
	if err := e.readyEnvironments(ctx, planned, true); err != nil {
		return engine.Container{}, err
	}
	if planned, err = e.revealed(ctx, planned); err != nil {
		return engine.Container{}, err
	}
	quiet, err := e.quietStack(ctx)
	if err != nil {
		return engine.Container{}, err
	}
	defer e.settings.Signals()
	defer func() { _ = quiet.Close() }() // connections only
	return quiet.Hold(ctx, e.engine, planned.Project, work.service, unsaid)
}

// passingImage is the name of an image that a one-off container is made from and that goes with it.
func passingImage(project, service string) string { return project + "-" + service + ":devenv-one-off" }

// withoutLock is a service as far as it can be built: where files are missing, as uv.lock is in a fresh clone, that is
// the last stage before they are copied or needed, else the image that the Dockerfile begins with.
func withoutLock(in plan.Input, service types.ServiceConfig, locked bool) types.ServiceConfig {
	file, known := in.Dockerfiles[plan.File(service)]
	if !known {
		return service
	}
	context := os.DirFS(service.Build.Context)
	for i, stage := range file.Lineage(service.Build.Target) {
		if len(dockerfile.Missing(file, stage, context)) > 0 || !locked && len(file.Syncs(stage)) > 0 {
			continue
		}
		if i > 0 {
			recipe := *service.Build
			recipe.Target = stage
			service.Build, service.Image = &recipe, passingImage(in.Project.Name, service.Name)
		}
		return service
	}
	image, _ := file.Effective(service.Build.Target)
	service.Build, service.Image = nil, image.Image
	return service
}

// runsLocal tells the containers that run a service in mode local.
func runsLocal(c engine.Container) bool {
	return !c.Oneoff && c.State == engine.Running && c.Labels[plan.ModeLabel] == ""
}
