package devenv

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path"

	"devenv/devenv/build"
	"devenv/devenv/dockerfile"
	"devenv/devenv/fault"
	"devenv/devenv/plan"
)

// uvStage is the name of the stage and of the image's tag in which fetchUV has the program for a moment.
const uvStage = "devenv-uv"

// broughtUV is where the program uv is put in a container whose image has none: with the downloads, so that it is brought
// once, and by what it is, so that another one in the Dockerfile is brought anew.
func broughtUV(in plan.Input, planned plan.Plan, name string) string {
	var program dockerfile.Program
	if service := planned.Project.Services[name]; service.Build != nil && in.Dockerfiles[plan.File(service)] != nil {
		program, _ = in.Dockerfiles[plan.File(service)].UV()
	}
	sum := sha256.Sum256([]byte(program.From + " " + program.Path))
	return path.Join(cmp.Or(planned.Environments[name].Downloads, "/devenv"), "bin-"+hex.EncodeToString(sum[:4]), "uv")
}

// fetchUV is the program uv of the version that the service's Dockerfile names, for a container whose image has none: from
// its builder stage, or from uv's own image. BuildKit copies it into an image of its own, by the recipe of the service
// and with its cache; that image is removed again.
func (e *Environment) fetchUV(ctx context.Context, in plan.Input, planned plan.Plan, name string) ([]byte, error) {
	service := planned.Project.Services[name]
	if service.Build == nil || in.Dockerfiles[plan.File(service)] == nil {
		return nil, noUV(name)
	}
	program, found := in.Dockerfiles[plan.File(service)].UV()
	if !found {
		return nil, noUV(name)
	}
	recipe := *service.Build
	text := recipe.DockerfileInline
	if text == "" {
		content, err := os.ReadFile(plan.File(service))
		if err != nil {
			return nil, fault.New(fault.Failed, "%s: %w", e.project.Rel(plan.File(service)), err)
		}
		text = string(content)
	}
	recipe.Dockerfile, recipe.DockerfileInline, recipe.Target, recipe.Tags = "", withProgram(text, program), uvStage, nil
	e.settings.Term.Say("%s  has no uv in its image: devenv brings the one of its Dockerfile", name)
	tag := planned.Project.Name + "-" + name + ":" + uvStage
	_, err := build.Run(ctx, e.engine, []build.Request{{
		Service: name, Build: recipe, Platform: service.Platform, Tags: []string{tag},
		Secrets: planned.Project.Secrets, Environment: planned.Project.Environment, Bundle: planned.Trust.File,
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

// withProgram is a Dockerfile with a stage at its end that has nothing but the program.
func withProgram(text string, program dockerfile.Program) string {
	return fmt.Sprintf("%s\nFROM scratch AS %s\nCOPY --from=%s %s /uv\n", text, uvStage, program.From, program.Path)
}

func noUV(service string) error {
	return fault.New(fault.Failed, "%s: neither its image nor its Dockerfile has uv", service).
		WithHint("add to the stage: COPY --from=astral/uv /uv /bin/uv")
}
