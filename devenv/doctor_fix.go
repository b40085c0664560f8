package devenv

import (
	"context"
	"path/filepath"

	"devenv/devenv/doctor"
	"devenv/devenv/fault"
	"devenv/devenv/files"
)

// fix shows the safe mends of a report as one diff and, when the user agrees, writes all of them or none. Then it looks
// again: the answer is what is left.
func (e *Environment) fix(ctx context.Context, report doctor.Report, options DoctorOptions) (doctor.Report, error) {
	patches, err := report.Patches()
	if err != nil || len(patches) == 0 {
		return report, err
	}
	before, now := map[string][]byte{}, map[string][]byte{}
	for _, patch := range patches {
		if err := e.settings.Term.Data([]byte(patch.Diff(e.slashed(patch.File)))); err != nil {
			return report, err
		}
		if now[patch.File] = patch.Now; patch.Before != nil {
			before[patch.File] = patch.Before
		}
	}
	if agreed, err := e.agrees(ctx, options); err != nil || !agreed {
		return report, err
	}
	changed, err := files.Write("", before, now)
	if err != nil {
		return report, err
	}
	for _, file := range changed {
		e.settings.Term.Say("mended %s", e.project.Rel(file))
	}
	fresh, err := e.again(ctx)
	if err != nil {
		return report, err
	}
	return fresh.examine(ctx)
}

// agrees asks on a terminal; elsewhere only --yes is an answer.
func (e *Environment) agrees(ctx context.Context, options DoctorOptions) (bool, error) {
	switch {
	case options.Yes:
		return true, nil
	case !e.settings.Interactive:
		return false, fault.New(fault.Usage, "doctor --fix: nobody is asked here").WithHint("devenv doctor --fix --yes writes what is shown")
	}
	e.settings.Term.Say("write this? [y/N]")
	return answersFrom(e.settings.In).yes(ctx)
}

// slashed is a path as diffs name it: from the project's folder on.
func (e *Environment) slashed(file string) string {
	if rel, err := filepath.Rel(e.project.Dir(), file); err == nil {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(file)
}
