package dockerfile

import (
	"cmp"
	"path"

	"devenv/devenv/shell"
)

// Sync is a `uv sync` that a Dockerfile runs.
type Sync struct {
	Args        []string // what follows `uv sync`
	Environment string   // the folder that it installs into, absolute
	Line        int      // of its RUN
}

// Syncs are the `uv sync` commands that a target's image is made with, those of the stages that it copies from included, in
// the order of the file.
func (f *File) Syncs(target string) []Sync {
	var all []Sync
	for _, stage := range f.Closure(target) {
		inherited := Effective{Env: map[string]string{}}
		for _, s := range lineage(stage) {
			if s != stage {
				inherited.add(s)
			}
		}
		environment := cmp.Or(stage.Env["UV_PROJECT_ENVIRONMENT"], inherited.Env["UV_PROJECT_ENVIRONMENT"], ".venv")
		for _, run := range stage.Runs {
			folder := joinWorkdir(path.Join("/", joinWorkdir(inherited.Workdir, run.Workdir)), environment)
			for _, args := range syncs(run.Text) {
				all = append(all, Sync{Args: args, Environment: folder, Line: run.Line})
			}
		}
	}
	return all
}

// syncs are the arguments of each `uv sync` in a text for the shell.
func syncs(text string) [][]string {
	var all [][]string
	for _, c := range shell.Commands(text) {
		if c.Program() == "uv" && len(c.Args) > 1 && c.Args[1] == "sync" {
			all = append(all, c.Args[2:])
		}
	}
	return all
}
