package devenv

import (
	"context"
	"maps"
	"slices"

	"devenv/devenv/doctor"
	"devenv/devenv/fault"
	"devenv/devenv/plan"
)

// DoctorOptions are the flags of doctor.
type DoctorOptions struct {
	Format  string // text, json, sarif or github
	Strict  bool   // warnings fail too
	Fix     bool
	Yes     bool   // with Fix: without asking
	Version string // of devenv, for SARIF
}

// Doctor prints what is wrong with the project. It fails where there are errors, and with Strict where there are warnings.
func (e *Environment) Doctor(ctx context.Context, options DoctorOptions) error {
	report, err := e.examine(ctx)
	if err == nil && options.Fix {
		report, err = e.fix(ctx, report, options)
	}
	if err != nil {
		return err
	}
	if err := e.showReport(report, options); err != nil {
		return err
	}
	worst := report.Worst()
	if worst == doctor.Error || options.Strict && worst == doctor.Warning {
		return &fault.Error{Class: fault.Failed}
	}
	return nil
}

// examine gathers the facts and lets the rules look at them.
func (e *Environment) examine(ctx context.Context) (doctor.Report, error) {
	in, err := e.doctorInput()
	if err != nil {
		return doctor.Report{}, err
	}
	e.askHost(&in)
	if err := e.askEngine(ctx, &in); err != nil {
		return doctor.Report{}, err
	}
	return e.diagnose(ctx, in)
}

// doctorInput is what the project's files say: what runs in each mode that it offers.
func (e *Environment) doctorInput() (doctor.Input, error) {
	in, err := e.input(e.project, e.modes(""))
	if err != nil {
		return doctor.Input{}, err
	}
	input := doctor.Input{Project: e.project, Plan: in, Plans: map[string]plan.Plan{}, UID: e.settings.UID}
	for _, mode := range plan.Known(in) {
		in.Modes = plan.Modes{Project: mode}
		if input.Plans[mode], err = plan.Make(in); err != nil {
			return doctor.Input{}, err
		}
	}
	return input, nil
}

func (e *Environment) diagnose(ctx context.Context, in doctor.Input) (doctor.Report, error) {
	off, err := e.switchedOff()
	if err != nil {
		return doctor.Report{}, err
	}
	facts, err := doctor.Gather(ctx, in)
	if err != nil {
		return doctor.Report{}, err
	}
	return doctor.Examine(facts, off), nil
}

// switchedOff are the rules that x-devenv.doctor switches off, with their reasons.
func (e *Environment) switchedOff() (map[string]string, error) {
	off := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(e.project.Extension.Doctor.Off)) {
		if err := doctor.Known(name, e.project.Place("x-devenv", "doctor", "off", name)); err != nil {
			return nil, err
		}
		off[name] = string(e.project.Extension.Doctor.Off[name])
	}
	return off, nil
}
