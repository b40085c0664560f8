// Package project is what the user wrote, as Compose understands it: one immutable Project from compose files, env
// files and the environment, loaded exactly as `docker compose` 5.5 would load it, with the origin of every value.
//
// It is the first stage of devenv: plan, build and stack read a Project and none of them reads a file of the user's
// again. Load decides nothing of devenv's own; it adds two things to Compose's model, the x-devenv settings and
// Explain, which says where a value comes from and which of Compose's rules let it win. Origins are worked out when
// they are asked for (for Explain, or for an error), so that loading costs what it costs Compose.
//
// Every failure is a fault.Error of class Usage that begins with file:line wherever a file is to blame.
package project

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/checkout"
	"devenv/devenv/hook"
	"devenv/profiles"
)

// ResourceLoader brings remote compose files (git, OCI) to the disk. The loaders that Compose uses live in its SDK;
// package stack hands them over.
type ResourceLoader = loader.ResourceLoader

// Request is a project as the command line and the environment name it. Everything that Compose would take from the
// process is passed in. One thing is not in reach: compose-go expands ~ in paths by the home folder of the process.
type Request struct {
	Dir string   // absolute folder the command was started in
	Env []string // the process environment, KEY=VALUE

	Files      []string // -f; "-" reads Stdin
	EnvFiles   []string // --env-file
	ProjectDir string   // --project-directory
	Name       string   // -p

	// WithoutEnvFiles leaves the services' env files unread: enough for down, stop, ps and logs, which must work
	// when such a file is missing.
	WithoutEnvFiles bool

	// WithoutRequired lets variables that the compose files require be missing: enough for what is about profiles, one of
	// which may set them.
	WithoutRequired bool

	// Profile gives what is laid over the compose files of the project in a folder: nil where nothing is. A nil function is
	// no profile.
	Profile func(dir string) (*profiles.Profile, error)

	// Naming decides what the project in a folder is called, given the name that Compose would use. A nil function
	// leaves it at that.
	Naming func(dir, base string, source checkout.Source) (checkout.Naming, error)

	Stdin     io.Reader        // read for -f -; nil refuses it
	Resources []ResourceLoader // for remote files; nil refuses them
}

// Project is one loaded Compose project. It is read only, and safe for concurrent use.
type Project struct {
	// Compose is the model that `docker compose up` works with, except for the labels that name project and service
	// on containers, which package stack adds. Services' environments are resolved: env files are merged in and no
	// longer listed, as Compose does. A value of nil in an environment means: unset it in the container.
	Compose *types.Project
	// Extension is the top-level x-devenv.
	Extension Extension
	// Services is the x-devenv of every service that is in use, also of those without one.
	Services map[string]ServiceExtension
	// Hooks are those of the compose files, each phase replaced by what the profile says of it; in the order in which they run.
	Hooks []hook.Hook
	// Warnings are for the user to read, in order, without duplicates: what Compose would log while loading, and
	// variables that are set twice in one env file.
	Warnings []string

	declared *types.Project // all services, before env files are resolved and before unused networks are dropped
	request  Request
	inputs   *inputs
}

// Load loads the project that req names. On error there is no project; the error may join several (fault.All), such
// as all required variables that are missing.
func Load(ctx context.Context, req Request) (*Project, error) {
	p := &Project{request: req}
	var err error
	p.Warnings = collectWarnings(func() { err = p.load(ctx) })
	if err != nil {
		return nil, err
	}
	collectWarnings(func() { // looking for the line reads the env files again
		for i, text := range p.Warnings {
			p.Warnings[i] = p.inputs.placed(text)
		}
	})
	p.Warnings = append(p.Warnings, p.duplicates()...)
	return p, nil
}

func (p *Project) load(ctx context.Context) error {
	var err error
	if p.inputs, err = selectInputs(ctx, p.request); err != nil {
		return err
	}
	p.declared, err = p.inputs.load(ctx)
	if p.request.WithoutRequired && errors.As(err, new(*template.MissingRequiredError)) {
		p.inputs.waive()
		p.declared, err = p.inputs.load(ctx)
	}
	if err != nil {
		if at := p.inputs.checkReferences(nil); at != nil {
			return at
		}
		return p.inputs.failure(err)
	}
	if err := p.inputs.checkReferences(p); err != nil {
		return err
	}
	if p.Compose, err = p.resolve(nil); err != nil {
		return err
	}
	if err := p.decodeExtensions(); err != nil {
		return err
	}
	p.Hooks, err = p.hooks()
	return err
}

// Dir is the project directory, absolute: what relative paths of the compose files are relative to.
func (p *Project) Dir() string { return p.Compose.WorkingDir }

// Place is the file:line at which path, the names of keys and of list items, is written in the compose files, or "".
func (p *Project) Place(path ...string) string {
	origin, found := p.inputs.tree().locate(path)
	if !found {
		return ""
	}
	return p.inputs.place(origin, false)
}

// Rel is path as messages show it: relative to where the command was started, if that is the shorter way to say it.
func (p *Project) Rel(path string) string { return Relative(p.request.Dir, path) }

// Relative shortens path to one relative to dir, unless it is not longer as it is.
func Relative(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	if err != nil || !filepath.IsAbs(path) || len(rel) >= len(path) || strings.Count(rel, "..") > 2 {
		return path
	}
	return rel
}

// Files are the absolute paths of the compose files in use, in the order in which Compose merges them, with those
// that include and extends bring in, then those of the profile and the CA bundle, whether they exist or not. The standard
// input is "-".
func (p *Project) Files() (files []string) {
	collectWarnings(func() { files = p.inputs.tree().files() })
	if profile := p.inputs.profile; profile != nil {
		files = append(files, profile.Files...)
	}
	if bundle, _, err := p.caBundleFile(); err == nil && bundle != "" {
		files = append(files, bundle)
	}
	return files
}

// Naming is what the project is called, and why.
func (p *Project) Naming() checkout.Naming { return p.inputs.naming }

// Profile is what is laid over the compose files, nil where nothing is.
func (p *Project) Profile() *profiles.Profile { return p.inputs.profile }

// NamedEnvFiles are the absolute paths of the files of --env-file or COMPOSE_ENV_FILES: Compose labels containers with
// them, so that its later commands read the same.
func (p *Project) NamedEnvFiles() []string {
	if !p.inputs.envFilesNamed {
		return nil
	}
	return slices.Clone(p.inputs.envFiles)
}

// ServiceEnvFiles are the env files of the services in use, absolute, with the names of the services that read them.
func (p *Project) ServiceEnvFiles() map[string][]string {
	readers := map[string][]string{}
	for _, name := range p.Compose.ServiceNames() {
		for _, file := range p.declared.Services[name].EnvFiles {
			readers[file.Path] = append(readers[file.Path], name)
		}
	}
	return readers
}

// EnvFiles are the absolute paths of the files that variables were or would have been read from, whether they exist
// or not: .env or --env-file, then the services' env_file, sorted.
func (p *Project) EnvFiles() []string {
	var services []string
	for _, service := range p.declared.Services {
		for _, file := range service.EnvFiles {
			services = append(services, file.Path)
		}
	}
	slices.Sort(services)
	return append(slices.Clone(p.inputs.envFiles), slices.Compact(services)...)
}
