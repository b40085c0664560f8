package devenv

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/hook"
	"devenv/devenv/host"
	"devenv/devenv/plan"
	"devenv/devenv/stack"
	"devenv/devenv/state"
)

// hooks are the project's, unless the command is to go without.
func (e *Environment) hooks() []hook.Hook {
	if e.settings.NoHooks {
		return nil
	}
	return e.project.Hooks
}

// hookRun are the hooks of one `up`, as it was decided before it touched anything.
type hookRun struct {
	env       *Environment
	planned   plan.Plan
	decisions []hook.Decision
	timeout   time.Duration // for what a service depends on
	done      []string      // keys of hooks that have run to their end
}

// hooksOf decides which hooks are due. What is due is forgotten as done first, so that it is due again if it does not come
// to its end.
func (e *Environment) hooksOf(ctx context.Context, planned plan.Plan, timeout time.Duration) (*hookRun, error) {
	run := &hookRun{env: e, planned: planned, timeout: timeout}
	hooks := slices.DeleteFunc(slices.Clone(planned.Hooks), func(h hook.Hook) bool { return h.Phase == hook.BeforeDown })
	if len(hooks) == 0 {
		return run, nil
	}
	shown, err := e.revealed(ctx, planned)
	if err != nil {
		return nil, err
	}
	changes, err := stack.Changes(ctx, e.engine, shown.Project)
	if err != nil {
		return nil, err
	}
	before := e.store.HooksDone()
	run.decisions = hook.Decide(hooks, hook.View{Services: planned.Project.ServiceNames(), Changes: changes, Done: before})
	due := func(key string) bool {
		return slices.ContainsFunc(run.decisions, func(d hook.Decision) bool { return d.Due && d.Key() == key })
	}
	run.done = slices.DeleteFunc(slices.Clone(before), due)
	if len(run.done) == len(before) {
		return run, nil
	}
	return run, run.save()
}

// phase runs the hooks of a phase that are due, one after the other, until one fails.
func (r *hookRun) phase(ctx context.Context, phase hook.Phase) error {
	for _, d := range r.decisions {
		switch {
		case d.Phase != phase:
			continue
		case !d.Due:
			r.env.settings.Term.Detail("hook %s: skipped: %s", d.Label(), d.Cause)
			continue
		}
		r.env.settings.Term.Detail("hook %s: %s", d.Label(), d.Cause)
		err := r.env.runHook(ctx, r.planned, d.Hook, r.timeout)
		if err == nil {
			r.done = append(r.done, d.Key())
			err = r.save()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// save remembers what is done, and forgets hooks that nobody wants any more. Where nothing can be remembered, they run
// each time.
func (r *hookRun) save() error {
	wanted := slices.DeleteFunc(slices.Clone(r.done), func(key string) bool {
		return !slices.ContainsFunc(r.env.project.Hooks, func(h hook.Hook) bool { return h.Key() == key })
	})
	if err := r.env.store.SaveHooksDone(wanted); !errors.Is(err, state.ErrUnwritable) {
		return err
	}
	return nil
}

// downHooks runs the hooks that want to run before services, none for all, are stopped: those in services that run, and
// those on this machine where anything does.
func (e *Environment) downHooks(ctx context.Context, services []string) error {
	hooks := slices.DeleteFunc(slices.Clone(e.project.Hooks), func(h hook.Hook) bool {
		return h.Phase != hook.BeforeDown || len(services) > 0 && !slices.Contains(services, h.Service)
	})
	if len(hooks) == 0 {
		return nil
	}
	if err := e.connect(ctx); err != nil {
		return err
	}
	planned := plan.Plan{Project: e.project.Compose, Modes: e.modes(""), Profile: e.profileName()}
	return e.change(ctx, func() error {
		for _, h := range hooks {
			if err := e.downHook(ctx, planned, h); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *Environment) downHook(ctx context.Context, planned plan.Plan, h hook.Hook) error {
	containers, err := e.engine.Containers(ctx, planned.Project.Name)
	if err != nil {
		return err
	}
	runs := slices.ContainsFunc(containers, func(c engine.Container) bool {
		return !c.Oneoff && c.State == engine.Running && (h.Service == "" || h.Service == c.Service)
	})
	if !runs {
		e.settings.Term.Detail("hook %s: skipped: nothing runs", h.Label())
		return nil
	}
	return e.runHook(ctx, planned, h, 0)
}

// lastLines is how much of what a hook has said its error repeats.
const lastLines = 10

// runHook runs one hook to its end, its output line by line behind its name.
func (e *Environment) runHook(ctx context.Context, planned plan.Plan, h hook.Hook, timeout time.Duration) error {
	began := time.Now()
	output := &host.Lines{Keep: lastLines, Line: func(text string) { e.settings.Term.Say("%-12s | %s", h.Label(), text) }}
	status, err := e.hookStatus(ctx, planned, h, timeout, output)
	said := output.Last()
	if err == nil && status == 0 {
		e.settings.Term.Step("hook", h.Label(), string(h.Phase)+" "+h.Where(), time.Since(began))
		return nil
	}
	var known *fault.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &known) && known.Class != fault.Failed:
		return err // the engine is away, or what the service depends on does not come up
	case err == nil:
		err = fault.New(fault.Failed, "exit status %d", status)
	}
	return fault.New(fault.Failed, "%s: %s %q %s: %w", h.Place, h.Phase, h.Label(), h.Where(), err).
		WithDetail(said...).WithHint("%s", afterFailure(h.Phase))
}

func afterFailure(phase hook.Phase) string {
	switch phase {
	case hook.BeforeUp:
		return "what ran before runs on; the next `devenv up` runs the hook again, with --no-hooks it goes without"
	case hook.AfterHealthy:
		return "the services run; the next `devenv up` runs the hook again"
	case hook.BeforeDown:
	}
	return "nothing was stopped; `devenv down --no-hooks` goes without it"
}

// hookStatus runs a hook where it belongs, and returns its exit status.
func (e *Environment) hookStatus(ctx context.Context, planned plan.Plan, h hook.Hook, timeout time.Duration, output io.Writer) (int, error) {
	switch {
	case h.Service == "":
		return host.Run(ctx, e.settings.Now, host.Command{
			Args: h.Run, Dir: e.project.Dir(), Env: e.hostEnv(planned), Out: output, Err: output, Limit: h.Limit(),
		})
	case h.Phase == hook.BeforeUp:
		return e.hookInOneOff(ctx, planned, h, timeout, output)
	}
	containers, err := e.engine.Containers(ctx, planned.Project.Name)
	if err != nil {
		return 0, err
	}
	for _, c := range containers {
		if c.Service == h.Service && !c.Oneoff && c.State == engine.Running {
			return e.hookIn(ctx, c.ID, h, output)
		}
	}
	return 0, fault.New(fault.Failed, "it does not run")
}

// hookIn runs a hook in a container. The engine ends nothing by itself, so that is done where the time is over.
func (e *Environment) hookIn(ctx context.Context, id string, h hook.Hook, output io.Writer) (int, error) {
	limited, cancel := context.WithTimeout(ctx, h.Limit())
	defer cancel()
	status, err := e.engine.Run(limited, id, engine.Command{Args: h.Run}, engine.Size{}, output, output)
	if limited.Err() != nil && ctx.Err() == nil {
		return 0, fault.New(fault.Failed, "it took longer than %s", h.Limit())
	}
	return status, err
}

// hookInOneOff runs a hook in a container of its own, made as the next one of the service will be, after what the service
// depends on is up.
func (e *Environment) hookInOneOff(ctx context.Context, planned plan.Plan, h hook.Hook, timeout time.Duration, output io.Writer) (int, error) {
	planned, err := e.revealed(ctx, planned)
	if err != nil {
		return 0, err
	}
	quiet, err := e.quietStack(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = quiet.Close() }() // connections only
	c, err := quiet.HoldReady(ctx, e.engine, planned.Project, h.Service, timeout, e.report)
	e.settings.Signals()
	if err != nil {
		return 0, err
	}
	status, err := e.hookIn(ctx, c.ID, h, output)
	gone, cancel := context.WithTimeout(context.WithoutCancel(ctx), killWithin)
	defer cancel()
	return status, errors.Join(err, e.engine.RemoveContainer(gone, c.ID))
}

// hostEnv is the environment of a command on this machine: devenv's own, and what is being run.
func (e *Environment) hostEnv(planned plan.Plan) []string {
	return append(slices.Clone(withContext(e.settings.Env, e.settings.context)),
		"COMPOSE_PROJECT_NAME="+planned.Project.Name, "DEVENV_MODE="+planned.Modes.Of(""), "DEVENV_PROFILE="+planned.Profile)
}
