package devenv

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/utils"

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

// askImages reads the images of the services that are built, in every mode.
func (e *Environment) askImages(ctx context.Context, in *doctor.Input) error {
	there, absent := map[string]bool{}, map[string][]string{}
	for _, mode := range slices.Sorted(maps.Keys(in.Plans)) {
		for _, service := range withBuild(in.Plans[mode].Project.Services) {
			ref := plan.ImageName(in.Plans[mode].Project.Name, in.Plans[mode].Project.Services[service])
			if there[ref] {
				continue
			}
			_, found, err := e.engine.Image(ctx, ref)
			if err != nil {
				return err
			}
			if there[ref] = found; !found {
				absent[service] = append(absent[service], mode)
			}
		}
	}
	for _, service := range slices.Sorted(maps.Keys(absent)) {
		in.Unseen = append(in.Unseen, fmt.Sprintf("the image of %s in mode %s: it is not built", service, list(absent[service])))
	}
	maps.DeleteFunc(there, func(_ string, found bool) bool { return !found })
	read, err := e.inspect(ctx, slices.Sorted(maps.Keys(there))...)
	if err != nil {
		return err
	}
	images := map[string]*image.Image{}
	for i := range read {
		images[read[i].Ref] = &read[i]
	}
	in.Image = func(service, mode string) *image.Image {
		config := in.Plans[mode].Project.Services[service]
		if config.Build == nil {
			return nil
		}
		return images[plan.ImageName(in.Plans[mode].Project.Name, config)]
	}
	return nil
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
