package devenv

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"devenv/devenv/compare"
	"devenv/devenv/fault"
	"devenv/devenv/term"
)

// shape is how much of a report a terminal shows; JSON and the page have all.
var shape = compare.Shape{Rows: 12, Width: 56}

func (e *Environment) printReports(reports []compare.Report) error {
	for _, report := range reports {
		if err := e.printReport(report); err != nil {
			return err
		}
	}
	return nil
}

func (e *Environment) printReport(report compare.Report) error {
	out := e.settings.Term
	if err := out.Title(report.Service); err != nil {
		return err
	}
	if e.settings.Pictures {
		if err := out.Bars(bars(report)); err != nil {
			return err
		}
	}
	for _, table := range report.Tables(shape) {
		if err := out.Title(table.Title); err != nil {
			return err
		}
		if err := out.Sheet(table.Heading, table.Rows, table.Numbers); err != nil {
			return err
		}
		if table.Note != "" {
			if err := out.Data([]byte(table.Note + "\n")); err != nil {
				return err
			}
		}
	}
	if len(report.Promises) == 0 {
		return nil
	}
	if err := out.Title("promises of " + compare.Prod); err != nil {
		return err
	}
	return out.Verdicts(verdicts(report.Promises))
}

func bars(report compare.Report) []term.Bar {
	var all []term.Bar
	for _, mode := range report.Modes {
		all = append(all, term.Bar{Label: mode.Mode, Part: mode.Shared, Whole: mode.Size, Text: compare.Size(mode.Size)})
	}
	return all
}

func verdicts(promises []compare.Promise) []term.Verdict {
	var all []term.Verdict
	for _, promise := range promises {
		verdict := term.Verdict{Good: promise.Kept, Word: "kept", Question: promise.Promise, Evidence: promise.Evidence}
		if !promise.Kept {
			verdict.Word = "broken"
		}
		all = append(all, verdict)
	}
	return all
}

// writePage writes the reports as one page.
func (e *Environment) writePage(name string, reports []compare.Report) error {
	page, err := compare.Page(e.project.Compose.Name, reports)
	if err != nil {
		return err
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(e.settings.Dir, name)
	}
	var cause *fs.PathError
	if err := os.WriteFile(path, page, 0o644); errors.As(err, &cause) {
		return fault.New(fault.Failed, "%s: %w", name, cause.Err)
	} else if err != nil {
		return err
	}
	e.settings.Term.Say("wrote %s", name)
	return nil
}
