package devenv

import (
	"context"
	"path/filepath"

	"devenv/devenv/live"
	"devenv/devenv/term"
)

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
