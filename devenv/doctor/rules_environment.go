package doctor

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"devenv/devenv/dockerfile"
)

// envPlace looks at every COPY --from of a stage that names an environment, or a folder that one is in.
func envPlace(f *Facts) []Finding {
	var all []Finding
	f.stages(func(file *Dockerfile, _ *dockerfile.Stage, own []dockerfile.Step) {
		for _, step := range own {
			if step.Copy == nil {
				continue
			}
			from := file.Source(step.Copy.From)
			if step.Copy.From == "" || from == nil {
				continue
			}
			made := environments(file.Steps(from.Key()))
			for _, source := range step.Copy.Sources {
				if found := misplaced(file, step, absoluteIn("/", source), made); found != nil {
					all = append(all, *found)
				}
			}
		}
	})
	return all
}

// misplaced says what is wrong with copying source, given the environments that its stage makes.
func misplaced(file *Dockerfile, step dockerfile.Step, source string, made map[string]dockerfile.Step) *Finding {
	at := file.at(step.Line)
	for _, folder := range slices.Sorted(maps.Keys(made)) {
		if !holds(source, folder) {
			continue
		}
		if there := path.Join(step.Copy.Dest, strings.TrimPrefix(folder, source)); path.IsAbs(there) && there != folder {
			return &Finding{Place: at, What: fmt.Sprintf("the environment was made for %s and is copied to %s", folder, there),
				Mend: "copy it to the same path, or set UV_PROJECT_ENVIRONMENT=" + there + " where it is made"}
		}
		return nil
	}
	if len(made) == 0 || !isEnvironmentName(source) {
		return nil
	}
	folder := slices.Sorted(maps.Keys(made))[0]
	return &Finding{
		Place: at,
		What: fmt.Sprintf("%s is copied from stage %s, which makes its environment in %s (line %d)",
			source, step.Copy.From, folder, made[folder].Line),
		Mend: "ENV UV_PROJECT_ENVIRONMENT=" + source + " in stage " + step.Copy.From,
		Fix:  file.insertBefore(made[folder].Line, "ENV UV_PROJECT_ENVIRONMENT="+source),
	}
}

// isEnvironmentName tells what environments are called: .venv, venv, /opt/env.
func isEnvironmentName(folder string) bool {
	return slices.Contains([]string{".venv", "venv", ".env", "env", "virtualenv"}, path.Base(folder))
}

// environments are the folders of the environments that a stage has: made there, or copied from other stages.
func (d *Dockerfile) environments(key string) map[string]dockerfile.Step {
	steps := d.Steps(key)
	all := environments(steps)
	for _, step := range steps {
		if step.Copy == nil || step.Copy.From == "" {
			continue
		}
		from := d.Source(step.Copy.From)
		if from == nil {
			continue
		}
		for folder := range environments(d.Steps(from.Key())) {
			if slices.ContainsFunc(step.Copy.Sources, func(source string) bool { return holds(absoluteIn("/", source), folder) }) {
				all[folder] = step
			}
		}
	}
	return all
}

// envPath looks at commands that need the project's packages, in stages that have an environment with them.
func envPath(f *Facts) []Finding {
	var all []Finding
	f.stages(func(file *Dockerfile, stage *dockerfile.Stage, _ []dockerfile.Step) {
		if knownBase(file, stage) {
			all = append(all, file.unseen(file.Steps(stage.Key()))...)
		}
	})
	return all
}

// unseen are the commands of steps that need an environment and do not see it. One line before the first of them mends all
// that come later, also in the stages that stand on this one.
func (d *Dockerfile) unseen(steps []dockerfile.Step) []Finding {
	var all []Finding
	fixes := map[string]*Edit{}
	for n, step := range steps {
		if step.Name != "RUN" && (step.Name != "CMD" || !starts(steps)) {
			continue
		}
		for _, c := range visible(step) {
			folder := ""
			if c.needsPackages() {
				folder = outside(step, d.filled(steps[:n]))
			}
			if folder == "" {
				continue
			}
			if fixes[folder] == nil {
				fixes[folder] = d.insertBefore(step.Line, fmt.Sprintf("ENV PATH=%q", folder+"/bin:$PATH"))
			}
			all = append(all, Finding{
				Place: d.lineOf(step, c.Args[0]), What: fmt.Sprintf("%s runs without the environment in %s, which is not on PATH", c.Args[0], folder),
				Mend: fmt.Sprintf("ENV PATH=%q before it, or uv run %s", folder+"/bin:$PATH", c.Args[0]),
				Fix:  fixes[folder],
			})
		}
	}
	return all
}

// pythonBases are the names of images that have no packages and no environment of their own.
var pythonBases = []string{"python", "uv", "debian", "ubuntu", "alpine", "busybox", "scratch"}

// knownBase reports whether a stage stands on an image whose PATH and packages are known without looking at it.
func knownBase(file *Dockerfile, stage *dockerfile.Stage) bool {
	effective, _ := file.Effective(stage.Key())
	return slices.Contains(pythonBases, strings.FieldsFunc(path.Base(effective.Image)+":", func(r rune) bool { return r == ':' || r == '@' })[0])
}

// starts reports whether the CMD of steps is what is started, and not the arguments of an ENTRYPOINT.
func starts(steps []dockerfile.Step) bool {
	for _, step := range slices.Backward(steps) {
		if step.Name == "ENTRYPOINT" {
			return len(step.Args) == 0 || !step.Shell && slices.Contains([]string{"tini", "dumb-init", "docker-init"}, path.Base(step.Args[0]))
		}
	}
	return true
}

// setsPath matches a text for a shell that says itself where programs are.
var setsPath = regexp.MustCompile(`(?:^|[^A-Za-z0-9_])PATH=`)

// visible are the commands of a step that see the PATH of the Dockerfile: none behind an activation.
func visible(step dockerfile.Step) []command {
	if len(step.Args) == 0 || setsPath.MatchString(strings.Join(step.Args, " ")) {
		return nil
	}
	all := commands(step)
	if i := slices.IndexFunc(all, command.activates); i >= 0 {
		return all[:i]
	}
	return all
}

// activates reports whether a command is `. FOLDER/bin/activate`.
func (c command) activates() bool {
	return len(c.Args) == 2 && slices.Contains([]string{".", "source"}, c.Args[0]) && path.Base(c.Args[1]) == "activate"
}

// needsPackages reports whether a command is a program of the environment, or code that imports from it.
func (c command) needsPackages() bool {
	if !isPython(c.Args[0]) || len(c.Args) < 2 {
		return slices.Contains(pythonServers, c.Args[0])
	}
	return path.Base(c.Args[1]) == "manage.py" || c.Args[1] == "-m" && len(c.Args) > 2 && slices.Contains(pythonServers, c.Args[2])
}

// outside is the environment that a step does not see, or "".
func outside(step dockerfile.Step, filled []string) string {
	if len(filled) == 0 || slices.ContainsFunc(filled, func(folder string) bool { return onPath(step, folder) }) {
		return ""
	}
	return filled[0]
}

// onPath reports whether a step finds the programs of an environment.
func onPath(step dockerfile.Step, folder string) bool {
	return slices.ContainsFunc(strings.Split(step.Env["PATH"], ":"), func(part string) bool {
		return part != "" && path.Clean(part) == path.Join(folder, "bin")
	})
}
