package devenv

import (
	"cmp"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/fault"
	"devenv/devenv/plan"
	"devenv/devenv/source"
	"devenv/devenv/uv"
)

// packageService is the service in whose container uv runs, and its project: the one that is named, else the only one
// that has a project, else the one whose project the command was started in. Services that share a project are one.
func (e *Environment) packageService(in plan.Input, planned plan.Plan, named string) (string, uv.Project, error) {
	if named != "" {
		if err := e.project.Known([]string{named}); err != nil {
			return "", uv.Project{}, err
		}
		project, found := uvProject(in, planned.Recipe(named))
		if !found {
			return "", project, fault.New(fault.Usage, "%s: no pyproject.toml of this project is in its container", named)
		}
		named, project = built(in, planned, named, project)
		return named, project, nil
	}
	var names []string
	projects := map[string]uv.Project{}
	for _, name := range planned.Project.ServiceNames() {
		project, found := uvProject(in, planned.Recipe(name))
		known := slices.ContainsFunc(names, func(other string) bool { return projects[other].Host == project.Host })
		if found && !known {
			name, project = built(in, planned, name, project)
			names, projects[name] = append(names, name), project
		}
	}
	if here := innermost(names, projects, e.settings.Dir); here != "" {
		names = []string{here}
	}
	switch len(names) {
	case 1:
		return names[0], projects[names[0]], nil
	case 0:
		return "", uv.Project{}, fault.New(fault.Usage, "no service has a pyproject.toml").WithHint("it must be in a source mount, or be copied by the Dockerfile")
	}
	return "", uv.Project{}, fault.New(fault.Usage, "several services have a pyproject.toml: %s", list(names)).WithHint("choose one with -s SERVICE")
}

// built is the service that builds the image of another one, if it has the same project: what is built here can be built as
// far as it goes without a lock file. Else it is the service itself.
func built(in plan.Input, planned plan.Plan, name string, project uv.Project) (string, uv.Project) {
	builder := planned.MadeBy(name)
	if its, found := uvProject(in, planned.Recipe(builder)); found && its.Host == project.Host {
		return builder, its
	}
	return name, project
}

// innermost is the service whose project holds a folder of the host, the nearest if several do.
func innermost(names []string, projects map[string]uv.Project, dir string) string {
	best := ""
	for _, name := range names {
		if host := projects[name].Host; within(host, dir) && len(host) > len(projects[best].Host) {
			best = name
		}
	}
	return best
}

// uvProject is the project whose packages a service runs with. It is looked for from the service's working folder
// upwards, then at the root of each source mount, then among what the image copies from the build context.
func uvProject(in plan.Input, service types.ServiceConfig) (uv.Project, bool) {
	mapping := source.NewMapping(service, in.IsFile)
	workdir := workdirOf(in, service)
	if host, mounted := mapping.ToHost(workdir); mounted {
		root, found := projectRoot(host, func(dir string) bool { _, seen := mapping.ToContainer(dir); return seen })
		if found {
			container, _ := mapping.ToContainer(root)
			return newProject(root, container, workdir, true), true
		}
	}
	for _, folder := range mapping.Folders() {
		if container, seen := mapping.ToContainer(folder); seen && isFile(filepath.Join(folder, "pyproject.toml")) {
			return newProject(folder, container, workdir, true), true
		}
	}
	host, container, found := copiedProject(in, service, workdir)
	return newProject(host, container, workdir, false), found
}

func newProject(host, container, workdir string, mounted bool) uv.Project {
	project := uv.Project{Host: host, Container: container, Workdir: ".", Mounted: mounted}
	if inside, ok := strings.CutPrefix(workdir, strings.TrimSuffix(container, "/")+"/"); ok && isFile(filepath.Join(host, filepath.FromSlash(inside), "pyproject.toml")) {
		project.Workdir = inside
	}
	return project
}

// projectRoot is the nearest folder from dir upwards that has a uv.lock, which is the root of a workspace, else the
// nearest with a pyproject.toml. seen says whether the container has a folder.
func projectRoot(dir string, seen func(string) bool) (root string, found bool) {
	for ; seen(dir); dir = filepath.Dir(dir) {
		if isFile(filepath.Join(dir, "uv.lock")) {
			return dir, true
		}
		if !found && isFile(filepath.Join(dir, "pyproject.toml")) {
			root, found = dir, true
		}
	}
	return root, found
}

// workdirOf is the folder of the container that the service's command starts in, as far as the Dockerfile says.
func workdirOf(in plan.Input, service types.ServiceConfig) string {
	if service.WorkingDir != "" || service.Build == nil {
		return service.WorkingDir
	}
	file, known := in.Dockerfiles[plan.File(service)]
	if !known {
		return ""
	}
	image, _ := file.Effective(service.Build.Target)
	return cmp.Or(image.Workdir, "/")
}

// copiedProject is the pyproject.toml that the image of a service copies into its working folder from the build context.
func copiedProject(in plan.Input, service types.ServiceConfig, workdir string) (host, container string, found bool) {
	if service.Build == nil || remote(service.Build.Context) {
		return "", "", false
	}
	file, known := in.Dockerfiles[plan.File(service)]
	if !known {
		return "", "", false
	}
	for _, c := range file.ContextSources(service.Build.Target) {
		for _, from := range c.Sources {
			folder := filepath.Join(service.Build.Context, filepath.FromSlash(from))
			if path.Base(from) == "pyproject.toml" {
				folder = filepath.Dir(folder)
			}
			if isFile(filepath.Join(folder, "pyproject.toml")) {
				return folder, workdir, true
			}
		}
	}
	return "", "", false
}

// within reports whether a path is folder or in it.
func within(folder, inner string) bool {
	relative, err := filepath.Rel(folder, inner)
	return err == nil && filepath.IsLocal(relative)
}
