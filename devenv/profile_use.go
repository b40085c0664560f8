package devenv

import (
	"context"
	"slices"

	"devenv/devenv/fault"
	"devenv/devenv/plan"
	"devenv/devenv/stack"
	"devenv/devenv/state"
	"devenv/profiles"
)

// UseProfile chooses a profile for this checkout, profiles.None for none. A running project is switched at once: it prints what
// differs and recreates only that. The choice is remembered when that has worked.
func (e *Environment) UseProfile(ctx context.Context, name string) error {
	before, err := e.under(ctx, e.currentProfile())
	if err != nil {
		e.settings.Term.Warn("what was in use until now: %s", err)
		before = e
	}
	defer e.part(before)
	next, err := e.under(ctx, name)
	if err != nil {
		return err
	}
	defer e.part(next)
	next.state = chooseProfile(e.state, name, next.profileModes())
	in, planned, err := next.plan(next.modes(""), nil)
	if err != nil {
		return err
	}
	if err := e.reach(ctx, next); err != nil {
		return err
	}
	if err := before.printSwitch(in, planned); err != nil {
		return err
	}
	present, err := e.presentOf(ctx, before, next)
	if err != nil {
		return err
	}
	started, err := before.switchTo(ctx, next, present)
	if err != nil {
		return err
	}
	next.settings.Profile = "" // it is what this checkout remembers now
	if e.settings.Profile != "" && e.settings.Profile != name {
		e.settings.Term.Warn("--profile or DEVENV_PROFILE still chooses %s here", e.settings.Profile)
	}
	if started.Project == nil {
		e.settings.Term.Say("nothing runs; the next `devenv up` uses profile %s", name)
		return nil
	}
	return next.handOver(ctx, started)
}

// presentOf are the services of before that have a container. An engine that is away, and that next does not want, keeps
// what it has.
func (e *Environment) presentOf(ctx context.Context, before, next *Environment) ([]string, error) {
	err := e.reach(ctx, before)
	if err == nil {
		return before.present(ctx)
	}
	if before.settings.context == next.settings.context {
		return nil, err
	}
	e.settings.Term.Warn("%s; what runs there is left", err)
	return nil, nil
}

// under is the project loaded again with a profile, on the same connections.
func (e *Environment) under(ctx context.Context, name string) (*Environment, error) {
	settings := e.settings
	settings.Profile, settings.WithoutProfile = name, false
	return open(ctx, settings, e.stack)
}

// chooseProfile is the state after a switch. A profile that says modes ends what `devenv mode` chose before.
func chooseProfile(before state.State, name string, says plan.Modes) state.State {
	after := before
	if after.Profile = name; name == profiles.None {
		after.Profile = ""
	}
	if says.Project != "" || len(says.Services) > 0 {
		after.Mode, after.Services = "", nil
	}
	return after
}

// printSwitch prints how a plan differs from what e has without it.
func (e *Environment) printSwitch(in plan.Input, planned plan.Plan) error {
	_, was, err := e.plan(e.modes(""), nil)
	if err != nil {
		e.settings.Term.Warn("what was in use: %s", err)
		return nil
	}
	var rows [][]string
	for _, d := range plan.Differences(in, was, planned) {
		d.From, d.To = mask(d.Key, d.From), mask(d.Key, d.To)
		rows = append(rows, []string{d.Service, d.Key, d.Change()})
	}
	if len(rows) == 0 {
		e.settings.Term.Say("no service differs")
		return nil
	}
	return e.settings.Term.Table([]string{"SERVICE", "WHAT", "BEFORE -> NOW"}, rows)
}

// switchTo brings what runs of e, the services that are present, to what next has, and remembers the choice. The plan has
// no project where nothing runs.
func (e *Environment) switchTo(ctx context.Context, next *Environment, present []string) (started plan.Plan, err error) {
	change := e.exchange
	if e.another(next) {
		change = e.move
	}
	if present != nil {
		if err := e.mayMove(next); err != nil {
			return started, err
		}
	}
	err = next.change(ctx, func() error {
		if present != nil {
			if started, err = change(ctx, next, present); err != nil {
				e.settings.Term.Say("the profile of this checkout is still %s; `devenv up -d` goes back to it where something has changed", e.currentProfile())
				return err
			}
		}
		return next.store.Save(next.state)
	})
	return started, err
}

// another says whether next is another project: by name, or by engine. Each has its own containers and volumes.
func (e *Environment) another(next *Environment) bool {
	return next.project.Compose.Name != e.project.Compose.Name || next.settings.context != e.settings.context
}

// mayMove refuses to take a project away from under an `up` that follows it.
func (e *Environment) mayMove(next *Environment) error {
	holder, held := e.store.Holder(state.Live)
	if !e.another(next) || !held || holder.Command == liveCommand {
		return nil
	}
	return fault.New(fault.Failed, "%s is followed by %q (pid %d), and the profile puts another project in its place", e.project.Compose.Name, holder.Command, holder.PID).
		WithHint("end it with Ctrl-C first")
}

// move takes the project down, but not its volumes, and starts next with the same services. What next needs is built
// before, so that little can fail in between.
func (e *Environment) move(ctx context.Context, next *Environment, present []string) (plan.Plan, error) {
	wanted := append(without(present, without(present, next.Services())), without(next.Services(), e.Services())...)
	in, planned, err := next.plan(next.modes(""), wanted)
	if err == nil {
		err = next.rehearse(ctx, in, planned)
	}
	if err == nil {
		err = e.endBackground(ctx)
	}
	if err != nil {
		return plan.Plan{}, err
	}
	e.settings.Term.Say("%s goes down and keeps its volumes; %s has its own", e.project.Compose.Name, next.project.Compose.Name)
	scope := stack.Scope{Project: e.project.Compose, Report: e.report}
	if err := e.stack.Down(ctx, e.project.Compose.Name, stack.DownOptions{Scope: scope}); err != nil {
		return plan.Plan{}, err
	}
	_, err = next.start(ctx, in, planned, UpOptions{Timeout: DefaultTimeout, NoBuild: true, Detach: true})
	return planned, err
}

// rehearse does what may fail of a start and touches no container: it looks for missing files, decides ports, builds, and
// asks for the secrets.
func (e *Environment) rehearse(ctx context.Context, in plan.Input, planned plan.Plan) error {
	err := e.missing(in, planned)
	if err == nil {
		planned, err = e.claimed(ctx, planned)
	}
	if err == nil {
		err = e.build(ctx, planned, buildFlags{})
	}
	if err == nil {
		_, err = e.revealed(ctx, planned)
	}
	return err
}

// exchange removes the containers of services that next has not, and starts those that it adds with those that are
// present. Where something is removed, what may fail is done before.
func (e *Environment) exchange(ctx context.Context, next *Environment, present []string) (plan.Plan, error) {
	gone := without(present, next.Services())
	wanted := append(without(present, gone), without(next.Services(), e.Services())...)
	if len(wanted) == 0 {
		return plan.Plan{}, e.withdraw(ctx, gone)
	}
	in, planned, err := next.plan(next.modes(""), wanted)
	if err == nil && len(gone) > 0 {
		if err = next.rehearse(ctx, in, planned); err == nil {
			err = e.withdraw(ctx, gone)
		}
	}
	if err == nil {
		_, err = next.start(ctx, in, planned, UpOptions{Timeout: DefaultTimeout, Detach: true})
	}
	return planned, err
}

// withdraw removes the containers of services. No services are none here, where Compose takes them for all.
func (e *Environment) withdraw(ctx context.Context, services []string) error {
	if len(services) == 0 {
		return nil
	}
	scope := stack.Scope{Project: e.apart(), Services: services, Report: e.report}
	return e.stack.Down(ctx, e.project.Compose.Name, stack.DownOptions{Scope: scope})
}

// without are those of names that are not among others.
func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(others, name) })
}
