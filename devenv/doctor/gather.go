package doctor

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/dockerfile"
	"devenv/devenv/image"
	"devenv/devenv/plan"
	"devenv/devenv/project"
	"devenv/devenv/uv"
)

// Input is where facts come from.
type Input struct {
	Project *project.Project
	Plan    plan.Input           // its Modes do not matter
	Plans   map[string]plan.Plan // of the whole project, by mode
	// Image is what is in the image of a service in a mode, nil where it has not been looked at, and whether its sources
	// have changed since it was built.
	Image func(service, mode string) (_ *image.Image, stale bool)
	// Base is what is in a local image that a Dockerfile stands on, nil where there is none.
	Base func(ctx context.Context, reference string) (*image.Image, error)
	// ImageEnv is the environment (NAME=value) of a local image, false where it is not known.
	ImageEnv func(reference string) ([]string, bool)
	Host     Host
	UID      int // of who runs devenv; -1 where the system has none
	Unseen   []string
}

// Gather reads what the rules want to know. It needs no engine.
func Gather(ctx context.Context, in Input) (*Facts, error) {
	in.Base = once(in.Base)
	f := &Facts{Project: in.Project, Modes: slices.Sorted(maps.Keys(in.Plans)), Unseen: in.Unseen, Host: in.Host}
	files := map[string]*Dockerfile{}
	for _, service := range in.Project.Compose.ServiceNames() {
		for _, mode := range f.Modes {
			build, err := in.build(ctx, service, mode, files)
			if err != nil {
				return nil, err
			}
			f.Builds = append(f.Builds, build)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(files)) {
		f.Files = append(f.Files, files[key])
	}
	in.markReleases(f.Builds)
	f.Git, f.UID = gitFacts(ctx, in.Project.Dir()), in.UID
	f.EnvFiles = in.envFiles()
	f.Texts = map[string][]string{}
	for _, file := range in.Project.Files() {
		if content, err := os.ReadFile(file); err == nil { // the standard input has no lines to change
			f.Texts[file] = strings.Split(string(content), "\n")
		}
	}
	f.readCode()
	return f, nil
}

// once is base with a memory: services and modes share what they stand on.
func once(base func(context.Context, string) (*image.Image, error)) func(context.Context, string) (*image.Image, error) {
	if base == nil {
		return nil
	}
	known := map[string]*image.Image{}
	return func(ctx context.Context, reference string) (*image.Image, error) {
		found, there := known[reference]
		if there {
			return found, nil
		}
		found, err := base(ctx, reference)
		if err == nil {
			known[reference] = found
		}
		return found, err
	}
}

// build is a service in a mode. Its Dockerfile is read when it is met for the first time.
func (in Input) build(ctx context.Context, service, mode string, files map[string]*Dockerfile) (Build, error) {
	config := in.Plans[mode].Recipe(service)
	build := Build{Service: service, Mode: mode, Config: config}
	if config.Build == nil {
		var err error
		if in.Base != nil && in.asksImage(service) {
			build.Image, err = in.Base(ctx, config.Image)
		}
		return build, err
	}
	if in.Image != nil {
		build.Image, build.Stale = in.Image(service, mode)
	}
	parsed, exists := in.Plan.Dockerfiles[plan.File(config)]
	if !exists {
		return build, nil
	}
	key := variant(config)
	if files[key] == nil {
		file, err := in.read(ctx, plan.File(config), parsed.Path, config)
		if err != nil {
			return build, err
		}
		files[key] = file
	}
	parsed = files[key].File
	build.Target = config.Build.Target
	if _, there := parsed.Stage(build.Target); !there {
		build.Stageless = files[key]
		return build, nil
	}
	build.File = files[key]
	build.File.noteMissing(build.Target)
	build.Steps = parsed.Steps(build.Target)
	if build.Image == nil && in.Base != nil && len(build.fromDistribution()) > 0 {
		effective, _ := parsed.Effective(build.Target)
		var err error
		if build.Base, err = in.Base(ctx, effective.Image); err != nil {
			return build, err
		}
	}
	return build, nil
}

// asksImage reports whether a rule has to look into the image of a service that is not built: for a healthcheck of its
// own, or for the programs of the one that the compose file gives it.
func (in Input) asksImage(service string) bool {
	if tested(in.Project.Compose.Services[service]) {
		return true
	}
	for _, other := range in.Project.Compose.Services {
		if other.DependsOn[service].Condition == types.ServiceConditionHealthy {
			return true
		}
	}
	return false
}

// tested reports whether the compose file gives a service a healthcheck.
func tested(service types.ServiceConfig) bool {
	check := service.HealthCheck
	return check != nil && !check.Disable && len(check.Test) > 1 && check.Test[0] != "NONE"
}

// variant tells apart what services make of a Dockerfile that they share: its sources come from the build context, and its
// variables from the build arguments.
func variant(service types.ServiceConfig) string {
	build := service.Build
	return fmt.Sprintf("%q", []any{plan.File(service), build.Context, build.Args.ToMapping(), build.AdditionalContexts})
}

// read is a Dockerfile with what lies around it. shown is its path in messages.
func (in Input) read(ctx context.Context, key, shown string, service types.ServiceConfig) (*Dockerfile, error) {
	build := service.Build
	file := &Dockerfile{
		Context: build.Context, Folders: map[string]bool{}, Named: map[string]bool{}, Takes: map[string][]thing{},
	}
	text := build.DockerfileInline
	origin, _ := in.Project.Origin("services", service.Name, "build", "dockerfile_inline")
	file.Inline = Place{origin.File, origin.Line}
	if text == "" {
		content, err := os.ReadFile(key)
		if err != nil {
			return nil, err
		}
		file.Place, text = key, string(content)
	}
	file.Lines = strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for name := range build.AdditionalContexts {
		file.Named[name] = true
	}
	var err error
	if file.File, err = dockerfile.ParseWithArgs(shown, []byte(text), build.Args.ToMapping()); err != nil {
		return nil, err
	}
	file.noteContext()
	file.Warnings, err = dockerfile.Lint(ctx, []byte(text), build.Args.ToMapping(), in.imageEnv)
	return file, err
}

func (in Input) imageEnv(reference string) ([]string, bool) {
	if in.ImageEnv == nil {
		return nil, false
	}
	return in.ImageEnv(reference)
}

// worksites are files of a folder that sooner or later has machine-made things beside them.
var worksites = []string{".git", "pyproject.toml", "requirements*.txt", "setup.py", "*.py", "package.json"}

// noteContext finds out what the sources of COPY and ADD are.
func (d *Dockerfile) noteContext() {
	for _, stage := range d.Stages {
		for _, c := range stage.Copies {
			for _, name := range c.Sources {
				if c.From == "" {
					d.noteSource(name)
				}
			}
		}
	}
	d.Worked = slices.ContainsFunc(worksites, func(name string) bool {
		found, err := filepath.Glob(filepath.Join(d.Context, name)) // a folder that is a pattern itself has nothing
		return err == nil && len(found) > 0
	})
	if ignore, there := d.ignoreFile(); there {
		text, _ := os.ReadFile(ignore) // a file that cannot be read is as long as none
		d.IgnoreLines = strings.Count(strings.TrimRight(string(text), "\n")+"\n", "\n")
	}
}

// noteMissing finds out what a target needs that is not there.
func (d *Dockerfile) noteMissing(target string) {
	for _, missing := range dockerfile.Missing(d.File, target, os.DirFS(d.Context)) {
		if !slices.Contains(d.Missing, missing) {
			d.Missing = append(d.Missing, missing)
		}
	}
}

func (d *Dockerfile) noteSource(name string) {
	place := filepath.Join(d.Context, filepath.FromSlash(name))
	info, err := os.Stat(place)
	switch {
	case err != nil:
		return
	case info.IsDir():
		d.Folders[name] = true
		if d.Takes[name] == nil {
			d.Takes[name] = take(d.context(), strings.TrimPrefix(path.Join("/", name), "/"))
		}
		d.noteLock(place)
	case filepath.Base(place) == "pyproject.toml":
		d.noteLock(filepath.Dir(place))
	case isSecretName(filepath.Base(place)) && !isSecretFile(place):
		d.Takes[name] = []thing{{Path: name, Kind: namedAlike}}
	}
}

// noteLock reads the pyproject.toml and the uv.lock of a folder, once.
func (d *Dockerfile) noteLock(folder string) {
	files, err := uv.Project{Host: folder, Workdir: "."}.Read()
	if err != nil || slices.ContainsFunc(d.Locks, func(l Lock) bool { return l.Folder == folder }) {
		return // no Python project; what is wrong with one, uv says
	}
	lock := Lock{Folder: folder, Stale: files.Stale(), Fits: files.Fits(), There: files.HasLock(), Versions: files.Versions()}
	lock.Dev, lock.Read = files.Development(), files.HasProject()
	d.Locks = append(d.Locks, lock)
}

// markReleases says which builds are shipped: those of a mode such as prod that the project has something for. Where a
// service has no such mode, what a build without a mode makes may be, unless its stage is a developer's by its name.
func (in Input) markReleases(builds []Build) {
	offers := map[string]bool{}
	for i := range builds {
		b := &builds[i]
		b.Release = isRelease(b.Mode) && !slices.Contains(developerStages, strings.ToLower(b.Target))
		offers[b.Service] = offers[b.Service] || b.Release
	}
	for i := range builds {
		b := &builds[i]
		b.Only = !offers[b.Service] && b.Mode == plan.Local && b.File != nil && !slices.Contains(developerStages, strings.ToLower(b.Target))
	}
}
