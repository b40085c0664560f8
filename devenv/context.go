package devenv

import (
	"context"
	"io"
	"slices"
	"strings"

	"devenv/devenv/fault"
	"devenv/devenv/stack"
)

// chosenContext is the Docker context or host that the profile chooses; "" where it does not, or the shell has.
func (e *Environment) chosenContext() string {
	if e.profile == nil || e.variable("DOCKER_HOST") != "" || e.variable("DOCKER_CONTEXT") != "" {
		return ""
	}
	return e.profile.Context
}

// turn has the environment speak to the engine that its profile chooses. A stack that it opens for that is its own.
func (e *Environment) turn(ctx context.Context) error {
	wanted := e.chosenContext()
	if wanted == e.settings.context {
		return nil
	}
	opened, err := e.openStack(ctx, wanted, stack.Streams{In: e.settings.In, Out: e.settings.Out, Err: e.settings.Err})
	if err != nil {
		return err
	}
	e.stack, e.settings.context = opened, wanted
	return nil
}

func (e *Environment) openStack(ctx context.Context, chosen string, streams stack.Streams) (*stack.Stack, error) {
	opened, err := stack.Open(ctx, withContext(e.settings.Env, chosen), streams)
	if err != nil && chosen != "" {
		return nil, fault.New(fault.Usage, "%s: context: %w", e.profilePlace("context"), err)
	}
	return opened, err
}

// quietStack is another stack on the same engine, for work whose output nobody asked for. The caller closes it.
func (e *Environment) quietStack(ctx context.Context) (*stack.Stack, error) {
	return e.openStack(ctx, e.settings.context, stack.Streams{Out: io.Discard, Err: io.Discard})
}

// withContext is an environment in which a context, or a host, is chosen.
func withContext(env []string, chosen string) []string {
	switch {
	case chosen == "":
		return env
	case strings.Contains(chosen, "://"):
		return append(slices.Clone(env), "DOCKER_HOST="+chosen)
	}
	return append(slices.Clone(env), "DOCKER_CONTEXT="+chosen)
}

// reach connects another view of the project: over the same connections where it has them, else over its own.
func (e *Environment) reach(ctx context.Context, other *Environment) error {
	if other.stack != e.stack {
		return other.connect(ctx)
	}
	err := e.connect(ctx)
	other.engine = e.engine
	return err
}

// part closes another view's own connections.
func (e *Environment) part(other *Environment) {
	if other.stack != e.stack {
		other.Close()
	}
}
