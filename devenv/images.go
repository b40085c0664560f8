package devenv

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/build"
	"devenv/devenv/image"
	"devenv/devenv/plan"
	"devenv/devenv/stack"
)

// BuildOptions are the flags of build.
type BuildOptions struct {
	Services []string
	Mode     string
	NoCache  bool
	Pull     bool
}

// buildFlags say how images are built; unseen shows neither progress nor what is up to date.
type buildFlags struct{ noCache, pull, unseen bool }

// Build builds the images of a mode.
func (e *Environment) Build(ctx context.Context, options BuildOptions) error {
	in, planned, err := e.plan(e.modes(options.Mode), options.Services)
	if err != nil {
		return err
	}
	if err := e.missing(in, planned); err != nil {
		return err
	}
	if err := e.connect(ctx); err != nil {
		return err
	}
	if err := e.claim(ctx); err != nil {
		return err
	}
	return e.build(ctx, planned, buildFlags{noCache: options.NoCache, pull: options.Pull})
}

// build asks BuildKit for every image of the plan; what is up to date costs only the question.
func (e *Environment) build(ctx context.Context, planned plan.Plan, flags buildFlags) error {
	planned, err := e.revealed(ctx, planned)
	if err != nil {
		return err
	}
	requests := e.buildRequests(planned, flags)
	if len(requests) == 0 {
		return nil
	}
	before, err := e.imageIDs(ctx, requests)
	if err != nil {
		return err
	}
	options := e.buildOptions()
	if flags.unseen {
		options.Out, options.Terminal = nil, false
	}
	results, err := build.Run(ctx, e.engine, requests, options)
	if err != nil {
		return err
	}
	e.rememberImages(planned, results)
	for _, result := range results {
		outcome := "built"
		if before[result.ID] && flags.unseen {
			continue
		}
		if before[result.ID] {
			outcome = "up to date"
		}
		e.settings.Term.Step("image", strings.Join(result.Services, ", "), outcome+"  "+strings.TrimSuffix(result.Image, ":latest"), result.Duration)
	}
	return nil
}

// rememberImages notes for which uv.lock the images of mode local were built.
func (e *Environment) rememberImages(planned plan.Plan, results []build.Result) {
	known := e.store.BuiltFor()
	before := maps.Clone(known)
	for _, result := range results {
		for _, service := range result.Services {
			if asked := planned.Environments[service].Asked; asked != "" {
				known[service] = result.ID + " " + asked
			}
		}
	}
	if !maps.Equal(known, before) {
		_ = e.store.SaveBuiltFor(known) // where nothing can be remembered, status says less
	}
}

// imageIDs are the images that the requests' names stand for now.
func (e *Environment) imageIDs(ctx context.Context, requests []build.Request) (map[string]bool, error) {
	ids := map[string]bool{}
	for _, request := range requests {
		image, found, err := e.engine.Image(ctx, request.Tags[0])
		if err != nil {
			return nil, err
		}
		ids[image.ID] = found
	}
	return ids, nil
}

func (e *Environment) buildOptions() build.Options {
	return build.Options{
		Dir: e.settings.Dir, Out: e.settings.Err, Terminal: e.settings.Interactive,
		Hidden: []string{e.store.Folder()}, Mask: e.hide,
		Auth: func(_ context.Context, host string) (build.Credentials, error) {
			user, secret, err := e.stack.Credentials(host)
			return build.Credentials{Username: user, Secret: secret}, err
		},
	}
}

func (e *Environment) buildRequests(planned plan.Plan, flags buildFlags) []build.Request {
	services := maps.Clone(planned.Project.Services)
	maps.Copy(services, planned.Builds)
	var requests []build.Request
	for _, name := range slices.Sorted(maps.Keys(services)) {
		service := services[name]
		if service.Build == nil {
			continue
		}
		requests = append(requests, build.Request{
			Service: name, Build: *service.Build, Platform: service.Platform,
			Tags:    []string{plan.ImageName(planned.Project.Name, service)},
			Labels:  stack.ImageLabels(e.project.Compose, name),
			Secrets: planned.Project.Secrets, Environment: planned.Project.Environment,
			NoCache: flags.noCache, Pull: flags.pull, Bundle: planned.Trust.File,
		})
	}
	return requests
}

// withBuild are the names of a project's services that have a build.
func withBuild(services types.Services) []string {
	var names []string
	for name, service := range services {
		if service.Build != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// inspect reads what images of the engine hold, in the order of refs. The engine is connected.
func (e *Environment) inspect(ctx context.Context, refs ...string) ([]image.Image, error) {
	learning := func(refs []string) { e.settings.Term.Say("reading what is in %s", strings.Join(refs, ", ")) }
	return image.Read(ctx, e.engine, e.store.Images(), learning, refs...)
}
