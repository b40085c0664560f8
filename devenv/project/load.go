package project

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/consts"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/compose-spec/compose-go/v2/utils"

	"devenv/devenv/checkout"
	"devenv/devenv/document"
	"devenv/devenv/fault"
)

// load has compose-go build the model of all services. Services' env files are left to resolve, so that services
// which are not asked for cost nothing and need no file.
func (in *inputs) load(ctx context.Context) (*types.Project, error) {
	if in.request.Name != loader.NormalizeProjectName(in.request.Name) {
		return nil, loader.InvalidProjectNameErr(in.request.Name)
	}
	if err := in.chooseName(); err != nil {
		return nil, err
	}
	overlay, err := in.overlay()
	if err != nil {
		return nil, err
	}
	registerFormats()
	project, err := loader.LoadWithContext(ctx, types.ConfigDetails{
		ConfigFiles: append(slices.Clone(in.contents), overlay...),
		WorkingDir:  in.dir,
		Environment: in.env,
	}, in.withResources, func(options *loader.Options) {
		options.SkipResolveEnvironment = true
		options.Interpolate.Substitute = in.substitute
		options.Profiles = in.profiles()
		options.ConvertWindowsPaths = utils.StringToBool(in.env["COMPOSE_CONVERT_WINDOWS_PATHS"])
		in.setName(options)
	})
	if err != nil {
		return nil, err
	}
	if in.naming.Project == "" {
		in.naming = checkout.Naming{Project: project.Name, Base: project.Name}
	}
	for _, file := range in.contents {
		project.ComposeFiles = append(project.ComposeFiles, file.Filename)
	}
	in.nameFormats(project)
	return in.switched(project)
}

// profiles are the Compose profiles to enable.
func (in *inputs) profiles() []string {
	profiles := strings.Split(in.env[consts.ComposeProfiles], ",")
	for i := range profiles {
		profiles[i] = strings.TrimSpace(profiles[i])
	}
	return profiles
}

// parseError is a compose file that is no YAML.
type parseError struct {
	file string
	err  error
}

func (e *parseError) Error() string { return e.file + ": " + e.err.Error() }
func (e *parseError) Unwrap() error { return e.err }

// Select is the project narrowed to services and what they depend on, as `docker compose up SERVICE` does it: Compose
// profiles of a named service are enabled.
func (p *Project) Select(services ...string) (*Project, error) {
	narrowed := *p
	var err error
	collectWarnings(func() {
		if narrowed.Compose, err = p.resolve(services); err == nil {
			err = narrowed.decodeExtensions()
		}
	})
	if err != nil {
		return nil, err
	}
	return &narrowed, nil
}

// resolve is what Compose does between loading and using: services are selected, what they do not use is dropped,
// and their env files become environment (pkg/compose/loader.go postProcessProject, cmd/compose/compose.go
// WithServices).
func (p *Project) resolve(services []string) (*types.Project, error) {
	project := p.declared
	if len(services) > 0 {
		if err := p.Known(services); err != nil {
			return nil, err
		}
		var err error
		if project, err = project.WithServicesEnabled(services...); err != nil {
			return nil, p.inputs.failure(err)
		}
		if project, err = project.WithSelectedServices(services); err != nil {
			return nil, p.inputs.failure(err)
		}
	}
	project = project.WithoutUnnecessaryResources()
	if err := project.CheckContainerNameUnicity(); err != nil {
		return nil, p.inputs.failure(err)
	}
	if p.request.WithoutEnvFiles {
		return project, nil
	}
	if err := p.inputs.checkEnvFiles(project); err != nil {
		return nil, err
	}
	resolved, err := project.WithServicesEnvironmentResolved(true)
	if err != nil {
		return nil, p.inputs.failure(err)
	}
	return resolved, nil
}

// Known refuses names that no service has; a name may be a pattern, as in `docker compose up 'web*'`.
func (p *Project) Known(services []string) error {
	all := p.allServices()
	for _, name := range services {
		if !slices.ContainsFunc(all, func(service string) bool { ok, _ := filepath.Match(name, service); return ok }) {
			return unknownService(name, all)
		}
	}
	return nil
}

func unknownService(name string, all []string) error {
	unknown := fault.New(fault.Usage, "service %q: no such service", name).WithHint("the services are %s", strings.Join(all, ", "))
	return document.Near(unknown, name, all)
}
