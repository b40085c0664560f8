package stack

import (
	"maps"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/compose/v5/pkg/api"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
)

// Labels returns a copy of p whose services carry the labels by which Compose finds its containers again, the same
// as Compose's own loader sets (pkg/compose/loader.go), and everything the one by which devenv knows what it has made.
// Neither is part of what Compose compares, so nothing is recreated for a label. Converge and Run do this themselves.
func Labels(p *types.Project) *types.Project {
	labelled, _ := p.WithServicesTransform(func(name string, s types.ServiceConfig) (types.ServiceConfig, error) {
		own := types.Labels{
			api.ProjectLabel:     p.Name,
			api.ServiceLabel:     name,
			api.VersionLabel:     composeVersion(),
			api.WorkingDirLabel:  p.WorkingDir,
			api.ConfigFilesLabel: strings.Join(p.ComposeFiles, ","),
			api.OneoffLabel:      "False",
			engine.LabelFolder:   p.WorkingDir,
		}
		if files, named := s.CustomLabels[api.EnvironmentFileLabel]; named {
			own[api.EnvironmentFileLabel] = files
		}
		s.CustomLabels = own
		return s, nil
	}) // the only possible error is the function's own
	for key, network := range labelled.Networks {
		network.CustomLabels = network.CustomLabels.Add(engine.LabelFolder, p.WorkingDir)
		labelled.Networks[key] = network
	}
	for key, volume := range labelled.Volumes {
		volume.CustomLabels = volume.CustomLabels.Add(engine.LabelFolder, p.WorkingDir)
		labelled.Volumes[key] = volume
	}
	return labelled
}

// ImageLabels are the labels that Compose puts on the image it builds for a service (getImageBuildLabels in
// pkg/compose/build.go): by them its `down --rmi` finds the image, and by one more `devenv prune`. Services with equal build sections share an image;
// it belongs to the first of them. p is the project as it was loaded, with all its services, so that the answer is the
// same whichever services a command builds, and in which mode.
func ImageLabels(p *types.Project, service string) types.Labels {
	return types.Labels{
		api.VersionLabel: composeVersion(),
		api.ProjectLabel: p.Name,
		api.ServiceLabel: sharer(p, service),

		engine.LabelBuilt: "true",
	}
}

// sharer is the first service by name whose build section equals that of service, tags apart.
func sharer(p *types.Project, service string) string {
	all := p.AllServices()
	own, found := all[service]
	if !found || own.Build == nil {
		return service
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if other := all[name]; other.Build != nil && other.Platform == own.Platform && equalBuilds(*other.Build, *own.Build) {
			return name
		}
	}
	return service
}

func equalBuilds(a, b types.BuildConfig) bool {
	a.Tags, b.Tags = nil, nil
	return reflect.DeepEqual(a, b)
}

// composeVersion is the release of Compose's SDK, in the form of Compose's labels. The SDK itself knows it only in
// Compose's own program, whose linker sets it.
func composeVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return api.ComposeVersion
	}
	for _, module := range info.Deps {
		if module.Path == "github.com/docker/compose/v5" {
			core, _, _ := strings.Cut(strings.TrimPrefix(module.Version, "v"), "-")
			return core
		}
	}
	return api.ComposeVersion
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
