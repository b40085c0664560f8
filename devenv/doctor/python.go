package doctor

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"devenv/devenv/dockerfile"
	"devenv/devenv/shell"
)

// command is one program that a shell runs.
type command struct{ shell.Command }

// commands are what a step runs: of a text for the shell, each simple command in it.
func commands(step dockerfile.Step) []command {
	if step.Shell {
		return wrapped(shell.Commands(strings.Join(step.Args, " ")))
	}
	return started(step.Args)
}

// started is what a command starts, also by sh -c.
func started(args []string) []command { return wrapped(shell.Started(args)) }

func wrapped(all []shell.Command) []command {
	wrapped := make([]command, len(all))
	for i, c := range all {
		wrapped[i] = command{c}
	}
	return wrapped
}

// install is a command of a RUN that installs packages.
type install struct {
	command
	step   dockerfile.Step
	number int               // of the command in the step
	vars   map[string]string // that the command sees, as far as the Dockerfile sets them
}

// installs are the commands among steps that install a project's packages.
func installs(steps []dockerfile.Step) []install {
	var all []install
	for _, step := range steps {
		if step.Name != "RUN" {
			continue
		}
		for number, c := range commands(step) {
			if c.installs() {
				all = append(all, newInstall(c, step, number))
			}
		}
	}
	return all
}

func newInstall(c command, step dockerfile.Step, number int) install {
	vars := maps.Clone(step.Env)
	maps.Copy(vars, c.Env)
	return install{c, step, number, vars}
}

// installs reports whether a command installs what a lock file or a list of requirements names.
func (c command) installs() bool {
	args := slices.DeleteFunc(slices.Clone(c.Args[1:]), func(arg string) bool { return strings.HasPrefix(arg, "-") })
	first := append(args, "")[0]
	switch c.Program() {
	case "uv":
		return first == "sync" || first == "pip" && c.Has("-r", "--requirement", "--requirements", "-e")
	case "pip", "pip3":
		return first == "install" && c.Has("-r", "--requirement", "-e")
	case "poetry", "pdm":
		return first == "install" || first == "sync"
	case "npm":
		return first == "ci" || first == "install" && len(args) == 1
	case "yarn", "pnpm":
		return first == "install"
	}
	return false
}

// syncs are the `uv sync` among steps.
func syncs(steps []dockerfile.Step) []install {
	return slices.DeleteFunc(installs(steps), func(i install) bool { return i.Program() != "uv" || !slices.Contains(i.Args, "sync") })
}

// isOn reports whether a variable or a flag of uv says yes.
func (i install) isOn(variable string, flags ...string) bool {
	return isTrue(i.vars[variable]) || i.Has(flags...)
}

func isTrue(value string) bool {
	return slices.Contains([]string{"1", "true", "yes", "y", "on", "t"}, strings.ToLower(value))
}

// environment is the folder of the environment that a `uv sync` fills, or "" where the Dockerfile does not tell.
func (i install) environment() string {
	dir := i.step.Workdir
	for _, option := range []string{"--directory", "--project"} {
		if given := i.Option(option); given != "" {
			dir = path.Join("/", dir, given)
		}
	}
	named := cmp.Or(i.vars["UV_PROJECT_ENVIRONMENT"], ".venv")
	if i.Has("--active") {
		named = cmp.Or(i.vars["VIRTUAL_ENV"], named)
	}
	if path.IsAbs(named) {
		return path.Clean(named)
	}
	if dir == "" || strings.Contains(dir+named, "$") {
		return ""
	}
	return path.Join(dir, named)
}

// environments are the folders of the Python environments that steps make, and the step that made each.
func environments(steps []dockerfile.Step) map[string]dockerfile.Step {
	all := map[string]dockerfile.Step{}
	for _, step := range steps {
		if step.Name != "RUN" {
			continue
		}
		for _, c := range commands(step) {
			if made := c.makesEnvironment(); made != "" && (path.IsAbs(made) || step.Workdir != "") {
				all[absoluteIn(step.Workdir, made)] = step
			}
		}
	}
	for _, i := range syncs(steps) {
		if made := i.environment(); made != "" {
			all[made] = i.step
		}
	}
	return all
}

// makesEnvironment is the folder that `uv venv`, `python -m venv` or virtualenv makes, or "".
func (c command) makesEnvironment() string {
	last := c.Args[len(c.Args)-1]
	switch program := c.Program(); {
	case program == "uv" && len(c.Args) > 1 && c.Args[1] == "venv":
		if len(c.Args) == 2 || strings.HasPrefix(last, "-") {
			return ".venv"
		}
		return last
	case program == "virtualenv" && len(c.Args) > 1, isPython(program) && len(c.Args) > 3 && c.Args[1] == "-m" && c.Args[2] == "venv":
		return last
	}
	return ""
}

func isPython(program string) bool {
	rest, is := strings.CutPrefix(program, "python")
	return is && strings.Trim(rest, "0123456789.") == ""
}

func absoluteIn(dir, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join("/", dir, name)
}

// holds reports whether the slashed path inner is folder or lies in it.
func holds(folder, inner string) bool {
	folder, inner = path.Clean(folder), path.Clean(inner)
	return inner == folder || strings.HasPrefix(inner, strings.TrimSuffix(folder, "/")+"/")
}

// pythonServers are programs that an environment of Python packages holds.
var pythonServers = []string{
	"uvicorn", "gunicorn", "hypercorn", "daphne", "granian", "celery", "flask", "fastapi", "django-admin", "alembic", "pytest", "debugpy",
	"ipython", "streamlit",
}

// isPythonCommand reports whether a command runs Python code.
func isPythonCommand(args []string) bool {
	return slices.ContainsFunc(started(args), func(c command) bool {
		program := c.Program()
		return isPython(program) || slices.Contains(pythonServers, program) || program == "uv" && slices.Contains(c.Args, "run")
	})
}
