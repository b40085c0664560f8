package devenv

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/utils"

	"devenv/devenv/build"
	"devenv/devenv/doctor"
	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/image"
	"devenv/devenv/plan"
	"devenv/devenv/stack"
	"devenv/devenv/state"
)

// askHost adds what this machine says without an engine.
func (e *Environment) askHost(in *doctor.Input) {
	in.Host.ReadLimits()
	in.Host.Env = utils.GetAsEqualsMap(e.settings.Env)
	bundle, err := e.project.CABundle()
	in.Host.CABundle = err != nil || bundle.File != "" // what is wrong with one, every other command says
	in.Host.Local = e.stack.Endpoint().Local()
	if died, yes := e.store.Died(state.Live); yes {
		in.Host.Died = fmt.Sprintf("%q (pid %d, since %s)", died.Command, died.PID, clock(died.Since))
	}
}

// askEngine adds what the engine says of itself, of the project's images and of its containers. Without an engine, and
// without an image, the report says that it was not looked at.
func (e *Environment) askEngine(ctx context.Context, in *doctor.Input) error {
	if err := e.connect(ctx); err != nil {
		if ctx.Err() != nil {
			return err
		}
		in.Host.ReadSpace(e.project.Dir())
		in.Unseen = append(in.Unseen, "images, containers and ports: "+err.Error())
		return nil
	}
	info, err := e.engine.Info(ctx)
	if err != nil {
		return err
	}
	in.Host.Engine = &info
	in.ImageEnv = func(reference string) ([]string, bool) {
		found, there, err := e.engine.Image(ctx, reference)
		return found.Env, there && err == nil
	}
	in.Host.ReadSpace(e.project.Dir())
	in.Base = e.baseImage
	return errors.Join(e.askImages(ctx, in), e.askContainers(ctx, in))
}

// builtImage is the image of a service in a mode.
type builtImage struct {
	service, mode, ref string
	id                 string // "" where it is not built
	stale              bool   // its sources have changed since
}

// askImages reads the images of the services that are built, in every mode.
func (e *Environment) askImages(ctx context.Context, in *doctor.Input) error {
	all, err := e.builtImages(ctx, in)
	if err != nil {
		return err
	}
	absent, stale, refs := map[string][]string{}, map[string][]string{}, []string{}
	for _, one := range all {
		switch {
		case one.id == "":
			absent[one.service] = append(absent[one.service], one.mode)
			continue
		case one.stale:
			stale[one.service] = append(stale[one.service], one.mode)
		}
		refs = append(refs, one.ref)
	}
	in.Unseen = append(in.Unseen, modesOfEach(absent, "it is not built")...)
	in.Unseen = append(in.Unseen, modesOfEach(stale, "its sources have changed since it was built")...)
	slices.Sort(refs)
	read, err := e.inspect(ctx, slices.Compact(refs)...)
	if err != nil {
		return err
	}
	in.Image = func(service, mode string) (*image.Image, bool) {
		for _, one := range all {
			if one.service == service && one.mode == mode {
				i := slices.IndexFunc(read, func(i image.Image) bool { return i.Ref == one.ref })
				if i >= 0 {
					return &read[i], one.stale
				}
			}
		}
		return nil, false
	}
	return nil
}

// modesOfEach says of each service in which modes something is so.
func modesOfEach(modes map[string][]string, what string) []string {
	var all []string
	for _, service := range slices.Sorted(maps.Keys(modes)) {
		all = append(all, fmt.Sprintf("the image of %s in mode %s: %s", service, list(modes[service]), what))
	}
	return all
}

// builtImages asks BuildKit of every image that is there whether it is still what its sources make.
func (e *Environment) builtImages(ctx context.Context, in *doctor.Input) ([]builtImage, error) {
	var all []builtImage
	for _, mode := range slices.Sorted(maps.Keys(in.Plans)) {
		planned := in.Plans[mode]
		requests := map[string]build.Request{}
		for _, request := range e.buildRequests(planned, buildFlags{}) {
			requests[request.Service] = request
		}
		for _, name := range withBuild(planned.Project.Services) {
			one, err := e.builtImage(ctx, planned, name, requests)
			if err != nil {
				return nil, err
			}
			one.mode = mode
			all = append(all, one)
		}
	}
	return all, nil
}

func (e *Environment) builtImage(ctx context.Context, planned plan.Plan, name string, requests map[string]build.Request) (builtImage, error) {
	service := planned.Project.Services[name]
	one := builtImage{service: name, ref: plan.ImageName(planned.Project.Name, service)}
	found, there, err := e.engine.Image(ctx, one.ref)
	if err != nil || !there {
		return one, err
	}
	one.id = found.ID
	same, err := build.Current(ctx, e.engine, requests[name], found.ID, e.buildOptions(), needed(service, planned, requests)...)
	if ctx.Err() != nil {
		return one, ctx.Err()
	}
	one.stale = err != nil || !same
	return one, nil //nolint:nilerr // a build that cannot be made makes another image, if any
}

// baseImage is what is in an image, where it is local.
func (e *Environment) baseImage(ctx context.Context, reference string) (*image.Image, error) {
	if _, there, err := e.engine.Image(ctx, reference); err != nil || !there {
		return nil, err
	}
	read, err := e.inspect(ctx, reference)
	if err != nil {
		return nil, err
	}
	return &read[0], nil
}

// askContainers looks at the project's containers, and at who has the host ports that it wants.
func (e *Environment) askContainers(ctx context.Context, in *doctor.Input) error {
	containers, err := e.engine.Containers(ctx, e.project.Compose.Name)
	if err != nil {
		return err
	}
	for _, c := range containers {
		if c.Oneoff {
			continue
		}
		detail, found, err := e.engine.Inspect(ctx, c.ID)
		if err != nil {
			return err
		}
		if found {
			in.Host.Containers = append(in.Host.Containers, doctor.Container{
				Name: c.Name, Service: c.Service, State: c.State, Health: detail.Health, ExitCode: detail.ExitCode,
				Restarts: detail.RestartCount, OutOfMemory: detail.OOMKilled && c.State != engine.Running,
			})
		}
	}
	_, planned, err := e.plan(e.modes(""), nil)
	if err != nil {
		return err
	}
	for _, conflict := range fault.All(stack.PortConflicts(ctx, e.engine, planned.Project)) {
		if conflict != nil {
			in.Host.Conflicts = append(in.Host.Conflicts, portConflict(conflict))
		}
	}
	return nil
}

// portConflict takes a conflict apart, whose message begins with the service.
func portConflict(err error) doctor.Conflict {
	service, what, _ := strings.Cut(err.Error(), ": ")
	conflict := doctor.Conflict{Service: service, What: what}
	var known *fault.Error
	if errors.As(err, &known) {
		conflict.Mend = known.Hint
	}
	return conflict
}
