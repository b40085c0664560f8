package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/contents"
	"devenv/devenv/dockerfile"
	"devenv/devenv/project"
)

// Facts is everything that the rules know. It is gathered once and not changed.
type Facts struct {
	Project *project.Project
	Modes   []string // those that the project offers, sorted
	Files   []*Dockerfile
	Builds  []Build // what each service is in each mode, by service and mode
	Unseen  []string
}

// Dockerfile is one Dockerfile of the project.
type Dockerfile struct {
	*dockerfile.File
	Place    string // absolute path; "" for one that stands in a compose file
	Lines    []string
	Warnings []dockerfile.Warning // of BuildKit's own checks
	Context  string               // absolute folder of the build context
	Folders  map[string]bool      // sources of COPY and ADD that are folders of the context
	Named    map[string]bool      // additional_contexts, which --from names like images
}

// Build is a service in a mode, as devenv would run it.
type Build struct {
	Service string
	Mode    string
	Config  types.ServiceConfig
	File    *Dockerfile // nil for an image that is not built here
	Target  string
	Steps   []dockerfile.Step // of Target, inherited ones too
	Image   *contents.Image   // nil where it could not be looked at
	Release bool              // it is what is shipped: see release
}

// releaseModes are the names of modes and stages that are shipped.
var releaseModes = []string{"prod", "production", "release", "final", "runtime"}

// developerStages are the names of stages that are not shipped, whatever mode they run in.
var developerStages = []string{"local", "dev", "develop", "development", "debug", "test", "tests", "builder", "build", "deps", "base"}

func isRelease(mode string) bool { return slices.Contains(releaseModes, strings.ToLower(mode)) }

// at is a line of the Dockerfile of a build.
func (f *Dockerfile) at(line int) Place { return Place{f.Place, line} }

// compose is the place of a path of the compose files, or of the deepest part of it that is written.
func (f *Facts) compose(path ...string) Place {
	origin, _ := f.Project.Origin(path...)
	return Place{origin.File, origin.Line}
}

// key tells findings apart.
func (f Finding) key() string { return fmt.Sprint(f.Place, f.What) }

// releases are the builds that are shipped.
func (f *Facts) releases() []Build {
	return slices.DeleteFunc(slices.Clone(f.Builds), func(b Build) bool { return !b.Release })
}

// stages calls visit for every stage of every Dockerfile, with the stage's own steps.
func (f *Facts) stages(visit func(file *Dockerfile, stage *dockerfile.Stage, steps []dockerfile.Step)) {
	for _, file := range f.Files {
		for _, stage := range file.Stages {
			visit(file, stage, file.OwnSteps(stage))
		}
	}
}

// lockFits reports whether a uv.lock beside a Dockerfile's pyproject.toml is there and matches it.
func (f *Facts) lockFits(file *Dockerfile) bool { return false }
