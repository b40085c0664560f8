package doctor

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/dockerfile"
	"devenv/devenv/image"
	"devenv/devenv/project"
	"devenv/devenv/source"
)

// Facts is everything that the rules know. It is gathered once and not changed.
type Facts struct {
	Project  *project.Project
	Modes    []string // those that the project offers, sorted
	Files    []*Dockerfile
	Builds   []Build // what each service is in each mode, by service and mode
	EnvFiles []EnvFile
	Git      Git
	Reads    []Read              // of variables, in the order of the files
	Words    map[string]bool     // every identifier of the project's own files, in small letters; nil where there is too much to read
	Given    map[string]bool     // variables that the project's own files set, or have a default for
	Droppers map[string]bool     // names of scripts of the project that start something as another user
	Texts    map[string][]string // lines of the compose files
	UID      int                 // of who runs devenv; -1 where the system has none
	Host     Host
	Unseen   []string
}

// EnvFile is a file of variables, and the services that read it.
type EnvFile struct {
	Path      string
	Services  []string // none for .env, which is for the compose files
	Variables []project.EnvVariable
}

// Read is a line of code that reads a variable of the environment.
type Read struct {
	Place    Place
	Variable string
	Needs    bool // it fails where the variable is not set
}

// Lock is a pyproject.toml with its uv.lock.
type Lock struct {
	Folder   string
	Stale    string // how the lock does not match, "" where it does
	Fits     bool   // uv takes it as it is: Stale may be "" where only uv can tell
	There    bool   // there is a lock
	Dev      []string
	Read     bool              // pyproject.toml could be read
	Versions map[string]string // that are locked, by package; "" for several
}

// Dockerfile is one Dockerfile of the project with one build context and one set of build arguments: services can share it.
type Dockerfile struct {
	*dockerfile.File
	Place    string // absolute path; "" for one that stands in a compose file
	Inline   Place  // where that stands: the line before its first
	Lines    []string
	Warnings []dockerfile.Warning // of BuildKit's own checks
	Context  string               // absolute folder of the build context
	Folders  map[string]bool      // sources of COPY and ADD that are folders of the context
	Named    map[string]bool      // additional_contexts, which --from names like images
	Takes    map[string][]thing   // what a COPY of a folder takes along, by source
	Missing  []dockerfile.MissingSource
	Locks    []Lock // of the projects that it takes pyproject.toml of

	Worked      bool // people work in Context: git, or a tool for packages, puts things into it
	IgnoreLines int  // of the .dockerignore; 0 where there is none
}

// Build is a service in a mode, as devenv would run it.
type Build struct {
	Service string
	Mode    string
	Config  types.ServiceConfig
	File    *Dockerfile // nil for an image that is not built here, or cannot be; else it has a stage Target
	Target  string
	Steps   []dockerfile.Step // of Target, inherited ones too
	Image   *image.Image      // nil where it could not be looked at, or, of a service that is not built, no rule asks
	Stale   bool              // its sources have changed since Image was built
	Base    *image.Image      // what it stands on, where Image is nil and a rule needs it
	Release bool              // it is what is shipped: see markReleases
	Only    bool              // the service has no mode that is shipped, and this image could be

	Stageless *Dockerfile // a Dockerfile that has no stage Target
}

// releaseModes are the names of modes that are shipped. A stage called final is the last one, in development too.
var releaseModes = []string{"prod", "production", "release"}

// developerStages are the names of stages that are not shipped, whatever mode they run in.
var developerStages = []string{"local", "dev", "develop", "development", "debug", "test", "tests", "builder", "build", "deps", "base"}

func isRelease(mode string) bool { return slices.Contains(releaseModes, strings.ToLower(mode)) }

// at is a line of a Dockerfile.
func (d *Dockerfile) at(line int) Place {
	if d.Place == "" {
		return Place{d.Inline.File, d.Inline.Line + line}
	}
	return Place{d.Place, line}
}

// compose is the place of a path of the compose files, or of the deepest part of it that is written.
func (f *Facts) compose(path ...string) Place {
	origin, _ := f.Project.Origin(path...)
	return Place{origin.File, origin.Line}
}

// key tells findings apart. Two commands on one line have the same words and are mended at two places.
func (f Finding) key() string {
	column := 0
	if f.Fix != nil {
		column = f.Fix.Column
	}
	return fmt.Sprint(f.Place, f.What, column)
}

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

// lockFits reports whether the uv.lock that a Dockerfile takes is there and certainly matches its pyproject.toml.
func (f *Facts) lockFits(file *Dockerfile) bool {
	return len(file.Locks) > 0 && !slices.ContainsFunc(file.Locks, func(l Lock) bool { return !l.Fits })
}

// context is the build context with its .dockerignore.
func (d *Dockerfile) context() source.Context {
	return source.Context{Folder: d.Context, Dockerfile: cmp.Or(d.Place, filepath.Join(d.Context, "Dockerfile"))}
}

func (d *Dockerfile) ignoreFile() (string, bool) { return d.context().IgnoreFile() }

// line is a line of one of the compose files.
func (f *Facts) line(at Place) (string, bool) {
	lines := f.Texts[at.File]
	if at.Line < 1 || at.Line > len(lines) {
		return "", false
	}
	return lines[at.Line-1], true
}
