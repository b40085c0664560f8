package devenv

import (
	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/plan"
)

// keptForFirst says that a port is declared in the compose files: in a checkout with a suffix it is left to the first one, which
// keeps to what is declared and may be started at any time.
func (e *Environment) keptForFirst(project *types.Project) func(uint16) string {
	naming := e.project.Naming()
	return func(port uint16) string {
		if !naming.Suffixed() {
			return ""
		}
		for _, service := range project.Services {
			for _, declared := range service.Ports {
				if plan.Covers(declared.Published, port) {
					return naming.Base
				}
			}
		}
		return ""
	}
}

// either asks one after the other who a port is kept for; nil is nobody.
func either(first, second func(uint16) string) func(uint16) string {
	return func(port uint16) string {
		if first != nil {
			if who := first(port); who != "" {
				return who
			}
		}
		return second(port)
	}
}
