package devenv

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/hook"
	"devenv/devenv/plan"
	"devenv/devenv/stack"
	"devenv/devenv/state"
	"devenv/devenv/term"
)

// DefaultTimeout is how long a service may take to become healthy.
const DefaultTimeout = 5 * time.Minute

// UpOptions are the flags of up.
type UpOptions struct {
	Services      []string // with what they depend on; none means all
	Mode          string   // for this time; "" is the remembered one
	Detach        bool
	NoBuild       bool
	RemoveOrphans bool
	Timeout       time.Duration
	Poll          time.Duration // look at files this often instead of waiting for events; 0 is events
	DebugWait     []string      // services that run nothing before a debugger has attached
	NoHooks       bool
	DryRun        bool
	Format        string // of the dry run
}

// Up builds what changed, converges the containers, waits until they are healthy and prints where they are. Unless
// detached it then follows the logs until it is interrupted, and stops what it started.
func (e *Environment) Up(ctx context.Context, options UpOptions) error {
	e.settings.Mode, e.settings.Poll = cmp.Or(options.Mode, e.settings.Mode), options.Poll
	e.settings.DebugWait, e.settings.NoHooks = options.DebugWait, options.NoHooks
	in, planned, err := e.plan(e.modes(""), options.Services)
	if err == nil {
		err = e.canWait(planned)
	}
	if err != nil {
		return err
	}
	if options.DryRun {
		return e.printPlan(planned, options.Format)
	}
	if options.Detach {
		if err := e.change(ctx, func() error { _, err := e.start(ctx, in, planned, options); return err }); err != nil {
			return err
		}
		return e.handOver(ctx, planned)
	}
	return e.foreground(ctx, in, planned, options)
}

// foreground holds the project as long as it runs.
func (e *Environment) foreground(ctx context.Context, in plan.Input, planned plan.Plan, options UpOptions) error {
	if err := e.endBackground(ctx); err != nil {
		return err
	}
	live, err := e.store.Lock(ctx, state.Live, e.holder())
	if err != nil {
		return err
	}
	began := time.Now()
	var before []engine.Container
	err = e.change(ctx, func() (err error) {
		before, err = e.start(ctx, in, planned, options)
		return err
	})
	if err == nil {
		err = e.follow(ctx, in, planned, before, began)
	}
	return errors.Join(err, live.Release())
}

// start brings the planned project up and returns the containers that it had before. When it is interrupted it takes
// back everything that it made.
func (e *Environment) start(ctx context.Context, in plan.Input, planned plan.Plan, options UpOptions) ([]engine.Container, error) {
	began := time.Now()
	for _, advice := range planned.Advice {
		e.settings.Term.Say("%s", advice)
	}
	planned, err := e.ready(ctx, in, planned, options.NoBuild)
	if err != nil {
		return nil, err
	}
	before, err := e.engine.Containers(ctx, planned.Project.Name)
	if err != nil {
		return nil, err
	}
	snapshot, err := stack.TakeSnapshot(ctx, e.engine, planned.Project.Name)
	if err != nil {
		return nil, err
	}
	if planned, err = e.converged(ctx, planned, options); err != nil {
		if ctx.Err() != nil {
			ours := notRunning(planned.Project.ServiceNames(), before)
			return before, errors.Join(interrupted(), e.stopStarted(planned, ours), e.undo(snapshot), e.clearMountPoints(e.settings.Now, planned))
		}
		if !options.Detach && len(e.touched) > 0 {
			e.settings.Term.Say("what has started runs on; `devenv down` ends it")
		}
		return before, err
	}
	return before, e.arrived(ctx, planned, time.Since(began))
}

// ready finds what would fail later: missing files of a build, an engine that is away, a port that is taken. The plan
// that it gives back has ports that are free.
func (e *Environment) ready(ctx context.Context, in plan.Input, planned plan.Plan, noBuild bool) (plan.Plan, error) {
	if !noBuild {
		e.warnOfLocks(in, planned)
		if err := e.missing(in, planned); err != nil {
			return planned, err
		}
	}
	planned, err := e.claimed(ctx, planned)
	if err != nil {
		return planned, err
	}
	return e.free(ctx, planned)
}

// claimed is a plan with this checkout's name and host ports, which are its own from now on.
func (e *Environment) claimed(ctx context.Context, planned plan.Plan) (plan.Plan, error) {
	if err := e.connect(ctx); err != nil {
		return planned, err
	}
	if err := e.claim(ctx); err != nil {
		return planned, err
	}
	return e.allocate(ctx, planned)
}

// free refuses a plan whose ports somebody else has by now, and gives back one that has others, where it may.
func (e *Environment) free(ctx context.Context, planned plan.Plan) (plan.Plan, error) {
	err := stack.PortConflicts(ctx, e.engine, planned.Project)
	if next, dodged := e.dodge(ctx, planned, err); dodged {
		return e.free(ctx, next)
	}
	return planned, err
}

// converged builds, converges and waits, with the hooks before and after. The plan that it gives back is what runs.
func (e *Environment) converged(ctx context.Context, planned plan.Plan, options UpOptions) (plan.Plan, error) {
	if !options.NoBuild {
		if err := e.build(ctx, planned, buildFlags{}); err != nil {
			return planned, err
		}
	}
	without, err := e.withoutEnvironment(ctx, planned)
	if err == nil {
		err = e.readyEnvironments(ctx, planned, !options.NoBuild)
	}
	if err != nil {
		return planned, err
	}
	hooks, err := e.hooksOf(ctx, planned, options.Timeout)
	if err != nil {
		return planned, err
	}
	if err := hooks.phase(ctx, hook.BeforeUp); err != nil {
		return planned, err
	}
	if err := e.share(ctx, planned); err != nil {
		return planned, err
	}
	if planned, err = e.started(ctx, planned, options); err == nil {
		err = e.remount(ctx, planned, without)
	}
	if err != nil {
		return planned, err
	}
	if len(mountPoints(planned)) > 0 {
		if err := e.dropSuperseded(ctx, planned); err != nil {
			return planned, err
		}
	}
	hooks.planned = planned
	err = e.stack.WaitHealthy(ctx, e.engine, planned.Project.WithServicesDisabled(e.settings.DebugWait...), stack.WaitOptions{
		Timeout: options.Timeout, Settle: settle, Report: e.report,
	})
	if err != nil {
		return planned, err
	}
	return planned, hooks.phase(ctx, hook.AfterHealthy)
}

// started converges. A port that is taken when it is wanted, and may be another one, is: the engine is the judge. What is
// built with its number is built again.
func (e *Environment) started(ctx context.Context, planned plan.Plan, options UpOptions) (plan.Plan, error) {
	shown, err := e.revealed(ctx, planned)
	if err != nil {
		return planned, err
	}
	err = e.stack.Converge(ctx, e.engine, shown.Project, stack.ConvergeOptions{
		RemoveOrphans: options.RemoveOrphans, WaitTimeout: options.Timeout, Report: e.report,
	})
	next, dodged := e.dodge(ctx, planned, err)
	if !dodged {
		return planned, err
	}
	if !options.NoBuild {
		if err := e.build(ctx, next, buildFlags{unseen: true}); err != nil {
			return next, err
		}
	}
	return e.started(ctx, next, options)
}

// canWait refuses to wait for a debugger of services that have none.
func (e *Environment) canWait(planned plan.Plan) error {
	for _, name := range e.settings.DebugWait {
		if err := e.project.Known([]string{name}); err != nil {
			return err
		}
		if !planned.Debug[name].Agent {
			return fault.New(fault.Usage, "%s: it cannot wait for a debugger: it runs no Python code of a source mount in mode local", name)
		}
	}
	return nil
}

// settle is how long a service without a healthcheck must have run before it counts as up: most programs that cannot
// start have ended by then.
const settle = 500 * time.Millisecond

// undo runs after an interruption, so under a context of its own: the user's second Ctrl-C ends it.
func (e *Environment) undo(snapshot stack.Snapshot) error {
	e.settings.Term.Say("interrupted: removing what was made; Ctrl-C again leaves it")
	err := stack.Undo(e.settings.Now, e.engine, snapshot, e.report)
	if e.settings.Now.Err() != nil {
		return fault.New(fault.Interrupted, "interrupted again: what was made so far is left").WithHint("devenv down removes it")
	}
	return err
}

func interrupted() error { return fault.New(fault.Interrupted, "interrupted") }

// arrived prints where the services are.
func (e *Environment) arrived(ctx context.Context, planned plan.Plan, took time.Duration) error {
	containers, err := e.engine.Containers(ctx, planned.Project.Name)
	if err != nil {
		return err
	}
	for _, container := range containers {
		if _, ours := planned.Project.Services[container.Service]; !ours || container.Oneoff || container.State != engine.Running {
			continue
		}
		for _, address := range addresses(container, engineHost(e.engine.Endpoint())) {
			e.settings.Term.Say("%-12s %s", container.Service, address)
		}
	}
	e.sayPorts(planned)
	e.settings.Term.Say("up in %s, mode %s", term.Duration(took), planned.Name())
	return nil
}

// report prints what the stack tells of its work: the outcome for every container that was touched, and with
// --verbose every step.
func (e *Environment) report(event stack.Event) {
	untouched := event.Text == "Healthy" && !e.touched[event.Name]
	switch {
	case event.State == stack.Warning:
		e.settings.Term.Warn("%s", strings.TrimSpace(event.Kind+" "+event.Name+" "+event.Text))
	case event.State == stack.Done && slices.Contains(outcomes[:], event.Text) && !untouched:
		e.touched[event.Name] = true
		e.settings.Term.Step(strings.ToLower(event.Kind), event.Name, strings.ToLower(event.Text), 0)
	default:
		e.settings.Term.Detail("%s %s: %s", event.Kind, event.Name, event.Text)
	}
}

// outcomes are what a developer wants to see without --verbose, in Compose's words.
var outcomes = [...]string{"Started", "Healthy", "Exited", "Recreated", "Removed", "Stopped", "Restarted", "Pulled"}
