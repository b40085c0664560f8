package plan

import (
	"maps"

	"github.com/compose-spec/compose-go/v2/types"
)

// Builder is the service whose build makes the image of another one, which has no build of its own.
type Builder struct {
	Name  string
	build types.BuildConfig // as the mode has it, for a plan without that service
}

// BuilderOf says whose build makes the image of a service without one: the first service, by name, that builds the image
// which it runs. It is the answer to every question about the code of such a service.
func BuilderOf(p *types.Project, service types.ServiceConfig) (types.ServiceConfig, bool) {
	if service.Build != nil || service.Image == "" {
		return types.ServiceConfig{}, false
	}
	all := p.AllServices()
	for _, name := range sorted(all) {
		if other := all[name]; other.Build != nil && ImageName(p.Name, other) == service.Image {
			return other, true
		}
	}
	return types.ServiceConfig{}, false
}

// WithBuild is a service with the build that makes its image, its own or its builder's.
func WithBuild(p *types.Project, service types.ServiceConfig) types.ServiceConfig {
	if builder, found := BuilderOf(p, service); found {
		build := *builder.Build
		service.Build = &build
	}
	return service
}

// Recipe is a service of the plan with the build that makes its image, its own or its builder's.
func (p Plan) Recipe(name string) types.ServiceConfig {
	service := p.Project.Services[name]
	if builder, found := p.Builders[name]; found {
		service.Build = &builder.build
		for _, services := range [...]types.Services{p.Builds, p.Project.Services} {
			if other := services[builder.Name]; other.Build != nil {
				service.Build = other.Build // with its references filled in
			}
		}
	}
	return service
}

// MadeBy is the service whose build makes the image of a service: that one itself where it has no builder.
func (p Plan) MadeBy(name string) string {
	if builder, found := p.Builders[name]; found {
		return builder.Name
	}
	return name
}

// withBuilders are the modes in which a service that runs the image of another one has the mode of that: it has the same code,
// so it must not stay behind.
func (m Modes) withBuilders(p *types.Project) Modes {
	own := maps.Clone(m.Services)
	for _, name := range sorted(p.Services) {
		builder, found := BuilderOf(p, p.Services[name])
		if !found || m.Of(name) == m.Of(builder.Name) {
			continue
		}
		if own == nil {
			own = map[string]string{}
		}
		own[name] = m.Of(builder.Name)
	}
	m.Services = own
	return m
}
