// Package plan decides what devenv changes in a Compose project so that it runs in a mode, and why. The decision is
// a value: `devenv up --dry-run` and `devenv config --explain` print it, and `up` hands its project to the engine.
// Nothing here reads a file or asks an engine.
package plan

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/checkout"
	"devenv/devenv/dockerfile"
	"devenv/devenv/fault"
	"devenv/devenv/hook"
	"devenv/devenv/project"
	"devenv/devenv/trust"
)

// Local is the mode of everyday work. Every other mode runs the project as its image has it: without source
// mounts, debug ports and reload.
const Local = "local"

// Modes says which mode each service is in.
type Modes struct {
	Project  string            // "" means Local
	Services map[string]string // the exceptions
}

// Of is the mode of a service.
func (m Modes) Of(service string) string {
	if mode := m.Services[service]; mode != "" {
		return mode
	}
	if m.Project != "" {
		return m.Project
	}
	return Local
}

// Input is everything that the decision depends on.
type Input struct {
	Project    *types.Project                      // as Compose resolves it; not modified
	Extensions map[string]project.ServiceExtension // x-devenv by service
	// Dockerfiles are the parsed ones by File; one that is not there does not exist on the host.
	Dockerfiles map[string]*dockerfile.File
	IsFile      func(hostPath string) bool // an existing file that is not a directory
	Agent       Agent
	Trust       trust.Bundle // the zero value is none
	Modes       Modes
	// Packages is the uv project of a service as it is planned so far; nil is none for all.
	Packages func(types.ServiceConfig) (Packages, bool)
	// Kept says of volumes with an environment that was changed in place for which Packages.Asked it is now.
	Kept      map[string]string
	DebugWait []string          // services that run nothing before a debugger has attached
	NoDebug   map[string]string // services without a debugger, each with the place that says so
	DebugAt   map[string]uint16 // ports of this machine that are chosen for debuggers, by service
	Profile   string            // "" is none
	Naming    checkout.Naming
	Shared    project.Volumes // that all checkouts have in common
	Hooks     []hook.Hook
}

// Plan is the decision.
type Plan struct {
	Project *types.Project // with the changes made
	// Builds are the services that Project does not run and whose images it runs, or its builds take as additional_contexts.
	Builds types.Services
	// Builders are those of the services without a build whose image another service builds.
	Builders map[string]Builder
	Modes    Modes
	Profile  string // "" is none
	Trust    trust.Bundle
	Changes  []Change
	Advice   []Advice
	Agents   []string // the services that have the agent
	// Environments are the Python environments of services in mode local, as far as the compose file and the Dockerfile say.
	Environments map[string]PythonEnvironment
	// Shared are the volumes, by key, that this checkout has in common with the first one, which they belong to.
	Shared types.Volumes
	Debug  map[string]Debug // by service in mode local, where one can be debugged
	Hooks  []hook.Hook      // those of services that Project runs, and those on this machine
	Ports  []HostPort       // of the whole project; nil before WithPorts
	// Whole has all services of the project as they are planned, where Project has some of them; nil is Project.
	Whole *types.Project

	made *Plan    // the plan before its ports were decided
	fill portFill // what fills references in
}

// Debugger is what debugs a service.
type Debugger string

// The debuggers.
const (
	Python Debugger = "python" // debugpy
	Delve  Debugger = "delve"
)

// Debug is how a debugger comes to a service.
type Debug struct {
	Kind Debugger
	// Port is the number that a developer expects: published in the compose file, else the one of the command, else
	// the debugger's own.
	Port uint16
	// Chosen says that it is to be this one, whichever was used before.
	Chosen bool
	// Agent says that the agent lets a debugger in when one connects, and that devenv listens on the port, or on the
	// next free one. Otherwise the process listens by itself, and the engine publishes the port, but for Delve's.
	Agent bool
	// Builds says that the process under Delve builds its program when it starts.
	Builds bool
	// Compile is a command in the container that fails where that build would, and writes no program; nil if it is not known.
	Compile []string
}

// Forwarded says that devenv listens on the port, or on the next free one.
func (d Debug) Forwarded() bool { return d.Agent || d.Kind == Delve }

// Change is one thing that devenv changes in a service, and its cause.
type Change struct {
	Service string `json:"service"`        // "" for what is beside the services
	Key     string `json:"key"`            // attribute path below the service, as in the compose file
	From    string `json:"from,omitempty"` // "" where nothing was set
	To      string `json:"to,omitempty"`   // "" where it is taken away
	Cause   string `json:"cause"`
}

// Advice is one line for the developer about a service that nothing had to be changed for; Service is "" for what is
// beside the services.
type Advice struct {
	Service string `json:"service"`
	Text    string `json:"text"`
}

// Make decides. Services are planned one by one, in the order of their names.
func Make(in Input) (Plan, error) {
	if err := in.check(); err != nil {
		return Plan{}, err
	}
	declared := in.Project
	in.Modes = in.Modes.withBuilders(declared)
	plan := Plan{
		Modes: in.Modes, Profile: in.Profile, Builders: map[string]Builder{}, Debug: map[string]Debug{}, Environments: map[string]PythonEnvironment{},
		Shared: in.sharedVolumes(), Trust: in.Trust,
	}
	in.Project, plan.Changes, plan.Advice = Apart(in)
	planned, err := in.Project.WithServicesTransform(func(_ string, s types.ServiceConfig) (types.ServiceConfig, error) {
		return s, nil // a deep copy of each: what follows must not reach the caller's project
	})
	if err != nil {
		return Plan{}, err
	}
	plan.Project = planned
	for _, name := range sorted(planned.Services) {
		overlay := overlay{in: in, mode: in.Modes.Of(name), service: planned.Services[name]}
		if builder, shares := BuilderOf(declared, declared.Services[name]); shares {
			overlay.builder, overlay.service.Build = builder.Name, WithBuild(declared, declared.Services[name]).Build
		}
		overlay.apply()
		overlay.addTrust()
		plan.take(overlay)
	}
	plan.addVolumes()
	plan.Hooks = slices.DeleteFunc(slices.Clone(in.Hooks), func(h hook.Hook) bool {
		_, runs := planned.Services[h.Service]
		return h.Service != "" && !runs
	})
	planned.Configs = maps.Clone(planned.Configs)
	if len(plan.Agents) > 0 {
		plan.bring(agentConfig, in.Agent.Content)
	}
	if in.Trust.Content != "" {
		plan.bring(trustConfig, in.Trust.Content)
	}
	return plan, nil
}

// take takes over what was decided about a service. A build that was lent to it is its builder's to make.
func (p *Plan) take(o overlay) {
	name := o.service.Name
	if o.builder != "" {
		p.Builders[name] = Builder{o.builder, *o.service.Build}
		o.service.Build = nil
	}
	p.Project.Services[name] = o.service
	p.Changes = append(p.Changes, o.changes...)
	p.Advice = append(p.Advice, o.advice...)
	if o.debuggable.Kind != "" {
		p.Debug[name] = o.debuggable
	}
	if o.agent {
		p.Agents = append(p.Agents, name)
	}
	if o.environment != (PythonEnvironment{}) {
		p.Environments[name] = o.environment
	}
}

// bring adds an inline config, which Compose copies into containers without a mount.
func (p *Plan) bring(config, content string) {
	if p.Project.Configs == nil {
		p.Project.Configs = types.Configs{}
	}
	p.Project.Configs[config] = types.ConfigObjConfig{Name: config, Content: content}
}

// asked are the source mounts of a service's x-devenv.source; check has seen that each of them can be read.
func (in Input) asked(service string) []types.ServiceVolumeConfig {
	var mounts []types.ServiceVolumeConfig
	for _, text := range in.Extensions[service].Source {
		mount, err := in.mount(text)
		if err == nil {
			mounts = append(mounts, mount)
		}
	}
	return mounts
}

// mount reads a bind mount in Compose's short form; its host path is relative to the project folder.
func (in Input) mount(text string) (types.ServiceVolumeConfig, error) {
	volume, err := format.ParseVolume(text)
	if err != nil {
		return volume, err
	}
	if volume.Type != types.VolumeTypeBind {
		return volume, errors.New("a source mount is ./HOST:/CONTAINER")
	}
	if !filepath.IsAbs(volume.Source) {
		volume.Source = filepath.Join(in.Project.WorkingDir, volume.Source)
	}
	return volume, nil
}

// check refuses what cannot be planned.
func (in Input) check() error {
	for _, name := range sorted(in.Project.Services) {
		for _, text := range in.Extensions[name].Source {
			if _, err := in.mount(text); err != nil {
				return fault.New(fault.Usage, "services.%s.x-devenv.source: %q: %w", name, text, err)
			}
		}
	}
	return nil
}

func sorted[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }
