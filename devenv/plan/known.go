package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/dockerfile"
)

// Known are the modes that a project offers, sorted: local, what x-devenv.modes names, the stages that no other stage
// of their Dockerfile builds on, and the Dockerfiles that are named after a mode.
func Known(in Input) []string {
	known := map[string]bool{Local: true}
	for name, service := range in.Project.Services {
		for mode := range in.Extensions[name].Modes {
			known[mode] = true
		}
		if service.Build == nil {
			continue
		}
		for _, mode := range finalStages(in, File(service)) {
			known[mode] = true
		}
		for path := range in.Dockerfiles {
			if mode, beside := strings.CutPrefix(path, File(service)+"."); beside && !in.declared(path) {
				known[mode] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(known))
}

// Has reports whether any service has something for a mode.
func Has(in Input, mode string) bool {
	for name, service := range in.Project.Services {
		if _, ok := in.Extensions[name].Modes[mode]; ok || hasStage(in, service, mode) {
			return true
		}
		if service.Build == nil {
			continue
		}
		if _, ok := in.beside(service, mode); ok {
			return true
		}
	}
	return mode == Local
}

// beside is the Dockerfile that belongs to a mode by its name. One that another service declares as its own, such as
// Dockerfile.worker, is no mode of this one.
func (in Input) beside(service types.ServiceConfig, mode string) (*dockerfile.File, bool) {
	path := File(service) + "." + mode
	file, ok := in.Dockerfiles[path]
	return file, ok && !in.declared(path)
}

func (in Input) declared(path string) bool {
	for _, service := range in.Project.Services {
		if service.Build != nil && File(service) == path {
			return true
		}
	}
	return false
}

func finalStages(in Input, path string) []string {
	file, ok := in.Dockerfiles[path]
	if !ok {
		return nil
	}
	used := map[string]bool{}
	for _, stage := range file.Stages {
		for _, needed := range file.Closure(stageKey(stage)) {
			used[needed.Name] = used[needed.Name] || needed != stage
		}
	}
	var final []string
	for _, stage := range file.Stages {
		if stage.Name != "" && !used[stage.Name] {
			final = append(final, strings.ToLower(stage.Name))
		}
	}
	return final
}
