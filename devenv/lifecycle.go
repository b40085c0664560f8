package devenv

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/plan"
	"devenv/devenv/stack"
)

// DownOptions are the flags of down.
type DownOptions struct {
	Services      []string
	Volumes       bool
	RemoveOrphans bool
	NoHooks       bool
	Timeout       *time.Duration // nil: each service's stop_grace_period
}

// Down stops and removes containers and networks.
func (e *Environment) Down(ctx context.Context, options DownOptions) error {
	if !options.NoHooks {
		if err := e.downHooks(ctx, options.Services); err != nil {
			return err
		}
	}
	if len(options.Services) == 0 {
		if err := e.endBackground(ctx); err != nil {
			return err
		}
	}
	return e.lifecycle(ctx, options.Services, options.Timeout, func(scope stack.Scope) error {
		err := e.stack.Down(ctx, e.project.Compose.Name, stack.DownOptions{
			Scope: scope, Volumes: options.Volumes, RemoveOrphans: options.RemoveOrphans,
		})
		if err == nil && len(options.Services) == 0 {
			err = e.store.ForgetHooks()
		}
		if err != nil {
			return err
		}
		return e.afterDown(ctx, options)
	})
}

// Stop stops containers and keeps them.
func (e *Environment) Stop(ctx context.Context, services []string, timeout *time.Duration) error {
	return e.lifecycle(ctx, services, timeout, func(scope stack.Scope) error {
		return e.stack.Stop(ctx, e.project.Compose.Name, scope)
	})
}

// Restart restarts services in the containers that they have.
func (e *Environment) Restart(ctx context.Context, services []string, timeout *time.Duration) error {
	return e.lifecycle(ctx, services, timeout, func(scope stack.Scope) error {
		containers, err := e.engine.Containers(ctx, e.project.Compose.Name)
		if err != nil {
			return err
		}
		if err := restartable(services, containers); err != nil {
			return err
		}
		return e.stack.Restart(ctx, e.project.Compose.Name, scope)
	})
}

// restartable refuses to restart what has no container; one that has ended can be started again. No services are all.
func restartable(services []string, containers []engine.Container) error {
	has := map[string]bool{}
	for _, c := range containers {
		if !c.Oneoff {
			has[c.Service] = true
		}
	}
	absent := slices.DeleteFunc(slices.Clone(services), func(service string) bool { return has[service] })
	switch {
	case len(services) == 0 && len(has) == 0:
		return fault.New(fault.Failed, "nothing to restart: no service has a container").WithHint("`devenv up -d` starts them")
	case len(absent) > 0:
		return fault.New(fault.Failed, "%s: no container to restart", strings.Join(absent, ", ")).
			WithHint("`devenv up -d %s` makes and starts it", strings.Join(absent, " "))
	}
	return nil
}

// lifecycle does something to existing containers, while no other devenv changes them, and tells what happened to
// each.
func (e *Environment) lifecycle(ctx context.Context, services []string, timeout *time.Duration, do func(stack.Scope) error) error {
	if err := e.project.Known(services); err != nil && !e.vanished {
		return err
	}
	if err := e.connect(ctx); err != nil {
		return err
	}
	return e.change(ctx, func() error {
		return do(stack.Scope{Project: e.running(), Services: services, Timeout: timeout, Report: e.report})
	})
}

// running is the project as a command about what runs has to know it; nil, which is what the engine's labels say, where the
// profile that it was started with has vanished.
func (e *Environment) running() *types.Project {
	if e.vanished {
		return nil
	}
	return e.apart()
}

// apart is the project with the names that networks, volumes and containers have in this checkout.
func (e *Environment) apart() *types.Project {
	project, _, _ := plan.Apart(plan.Input{Project: e.project.Compose, Naming: e.project.Naming(), Shared: e.project.Extension.Volumes})
	return project
}
