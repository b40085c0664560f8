package devenv

import (
	"context"
	"maps"
	"slices"
	"strings"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/plan"
	"devenv/devenv/state"
)

// Modes are the modes that the project offers, sorted.
func (e *Environment) Modes() ([]string, error) {
	in, err := e.input(e.project, e.modes(""))
	return plan.Known(in), err
}

// ShowMode prints the mode of every service and the modes to choose from.
func (e *Environment) ShowMode(format string) error {
	known, err := e.Modes()
	if err != nil {
		return err
	}
	modes := e.modes("")
	shown := shownModes{Mode: modes.Of(""), Services: modes.Services, Modes: known}
	if format == "json" {
		return e.settings.Term.JSON(shown)
	}
	var rows [][]string
	for _, service := range withBuild(e.project.Compose.Services) {
		rows = append(rows, []string{service, modes.Of(service)})
	}
	if err := e.settings.Term.Table([]string{"SERVICE", "MODE"}, rows); err != nil {
		return err
	}
	e.settings.Term.Say("modes of this project: %s", list(known))
	return nil
}

type shownModes struct {
	Mode     string            `json:"mode"`
	Services map[string]string `json:"services,omitempty"` // those that differ
	Modes    []string          `json:"modes"`
}

// SwitchMode chooses a mode for the project, or for some services of it. A running project is switched at once; the
// choice is remembered when that has worked.
func (e *Environment) SwitchMode(ctx context.Context, mode string, services []string) error {
	if err := e.switchable(mode, services); err != nil {
		return err
	}
	if err := e.connect(ctx); err != nil {
		return err
	}
	present, err := e.present(ctx)
	if err != nil {
		return err
	}
	chosen := choose(e.state, strings.ToLower(mode), services)
	in, planned, err := e.plan(e.modesOf(chosen), nil)
	if err != nil {
		return err
	}
	if err := e.printDifferences(in, planned); err != nil {
		return err
	}
	var switched plan.Plan
	err = e.change(ctx, func() (err error) {
		if switched, err = e.switchPresent(ctx, e.modesOf(chosen), present); err != nil {
			e.settings.Term.Say("the mode of this checkout is still %s; `devenv mode %[1]s` goes back to it", e.modes("").Of(""))
			return err
		}
		return e.store.Save(chosen)
	})
	if err == nil && present != nil {
		err = e.handOver(ctx, switched)
	}
	return err
}

// switchPresent brings the services that have containers, and no others, into their modes.
func (e *Environment) switchPresent(ctx context.Context, modes plan.Modes, present []string) (plan.Plan, error) {
	if present == nil {
		e.settings.Term.Say("nothing runs; the next `devenv up` is in mode %s", modes)
		return plan.Plan{}, nil
	}
	in, planned, err := e.plan(modes, present)
	if err == nil {
		_, err = e.start(ctx, in, planned, UpOptions{Timeout: DefaultTimeout})
	}
	return planned, err
}

// present are the services of the project that have a container, also one that has ended; nil where nothing runs.
func (e *Environment) present(ctx context.Context) ([]string, error) {
	containers, err := e.engine.Containers(ctx, e.project.Compose.Name)
	if err != nil {
		return nil, err
	}
	var names []string
	running := false
	for _, container := range containers {
		if container.Oneoff || !slices.Contains(e.Services(), container.Service) {
			continue
		}
		running = running || container.State == engine.Running
		if !slices.Contains(names, container.Service) {
			names = append(names, container.Service)
		}
	}
	if !running {
		return nil, nil
	}
	return names, nil
}

// planPresent is the plan of the services that have a container, in the modes of now.
func (e *Environment) planPresent(ctx context.Context) (plan.Input, plan.Plan, error) {
	present, err := e.present(ctx)
	if err != nil {
		return plan.Input{}, plan.Plan{}, err
	}
	return e.plan(e.modes(""), present)
}

// switchable refuses what has no mode: a name that is empty, a service that is not built here.
func (e *Environment) switchable(mode string, services []string) error {
	if mode == "" {
		return fault.New(fault.Usage, "devenv mode: the name of the mode is empty")
	}
	if err := e.project.Known(services); err != nil {
		return err
	}
	for _, name := range services {
		if e.project.Compose.Services[name].Build == nil {
			return e.modeless("", name)
		}
	}
	return nil
}

// modeless is the error for a service that has no modes; who names, as a message begins, who asked for one.
func (e *Environment) modeless(who, service string) error {
	if builder, found := plan.BuilderOf(e.project.Compose, e.project.Compose.Services[service]); found {
		return fault.New(fault.Usage, "%s%s: it runs the image that %s builds, so it has the mode of %[3]s", who, service, builder.Name).
			WithHint("choose one for %s", builder.Name)
	}
	return fault.New(fault.Usage, "%s%s: it runs an image as it is, so it has no modes", who, service).
		WithHint("services with a build have: %s", list(withBuild(e.project.Compose.Services)))
}

// choose is the state after a switch: a mode for the whole project ends the exceptions, one for a service is an
// exception.
func choose(before state.State, mode string, services []string) state.State {
	if len(services) == 0 {
		return state.State{Profile: before.Profile, Mode: mode}
	}
	after := state.State{Profile: before.Profile, Mode: before.Mode, Services: maps.Clone(before.Services)}
	if after.Services == nil {
		after.Services = map[string]string{}
	}
	for _, service := range services {
		after.Services[service] = mode
	}
	return after
}

// printDifferences prints how the plan differs from mode local.
func (e *Environment) printDifferences(in plan.Input, planned plan.Plan) error {
	in.Modes = plan.Modes{}
	local, err := plan.Make(in)
	if err == nil {
		local, err = e.withPorts(local)
	}
	if err != nil {
		return err
	}
	differences := plan.Differences(in, local, planned)
	if len(differences) == 0 {
		e.settings.Term.Say("as in mode local")
		return nil
	}
	var rows [][]string
	for _, d := range differences {
		d.From, d.To = mask(d.Key, d.From), mask(d.Key, d.To)
		rows = append(rows, []string{d.Service, d.Key, d.Change()})
	}
	return e.settings.Term.Table([]string{"SERVICE", "WHAT", "LOCAL -> NOW"}, rows)
}
