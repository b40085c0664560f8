package doctor

import (
	"fmt"
	"maps"
	"path"
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
		Place: at, What: fmt.Sprintf("%s is copied from stage %s, which makes its environment in %s (line %d)", source, step.Copy.From, folder, made[folder].Line),
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

// envPath looks at commands that need the project's packages in stages that make an environment themselves.
func envPath(f *Facts) []Finding {
	var all []Finding
	f.stages(func(file *Dockerfile, stage *dockerfile.Stage, own []dockerfile.Step) {
		made := file.environments(stage.Key())
		for _, step := range own {
			if step.Name != "RUN" && step.Name != "CMD" {
				continue
			}
			for _, c := range commands(step) {
				if folder := outside(c, step, made); folder != "" {
					all = append(all, Finding{
						Place: file.lineOf(step, c.Args[0]), What: fmt.Sprintf("%s runs without the environment in %s, which is not on PATH", c.Args[0], folder),
						Mend: fmt.Sprintf("ENV PATH=%q before it, or uv run %s", folder+"/bin:$PATH", c.Args[0]),
						Fix:  file.insertBefore(step.Line, fmt.Sprintf("ENV PATH=%q", folder+"/bin:$PATH")),
					})
				}
			}
		}
	})
	return all
}

// outside is the environment that a command needs and does not see, or "".
func outside(c command, step dockerfile.Step, made map[string]dockerfile.Step) string {
	needs := slices.Contains(pythonServers, c.Args[0]) ||
		isPython(c.Args[0]) && len(c.Args) > 1 && (path.Base(c.Args[1]) == "manage.py" || c.Args[1] == "-m" && slices.Contains(pythonServers, append(c.Args, "")[2]))
	if !needs || len(made) == 0 {
		return ""
	}
	for folder, by := range made {
		if by.Line > step.Line && by.Stage == step.Stage {
			return ""
		}
		onPath := strings.HasPrefix(folder, "/usr") || slices.Contains(strings.Split(step.Env["PATH"], ":"), folder+"/bin")
		if onPath || c.Env["PATH"] != "" {
			return ""
		}
	}
	return slices.Sorted(maps.Keys(made))[0]
}
