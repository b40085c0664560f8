package doctor

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/contents"
	"devenv/devenv/dockerfile"
	"devenv/devenv/plan"
	"devenv/devenv/project"
)

// Input is where facts come from.
type Input struct {
	Project *project.Project
	Plan    plan.Input           // its Modes do not matter
	Plans   map[string]plan.Plan // of the whole project, by mode
	// Image is what is in the image of a service in a mode, nil where it has not been looked at.
	Image func(service, mode string) *contents.Image
	// ImageEnv is the environment (NAME=value) of a local image, false where it is not known.
	ImageEnv func(reference string) ([]string, bool)
	Unseen   []string
}

// Gather reads what the rules want to know. It needs no engine.
func Gather(ctx context.Context, in Input) (*Facts, error) {
	f := &Facts{Project: in.Project, Modes: slices.Sorted(maps.Keys(in.Plans)), Unseen: in.Unseen}
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
	in.markReleases(f.Builds)
	for _, key := range slices.Sorted(maps.Keys(files)) {
		f.Files = append(f.Files, files[key])
	}
	return f, nil
}

// build is a service in a mode. Its Dockerfile is read when it is met for the first time.
func (in Input) build(ctx context.Context, service, mode string, files map[string]*Dockerfile) (Build, error) {
	config := in.Plans[mode].Project.Services[service]
	build := Build{Service: service, Mode: mode, Config: config}
	if in.Image != nil {
		build.Image = in.Image(service, mode)
	}
	if config.Build == nil {
		return build, nil
	}
	key := plan.File(config)
	parsed, exists := in.Plan.Dockerfiles[key]
	if !exists {
		return build, nil
	}
	if files[key] == nil {
		file, err := in.read(ctx, key, parsed, config.Build)
		if err != nil {
			return build, err
		}
		files[key] = file
	}
	build.File, build.Target = files[key], config.Build.Target
	build.Steps = parsed.Steps(build.Target)
	return build, nil
}

// read is a Dockerfile with what lies around it.
func (in Input) read(ctx context.Context, key string, parsed *dockerfile.File, build *types.BuildConfig) (*Dockerfile, error) {
	file := &Dockerfile{File: parsed, Context: build.Context, Folders: map[string]bool{}, Named: map[string]bool{}}
	text := build.DockerfileInline
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
	file.noteFolders()
	var err error
	file.Warnings, err = dockerfile.Lint(ctx, []byte(text), build.Args.ToMapping(), in.imageEnv)
	return file, err
}

func (in Input) imageEnv(reference string) ([]string, bool) {
	if in.ImageEnv == nil {
		return nil, false
	}
	return in.ImageEnv(reference)
}

// noteFolders finds out which sources of COPY and ADD are folders.
func (d *Dockerfile) noteFolders() {
	for _, stage := range d.Stages {
		for _, c := range stage.Copies {
			for _, source := range c.Sources {
				info, err := os.Stat(filepath.Join(d.Context, filepath.FromSlash(source)))
				d.Folders[source] = c.From == "" && err == nil && info.IsDir()
			}
		}
	}
}

// markReleases says which builds are shipped: those of a mode such as prod that the project offers; where it offers
// none, what a build without a mode makes, unless its stage is a developer's by its name.
func (in Input) markReleases(builds []Build) {
	offers := map[string]bool{}
	for _, b := range builds {
		offers[b.Service] = offers[b.Service] || isRelease(b.Mode)
	}
	for i := range builds {
		b := &builds[i]
		if isRelease(b.Mode) || !offers[b.Service] && b.Mode == plan.Local {
			b.Release = b.File == nil || !slices.Contains(developerStages, strings.ToLower(b.Target))
		}
	}
}
