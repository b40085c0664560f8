package devenv

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/build"
	"devenv/devenv/dockerfile"
	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/plan"
)

// uvStage is the name of the stage and of the image's tag in which builtUV has the program for a moment.
const uvStage = "devenv-uv"

// uvSource is where the program uv comes from, for a container whose image has none: what the Dockerfile names, its builder
// stage or uv's own image, else that image in a version, "" for one that is named.
func uvSource(work packageWork, name string) (program dockerfile.Program, version string) {
	service := work.planned.Recipe(name)
	if service.Build != nil && work.in.Dockerfiles[plan.File(service)] != nil {
		if program, named := work.in.Dockerfiles[plan.File(service)].UV(); named {
			return program, ""
		}
	}
	version = work.files.UV()
	return dockerfile.Program{From: "astral/uv:" + version, Path: "/uv"}, version
}

// broughtUV is where the program is put: with the downloads, so that it is brought once, and by what it is, so that another
// one in the Dockerfile is brought anew.
func broughtUV(work packageWork, name string) string {
	program, _ := uvSource(work, name)
	sum := sha256.Sum256([]byte(program.From + " " + program.Path))
	return path.Join(cmp.Or(work.planned.Environments[name].Downloads, "/devenv"), "bin-"+hex.EncodeToString(sum[:4]), "uv")
}

// fetchUV is the program uv for a container whose image has none. Where the Dockerfile does not name one it is asked for by
// its version, of the index that the container's pip uses, else of the registry that has uv's images.
func (e *Environment) fetchUV(ctx context.Context, c engine.Container, work packageWork) ([]byte, error) {
	program, version := uvSource(work, c.Service)
	if version == "" {
		e.settings.Term.Say("%s  has no uv in its image: devenv brings the one of its Dockerfile", c.Service)
		return e.builtUV(ctx, work, c.Service, program)
	}
	e.settings.Term.Say("%s  has no uv in its image, and its Dockerfile names none: devenv brings uv %s", c.Service, version)
	content, err := e.installedUV(ctx, c, version)
	if err == nil {
		return content, nil
	}
	content, failed := e.builtUV(ctx, work, c.Service, program)
	if failed != nil {
		return nil, fault.New(fault.Failed, "%s: neither its image nor its Dockerfile has uv, and none could be brought: %w", c.Service, errors.Join(err, failed)).
			WithHint("add to the stage: COPY --from=astral/uv /uv /bin/uv")
	}
	return content, nil
}

// installedUV has the container's pip bring uv, beside everything else.
func (e *Environment) installedUV(ctx context.Context, c engine.Container, version string) ([]byte, error) {
	const folder = "/tmp/devenv-uv-wheel"
	install := []string{
		"python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir", "--root-user-action=ignore",
		"--only-binary", ":all:", "--no-deps", "--target", folder, "uv==" + version,
	}
	output, status, err := e.engine.Output(ctx, c.ID, engine.Command{Args: install, User: "0", WorkingDir: "/"})
	if err != nil {
		return nil, err
	}
	if status != 0 {
		return nil, fault.New(fault.Failed, "pip: %s", strings.TrimSpace(string(output)))
	}
	files, err := e.engine.Get(ctx, c.ID, folder+"/bin/uv")
	_, _, gone := e.engine.Output(ctx, c.ID, engine.Command{Args: []string{"rm", "-rf", folder}, User: "0"})
	if err == nil && len(files) != 1 {
		err = fault.New(fault.Failed, "pip: uv %s has no program", version)
	}
	if err != nil || gone != nil {
		return nil, errors.Join(err, gone)
	}
	return files[0].Content, nil
}

// builtUV has BuildKit copy the program into an image of its own, by the recipe of the service and with its cache; that image
// is removed again.
func (e *Environment) builtUV(ctx context.Context, work packageWork, name string, program dockerfile.Program) ([]byte, error) {
	service := work.planned.Recipe(name)
	recipe, err := e.recipeWith(service, program)
	if err != nil {
		return nil, err
	}
	project := work.planned.Project
	tag := project.Name + "-" + name + ":" + uvStage
	_, err = build.Run(ctx, e.engine, []build.Request{{
		Service: name, Build: recipe, Platform: service.Platform, Tags: []string{tag}, Secrets: project.Secrets, Environment: project.Environment,
		Bundle: work.planned.Trust.File,
	}}, e.buildOptions())
	if err != nil {
		return nil, err
	}
	defer func() { _ = e.engine.RemoveImage(context.WithoutCancel(ctx), tag) }() // else it is only an image too many
	files, err := e.engine.Unpack(ctx, tag, "/uv")
	if err != nil {
		return nil, err
	}
	if len(files) != 1 {
		return nil, fault.New(fault.Failed, "%s: %s is not a file in %s", name, program.Path, program.From)
	}
	return files[0].Content, nil
}

// recipeWith is the build of a service, where it has one, with a stage at its end that has nothing but the program.
func (e *Environment) recipeWith(service types.ServiceConfig, program dockerfile.Program) (types.BuildConfig, error) {
	stage := fmt.Sprintf("FROM scratch AS %s\nCOPY --from=%s %s /uv\n", uvStage, program.From, program.Path)
	if service.Build == nil {
		return types.BuildConfig{Context: e.project.Dir(), DockerfileInline: stage, Target: uvStage}, nil
	}
	recipe := *service.Build
	text := recipe.DockerfileInline
	if text == "" {
		content, err := os.ReadFile(plan.File(service))
		if err != nil {
			return recipe, fault.New(fault.Failed, "%s: %w", e.project.Rel(plan.File(service)), err)
		}
		text = string(content)
	}
	recipe.Dockerfile, recipe.DockerfileInline, recipe.Target, recipe.Tags = "", text+"\n"+stage, uvStage, nil
	return recipe, nil
}
