package devenv

import (
	"context"
	"maps"
	"slices"

	"devenv/devenv/engine"
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
	for _, service := range e.Services() {
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
	if err := e.project.Known(services); err != nil {
		return err
	}
	if err := e.connect(ctx); err != nil {
		return err
	}
	running, err := e.running(ctx)
	if err != nil {
		return err
	}
	chosen := choose(e.state, mode, services)
	in, planned, err := e.plan(e.modesOf(chosen), nil)
	if err != nil {
		return err
	}
	if err := e.printDifferences(in, planned); err != nil {
		return err
	}
	return e.change(ctx, func() error {
		if err := e.switchRunning(ctx, e.modesOf(chosen), running); err != nil {
			return err
		}
		return e.store.Save(chosen)
	})
}

// switchRunning brings the running services, and no others, into their modes.
func (e *Environment) switchRunning(ctx context.Context, modes plan.Modes, running []string) error {
	if running == nil {
		e.settings.Term.Say("nothing runs; the next `devenv up` is in mode %s", modes.Of(""))
		return nil
	}
	in, planned, err := e.plan(modes, running)
	if err == nil {
		_, err = e.start(ctx, in, planned, UpOptions{Timeout: DefaultTimeout})
	}
	return err
}

// running are the services of the project that have a running container, nil for none.
func (e *Environment) running(ctx context.Context) ([]string, error) {
	containers, err := e.engine.Containers(ctx, e.project.Compose.Name)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, container := range containers {
		ours := slices.Contains(e.Services(), container.Service) && !slices.Contains(names, container.Service)
		if ours && container.State == engine.Running && !container.Oneoff {
			names = append(names, container.Service)
		}
	}
	return names, nil
}

// choose is the state after a switch: a mode for the whole project ends the exceptions, one for a service is an
// exception.
func choose(before state.State, mode string, services []string) state.State {
	if len(services) == 0 {
		return state.State{Mode: mode}
	}
	after := state.State{Mode: before.Mode, Services: maps.Clone(before.Services)}
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
