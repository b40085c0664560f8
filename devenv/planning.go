package devenv

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/dockerfile"
	"devenv/devenv/fault"
	"devenv/devenv/plan"
	"devenv/devenv/project"
	"devenv/devenv/reload/agent"
)

// input reads what plan decides from: the Dockerfiles that the services declare and those named after a mode.
func (e *Environment) input(of *project.Project, modes plan.Modes) (plan.Input, error) {
	in := plan.Input{
		Project: of.Compose, Extensions: of.Services, Modes: modes, DebugWait: e.settings.DebugWait,
		NoDebug: e.withoutDebugger(), DebugAt: e.debugPortsChosen(), Profile: e.profileName(), Hooks: e.hooks(),
		Naming: of.Naming(), Shared: of.Extension.Volumes,
		Dockerfiles: map[string]*dockerfile.File{}, IsFile: isFile,
	}
	in.Agent.Content, in.Agent.Path = agentFile()
	in.Kept = e.store.Environments()
	in.Packages = func(service types.ServiceConfig) (plan.Packages, bool) { return packages(in, service) }
	var err error
	if in.Trust, err = of.CABundle(); err != nil {
		return in, err
	}
	for _, service := range of.Compose.Services {
		builder, _ := plan.BuilderOf(of.Compose, service)
		for _, recipe := range [...]types.ServiceConfig{plan.WithBuild(of.Compose, service), builder} {
			if recipe.Build == nil || remote(recipe.Build.Context) {
				continue
			}
			if err := e.readDockerfiles(in, recipe); err != nil {
				return in, err
			}
		}
	}
	return in, nil
}

func (e *Environment) readDockerfiles(in plan.Input, service types.ServiceConfig) error {
	key := plan.File(service)
	if inline := service.Build.DockerfileInline; inline != "" {
		file, err := dockerfile.Parse(key, []byte(inline))
		in.Dockerfiles[key] = file
		return err
	}
	if err := e.readDockerfile(in, key); err != nil {
		return err
	}
	for mode, said := range in.Extensions[service.Name].Modes {
		if said.Dockerfile == "" {
			continue
		}
		if err := e.readDockerfile(in, plan.FileAt(service, said.Dockerfile)); err != nil && mode == in.Modes.Of(service.Name) {
			return err
		}
	}
	return e.readSiblings(in, service, key)
}

// readSiblings reads the Dockerfiles named after a mode. One that cannot be read matters only in its own mode.
func (e *Environment) readSiblings(in plan.Input, service types.ServiceConfig, key string) error {
	folder, name := filepath.Split(key)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil //nolint:nilerr // a build context that is missing is for the build to report
	}
	for _, entry := range entries {
		mode, beside := strings.CutPrefix(entry.Name(), name+".")
		if !beside || entry.IsDir() {
			continue
		}
		if err := e.readDockerfile(in, filepath.Join(folder, entry.Name())); err != nil && mode == in.Modes.Of(service.Name) {
			return err
		}
	}
	return nil
}

// readDockerfile parses a file into the input; one that does not exist is left to the build that needs it.
func (e *Environment) readDockerfile(in plan.Input, path string) error {
	if in.Dockerfiles[path] != nil || filepath.Ext(path) == ".dockerignore" {
		return nil
	}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.New(fault.Usage, "%s: %w", e.project.Rel(path), err)
	}
	file, err := dockerfile.Parse(e.project.Rel(path), content)
	if err == nil {
		in.Dockerfiles[path] = file
	}
	return err
}

// plan decides what runs in modes; services narrows it to these and what they depend on. Which modes there are is a
// question to the whole project.
func (e *Environment) plan(modes plan.Modes, services []string) (plan.Input, plan.Plan, error) {
	in, err := e.input(e.project, modes)
	if err == nil {
		err = e.knownModes(in, modes)
	}
	if err != nil {
		return in, plan.Plan{}, err
	}
	planned, err := plan.Make(in)
	if err == nil && len(services) > 0 {
		in, planned, err = e.narrowed(modes, services, planned)
	}
	if err == nil {
		planned, err = e.withPorts(planned)
	}
	return in, planned, err
}

// narrowed is the plan of some services and what they depend on; from the plan of the whole project it takes what only
// their builds need.
func (e *Environment) narrowed(modes plan.Modes, services []string, whole plan.Plan) (plan.Input, plan.Plan, error) {
	selected, err := e.project.Select(services...)
	if err != nil {
		return plan.Input{}, plan.Plan{}, err
	}
	in, err := e.input(selected, modes)
	if err != nil {
		return in, plan.Plan{}, err
	}
	planned, err := plan.Make(in)
	if err == nil {
		planned.Builds, planned.Whole = buildsOnly(planned.Project.Services, whole), whole.Project
	}
	return in, planned, err
}

// buildsOnly are the services of whole whose images selected ones run, or their builds take as additional_contexts, theirs
// included.
func buildsOnly(selected types.Services, whole plan.Plan) types.Services {
	only := types.Services{}
	for queue := slices.Collect(maps.Values(selected)); len(queue) > 0; queue = queue[1:] {
		needed := []string{whole.MadeBy(queue[0].Name)}
		if queue[0].Build != nil {
			for _, context := range queue[0].Build.AdditionalContexts {
				if name, isService := strings.CutPrefix(context, "service:"); isService {
					needed = append(needed, name)
				}
			}
		}
		for _, name := range needed {
			_, known := selected[name]
			_, taken := only[name]
			if service, exists := whole.Project.Services[name]; exists && !known && !taken {
				only[name] = service
				queue = append(queue, service)
			}
		}
	}
	return only
}

// knownModes refuses a mode that no service has anything for.
func (e *Environment) knownModes(in plan.Input, modes plan.Modes) error {
	if err := e.checkModes(); err != nil {
		return err
	}
	known := plan.Known(in)
	for _, name := range append(slices.Sorted(maps.Values(modes.Services)), modes.Project) {
		if plan.Has(in, name) || name == "" {
			continue
		}
		unknown := fault.New(fault.Usage, "%sno mode %q: no service has a stage, a Dockerfile or an x-devenv.modes entry of this name", e.asks(name), name)
		if near := fault.Nearest(name, known); near != "" {
			return unknown.WithHint("did you mean %q?", near)
		}
		return unknown.WithHint("the modes are: %s", list(known))
	}
	return nil
}

// missing refuses a build whose Dockerfile copies files that are not in the build context, before it starts.
func (e *Environment) missing(in plan.Input, planned plan.Plan) error {
	var all []error
	for _, name := range planned.Project.ServiceNames() {
		service := planned.Project.Services[name]
		if service.Build == nil {
			continue
		}
		file, ok := in.Dockerfiles[plan.File(service)]
		if !ok {
			continue
		}
		for _, source := range dockerfile.Missing(file, service.Build.Target, os.DirFS(service.Build.Context)) {
			all = append(all, e.missingSource(service, file, source))
		}
	}
	return errors.Join(all...)
}

// warnOfLocks says of each uv.lock that an image is made from and that does not match its pyproject.toml: `uv sync
// --locked` of the build refuses it, one with --frozen does not.
func (e *Environment) warnOfLocks(in plan.Input, planned plan.Plan) {
	said := map[string]bool{}
	for _, name := range planned.Project.ServiceNames() {
		service := planned.Project.Services[name]
		project, found := uvProject(in, service)
		if !found || said[project.Host] || service.Build == nil || !within(service.Build.Context, project.Host) {
			continue
		}
		said[project.Host] = true
		files, err := project.Read()
		if why := files.Stale(); err == nil && why != "" {
			e.settings.Term.Warn("%s does not match pyproject.toml: %s", e.project.Rel(filepath.Join(project.Host, "uv.lock")), why)
			e.settings.Term.Hint("devenv lock mends it")
		}
	}
}

func (e *Environment) missingSource(service types.ServiceConfig, file *dockerfile.File, source dockerfile.MissingSource) error {
	path := filepath.Join(service.Build.Context, filepath.FromSlash(source.Path))
	missing := fault.New(fault.Usage, "%s:%d: %s: no such file in the build context of %s", file.Path, source.Line, source.Path, service.Name)
	if filepath.Base(path) == "uv.lock" {
		return missing.WithHint("devenv lock creates it")
	}
	return missing
}

func agentFile() (content, path string) {
	archive, path := agent.Archive()
	return string(archive), path
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// remote reports whether a build context is fetched by BuildKit itself.
func remote(context string) bool {
	return strings.Contains(context, "://") || strings.HasPrefix(context, "git@")
}

func list(names []string) string { return strings.Join(names, ", ") }
