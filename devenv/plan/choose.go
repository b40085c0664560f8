package plan

import (
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/dockerfile"
)

// Choice is what a mode builds of a service.
type Choice struct {
	Dockerfile string // as in build.dockerfile; "" for an inline one
	Target     string // a stage, or "" for the last one
	Cause      string
	Note       string // advice when the mode had nothing to choose
}

// Choose answers which image a service with a build has in a mode (DESIGN 3.8), in this order: what
// x-devenv.modes.MODE says; the stage named like the mode; the file <Dockerfile>.MODE; what the service declares.
func Choose(in Input, service types.ServiceConfig, mode string) Choice {
	declared := Choice{Dockerfile: service.Build.Dockerfile, Target: service.Build.Target}
	if said, ok := in.Extensions[service.Name].Modes[mode]; ok && (said.Target != "" || said.Dockerfile != "") {
		choice := Choice{Dockerfile: declared.Dockerfile, Target: said.Target, Cause: "x-devenv.modes." + mode}
		if said.Dockerfile != "" {
			choice.Dockerfile = said.Dockerfile
		}
		return choice
	}
	if stage, file, ok := stageNamed(in, service, mode); ok {
		return Choice{Dockerfile: declared.Dockerfile, Target: stage.Name,
			Cause: fmt.Sprintf("%s:%d is the stage of this name", file.Path, stage.Line)}
	}
	if file, ok := in.beside(service, mode); ok {
		return Choice{Dockerfile: declared.Dockerfile + "." + mode, Cause: file.Path + " is the Dockerfile of this name"}
	}
	if mode != Local {
		declared.Note = fmt.Sprintf("it has no stage and no Dockerfile for mode %s, so it runs as declared, without its source mounts", mode)
	}
	return declared
}

// File is the key in Input.Dockerfiles of the Dockerfile that a service declares: its absolute path, or for an
// inline one a name that no file has.
func File(service types.ServiceConfig) string {
	if service.Build.DockerfileInline != "" {
		return service.Name + ": dockerfile_inline"
	}
	return FileAt(service, service.Build.Dockerfile)
}

// FileAt is the key of a Dockerfile that is named as in build.dockerfile: absolute, or relative to the build context.
func FileAt(service types.ServiceConfig, file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(service.Build.Context, file)
}

func hasStage(in Input, service types.ServiceConfig, name string) bool {
	if service.Build == nil {
		return false
	}
	_, _, ok := stageNamed(in, service, name)
	return ok
}

func stageNamed(in Input, service types.ServiceConfig, name string) (*dockerfile.Stage, *dockerfile.File, bool) {
	file, ok := in.Dockerfiles[File(service)]
	if !ok {
		return nil, nil, false
	}
	stage, ok := file.Stage(name)
	return stage, file, ok && stage.Name != ""
}

// effective is what the Dockerfile says of the image that a service's build makes.
func effective(in Input, service types.ServiceConfig) (dockerfile.Effective, bool) {
	if service.Build == nil {
		return dockerfile.Effective{}, false
	}
	file, ok := in.Dockerfiles[File(service)]
	if !ok {
		return dockerfile.Effective{}, false
	}
	return file.Effective(service.Build.Target)
}

// stageKey is a name by which dockerfile.File finds any stage: a stage without a name has its number.
func stageKey(stage *dockerfile.Stage) string {
	if stage.Name != "" {
		return stage.Name
	}
	return strconv.Itoa(stage.Index)
}
