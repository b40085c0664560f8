package stack

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/compose/v5/pkg/api"

	"devenv/devenv/fault"
)

// Labels returns a copy of p whose services carry the labels by which Compose finds its containers again, the same
// as Compose's own loader sets (pkg/compose/loader.go). Converge and Run do this themselves.
func Labels(p *types.Project) *types.Project {
	labelled, _ := p.WithServicesTransform(func(name string, s types.ServiceConfig) (types.ServiceConfig, error) {
		own := types.Labels{
			api.ProjectLabel:     p.Name,
			api.ServiceLabel:     name,
			api.VersionLabel:     api.ComposeVersion,
			api.WorkingDirLabel:  p.WorkingDir,
			api.ConfigFilesLabel: strings.Join(p.ComposeFiles, ","),
			api.OneoffLabel:      "False",
		}
		if files, named := s.CustomLabels[api.EnvironmentFileLabel]; named {
			own[api.EnvironmentFileLabel] = files
		}
		s.CustomLabels = own
		return s, nil
	}) // the only possible error is the function's own
	return labelled
}

// NameEnvFiles notes on every service of p which --env-file files the project was loaded with, so that Compose's later
// commands read the same.
func NameEnvFiles(p *types.Project, files []string) {
	if len(files) == 0 {
		return
	}
	for name, service := range p.Services {
		service.CustomLabels = service.CustomLabels.Add(api.EnvironmentFileLabel, strings.Join(files, ","))
		p.Services[name] = service
	}
}

// prepared is the project as the SDK shall see it: a copy, as the SDK changes what it is given; labelled; only the
// wanted services; and without a pull of what is built here.
func prepared(p *types.Project, services []string, noDeps bool) (*types.Project, error) {
	own := Labels(p)
	for name, service := range own.Services {
		if service.Build != nil {
			service.PullPolicy = types.PullPolicyNever
			own.Services[name] = service
		}
	}
	if len(services) > 0 {
		policy := types.IncludeDependencies
		if noDeps {
			policy = types.IgnoreDependencies
		}
		selected, err := own.WithSelectedServices(services, policy)
		if err != nil {
			return nil, fault.New(fault.Usage, "%w", err)
		}
		own = selected
	}
	own = own.WithoutUnresolvedOptionalDependencies()
	return own, checkDependencies(own)
}

// checkDependencies finds what a service needs and the project does not run.
func checkDependencies(p *types.Project) error {
	for _, name := range p.ServiceNames() {
		for dependency := range p.Services[name].DependsOn {
			if _, there := p.Services[dependency]; there {
				continue
			}
			failure := fault.New(fault.Usage, "%s: depends on %s, which is not enabled", name, dependency)
			if disabled, err := p.GetDisabledService(dependency); err == nil && len(disabled.Profiles) > 0 {
				failure = failure.WithHint("enable it with the Compose profile %s", strings.Join(disabled.Profiles, " or "))
			}
			return failure
		}
	}
	return nil
}
