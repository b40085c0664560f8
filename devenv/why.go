package devenv

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"devenv/devenv/live"
	"devenv/devenv/term"
)

// whyNot says of a file that led to nothing whether a rule ignores it.
func (e *Environment) whyNot(path string) error {
	in, planned, err := e.plan(e.modes(""), nil)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	verdict := e.tree(in, planned).Ignored(path, err == nil && info.IsDir())
	switch {
	case !verdict.Ignored && errors.Is(err, fs.ErrNotExist):
		return e.settings.Term.Data([]byte(e.project.Rel(path) + ": no such file; no change of it was seen\n"))
	case !verdict.Ignored:
		return e.settings.Term.Data([]byte(e.project.Rel(path) + ": watched; no change of it was seen\n"))
	case verdict.Origin != "":
		return e.settings.Term.Data([]byte(e.project.Rel(path) + ": ignored by " + verdict.Rule + " (" + verdict.Origin + ")\n"))
	}
	return e.settings.Term.Data([]byte(e.project.Rel(path) + ": ignored: " + verdict.Rule + "\n"))
}

// Why prints what changes of a file, or of everything, led to: file, rule, action, result and time.
func (e *Environment) Why(ctx context.Context, path, format string) error {
	if path != "" && !filepath.IsAbs(path) {
		path = filepath.Join(e.settings.Dir, path)
	}
	answer, err := live.Ask(ctx, e.socket(), live.Request{Why: &path})
	if err != nil {
		return err
	}
	if format == "json" {
		return e.settings.Term.JSON(answer.Entries)
	}
	if len(answer.Entries) == 0 && answer.UnderWay {
		return e.settings.Term.Data([]byte(e.project.Rel(path) + ": a change of it is being taken in\n"))
	}
	if len(answer.Entries) == 0 && path != "" {
		return e.whyNot(path)
	}
	var rows [][]string
	for _, entry := range answer.Entries {
		took := ""
		if entry.Took > 0 {
			took = term.Duration(entry.Took)
		}
		rows = append(rows, []string{
			entry.At.Local().Format("15:04:05"), e.project.Rel(entry.Path), entry.Rule, entry.Verb, entry.Service, entry.Result, took,
		})
	}
	return e.settings.Term.Table([]string{"TIME", "FILE", "RULE", "ACTION", "SERVICE", "RESULT", "TOOK"}, rows)
}
