package devenv

import (
	"path"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/plan"
	"devenv/devenv/reload"
	"devenv/devenv/source"
)

// liveServices are the services that a session looks after: those in mode local. A service in another mode runs what its image
// holds, and is what `up` and `mode` make of it.
func liveServices(planned plan.Plan) []types.ServiceConfig {
	var all []types.ServiceConfig
	for _, name := range planned.Project.ServiceNames() {
		if planned.Modes.Of(name) == plan.Local {
			all = append(all, planned.Recipe(name))
		}
	}
	return all
}

// watchable says whether a session has work: only mode local takes in a save.
func watchable(planned plan.Plan) bool { return len(liveServices(planned)) > 0 }

// tree are the rules by which files of the project matter.
func (e *Environment) tree(in plan.Input, planned plan.Plan) *source.Tree {
	rules := source.Rules{
		State: e.store.Folder(), Shown: e.project.Rel,
		Include: e.lines("include", e.project.Extension.Watch.Include), Ignore: e.lines("ignore", e.project.Extension.Watch.Ignore),
	}
	triggers := e.triggers(planned)
	for _, service := range liveServices(planned) {
		for _, mount := range source.Mounts(service, in.IsFile) {
			rules.Roots = append(rules.Roots, filepath.Clean(mount.Source))
		}
		if service.Build != nil && !remote(service.Build.Context) {
			rules.Roots = append(rules.Roots, service.Build.Context)
			rules.Contexts = append(rules.Contexts, source.Context{Folder: service.Build.Context, Dockerfile: plan.File(service)})
		}
		for _, trigger := range triggers[service.Name] {
			rules.Roots = append(rules.Roots, trigger.Path)
			rules.Triggers = append(rules.Triggers, trigger)
		}
	}
	return source.NewTree(rules)
}

// lines are the entries of a list of x-devenv.watch, with their places.
func (e *Environment) lines(list string, patterns []string) []source.Line {
	var all []source.Line
	for _, pattern := range patterns {
		all = append(all, source.Line{
			Pattern: pattern, Folder: e.project.Dir(), Origin: e.project.Place("x-devenv", "watch", list, pattern),
		})
	}
	return all
}

// triggers are the rules of develop.watch, by service.
func (e *Environment) triggers(planned plan.Plan) map[string][]*source.Trigger {
	all := map[string][]*source.Trigger{}
	for name, service := range planned.Project.Services {
		if service.Develop == nil {
			continue
		}
		for i, rule := range service.Develop.Watch {
			place := e.project.Place("services", name, "develop", "watch", strconv.Itoa(i))
			all[name] = append(all[name], source.NewTrigger(service, rule, place, e.project.Rel))
		}
	}
	return all
}

// view is what decisions depend on, for what was planned.
func (e *Environment) view(in plan.Input, planned plan.Plan, tree *source.Tree, packages map[string]packageWork) reload.View {
	view := reload.View{
		Compose: e.project.Files(), EnvFiles: e.project.ServiceEnvFiles(),
		Ignored: func(path string) source.Verdict { return tree.Ignored(path, false) },
	}
	triggers := e.triggers(planned)
	for _, service := range liveServices(planned) {
		seen := reload.Service{
			Name: service.Name, Mapping: source.NewMapping(service, in.IsFile), Triggers: triggers[service.Name],
			Style: style(in, planned, service.Name), Compile: planned.Debug[service.Name].Compile,
		}
		if project := packages[service.Name].project; project.Mounted {
			seen.Dependencies = project.Paths()
		}
		if service.Build != nil && !remote(service.Build.Context) {
			file := plan.File(service)
			seen.Build = &reload.Build{
				Context: service.Build.Context, Dockerfile: file,
				Sources: copiedSources(in, service.Build.Target, file), Placed: placedSources(in, service.Build.Target, file),
			}
		}
		view.Services = append(view.Services, seen)
	}
	return view
}

// uvProjects are the projects of the services that a session looks after, by service.
func uvProjects(in plan.Input, planned plan.Plan) map[string]packageWork {
	all := map[string]packageWork{}
	for _, service := range liveServices(planned) {
		if project, found := uvProject(in, service); found {
			all[service.Name] = packageWork{in: in, planned: planned, service: service.Name, project: project}
		}
	}
	return all
}

// style is how a service takes in new code.
func style(in plan.Input, planned plan.Plan, service string) reload.Style {
	setting := reload.Style(in.Extensions[service].Reload)
	debug := planned.Debug[service]
	switch hasAgent := slices.Contains(planned.Agents, service); {
	case debug.Kind == plan.Delve && setting != reload.Native && setting != reload.Off:
		if debug.Builds {
			return reload.RestartContainer
		}
		return reload.RebuildImage
	case hasAgent && setting == reload.NoPython:
		return reload.Fork
	case !hasAgent && (setting == reload.Fork || setting == reload.Replace):
		return reload.NoPython
	}
	return setting
}

// copiedSources are what the stages of a target copy from the build context; all of it where no Dockerfile says.
func copiedSources(in plan.Input, target, path string) []string {
	file, known := in.Dockerfiles[path]
	if !known {
		return []string{"."}
	}
	var sources []string
	for _, c := range file.ContextSources(target) {
		sources = append(sources, c.Sources...)
	}
	return sources
}

// placedSources are what a target copies from the build context into its own file system, with where that goes.
func placedSources(in plan.Input, target, file string) []reload.Placed {
	recipe, known := in.Dockerfiles[file]
	if !known {
		return nil
	}
	var all []reload.Placed
	for _, step := range recipe.Steps(target) {
		if step.Copy == nil || step.Copy.From != "" || !path.IsAbs(step.Copy.Dest) {
			continue
		}
		for _, from := range step.Copy.Sources {
			all = append(all, reload.Placed{Source: from, Dest: step.Copy.Dest})
		}
	}
	return all
}
