package doctor

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"devenv/devenv/dockerfile"
)

// filled are the environments that have the project's packages after steps, sorted. There are none where the packages, or
// some, may be elsewhere too: in the image's own Python, or where only the build knows.
func (d *Dockerfile) filled(steps []dockerfile.Step) []string {
	var all []string
	for _, step := range steps {
		var folders []string
		known := true
		switch {
		case step.Name == "RUN":
			folders, known = filledBy(step, steps)
		case step.Copy != nil && step.Copy.From != "":
			folders, known = d.filledFrom(step)
		}
		if !known {
			return nil
		}
		all = append(all, folders...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// filledFrom are the environments that a COPY takes from another stage.
func (d *Dockerfile) filledFrom(step dockerfile.Step) (folders []string, known bool) {
	isSystem := func(folder string) bool {
		return strings.HasSuffix(folder, "-packages") || strings.Contains(folder, "/lib/python") || slices.Contains([]string{"/usr", "/usr/local", "/usr/lib", "/usr/local/lib"}, folder)
	}
	if slices.ContainsFunc(step.Copy.Sources, func(source string) bool { return isSystem(path.Clean(source)) }) || isSystem(path.Clean(step.Copy.Dest)) {
		return nil, false
	}
	from := d.Source(step.Copy.From)
	if from == nil || from.Index >= step.Stage.Index {
		return nil, true
	}
	for _, folder := range d.filled(d.Steps(from.Key())) {
		if slices.ContainsFunc(step.Copy.Sources, func(source string) bool { return holds(absoluteIn("/", source), folder) }) {
			folders = append(folders, folder)
		}
	}
	return folders, true
}

// filledBy are the environments that a RUN installs the project's packages into; known is false where it installs packages
// and the Dockerfile does not tell where.
func filledBy(step dockerfile.Step, steps []dockerfile.Step) (folders []string, known bool) {
	active := ""
	for number, c := range commands(step) {
		if c.activates() {
			active = absoluteIn(step.Workdir, path.Dir(path.Dir(c.Args[1])))
			continue
		}
		i := newInstall(c, step, number)
		if !i.brings() {
			continue
		}
		folder := cmp.Or(i.target(active, environments(steps)), "/usr")
		if holds("/usr", folder) {
			return nil, false
		}
		folders = append(folders, folder)
	}
	return folders, true
}

// brings reports whether a command installs packages that a project may need to run.
func (i install) brings() bool {
	words := i.words()
	if words[0] == "-m" && len(words) > 2 { // python -m pip install
		words = words[1:]
	}
	switch program := i.Program(); {
	case program == "uv" && words[0] == "sync", i.chooses() && words[0] != "config":
		return true
	case program == "uv" && words[0] == "pip":
		words = words[1:]
	case strings.HasPrefix(program, "pip"), isPython(program) && words[0] == "pip":
		if words[0] == "pip" {
			words = words[1:]
		}
	default:
		return false
	}
	if words[0] != "install" && words[0] != "sync" {
		return false
	}
	return words[0] == "sync" || i.Has("-r", "--requirement", "--requirements", "-e", "--editable") ||
		slices.ContainsFunc(words[1:], func(name string) bool { return name != "" && !slices.Contains(installers, plainName(name)) })
}

// chooses reports whether a program decides itself where packages go.
func (i install) chooses() bool {
	return slices.Contains([]string{"poetry", "pdm", "pipenv", "conda", "mamba", "micromamba"}, i.Program())
}

// installers are packages that install others and that no project imports.
var installers = []string{"pip", "setuptools", "wheel", "uv", "poetry", "pdm", "pipenv", "virtualenv", "build", "hatch", "pip-tools", "poetry-core"}

// plainName is the name of a package without its extras and versions.
func plainName(requirement string) string {
	if end := strings.IndexAny(requirement, "[=<>!~; "); end >= 0 {
		requirement = requirement[:end]
	}
	return strings.ToLower(requirement)
}

// words are the arguments that are no flags, and -m; "" ends them.
func (i install) words() []string {
	return append(slices.DeleteFunc(slices.Clone(i.Args[1:]), func(arg string) bool { return strings.HasPrefix(arg, "-") && arg != "-m" }), "")
}

// target is the environment that a command installs into, or "" where that is the image's own Python or not known.
func (i install) target(active string, made map[string]dockerfile.Step) string {
	isUV, folder := i.Program() == "uv", path.Dir(i.Args[0])
	switch {
	case isUV && i.words()[0] == "sync":
		return i.environment()
	case i.chooses() || i.isOn("UV_SYSTEM_PYTHON", "--system", "--target", "-t", "--prefix", "--user"):
		return ""
	case isUV && i.Option("--python") != "":
		python := i.Option("--python")
		if path.Base(path.Dir(python)) == "bin" {
			python = path.Dir(path.Dir(python))
		}
		if _, is := made[absoluteIn(i.step.Workdir, python)]; is {
			return absoluteIn(i.step.Workdir, python)
		}
		return ""
	case !isUV && path.Base(folder) == "bin" && !strings.Contains(folder, "$"):
		return absoluteIn(i.step.Workdir, path.Dir(folder))
	case active != "":
		return active
	case isUV && i.vars["VIRTUAL_ENV"] != "":
		return path.Clean(i.vars["VIRTUAL_ENV"])
	case isUV:
		if own := absoluteIn(i.step.Workdir, ".venv"); made[own].Line > 0 {
			return own
		}
		return ""
	}
	for environment := range made {
		if onPath(i.step, environment) {
			return environment
		}
	}
	return ""
}
