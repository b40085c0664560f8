package devenv

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/plan"
	"devenv/devenv/reload/agent"
)

// takenWithin is how long a program that runs may take to become an agent's. One that does not is known by its exit.
const takenWithin = 500 * time.Millisecond

// loaded is an error where an agent could not load its program: the container runs, and waits for a good version. Whether
// a service with a healthcheck is up has been found out by that, and one that waits for a debugger is to load nothing.
func (e *Environment) loaded(ctx context.Context, planned plan.Plan) error {
	containers, err := e.engine.Containers(ctx, planned.Project.Name)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	failed := make([]error, len(containers))
	for i, c := range containers {
		ours := slices.Contains(planned.Agents, c.Service) && !slices.Contains(e.settings.DebugWait, c.Service)
		if ours && c.State == engine.Running && c.Health == "" && !c.Oneoff {
			group.Go(func() { failed[i] = e.loads(ctx, c) })
		}
	}
	group.Wait()
	return errors.Join(failed...)
}

// loads waits until the program of a container has been loaded, or could not be.
func (e *Environment) loads(ctx context.Context, c engine.Container) error {
	stream, err := e.engine.Stream(ctx, c.ID, engine.Command{Args: agent.Relay()})
	if err != nil {
		return nil // it has ended meanwhile, as a program may
	}
	states := make(chan agent.State, 16)
	link := agent.NewLink(stream, agent.Notice{
		Status: func(now agent.Status) {
			select {
			case states <- now.State:
			default: // more changes than anybody waits for
			}
		},
		Failed: func(*agent.Failure) {},
	})
	defer func() { _ = link.Close() }()
	taken := time.After(takenWithin)
	for {
		select {
		case state := <-states:
			taken = nil
			switch state {
			case agent.Serving:
				return nil
			case agent.Waiting:
				return e.notLoaded(ctx, c)
			case agent.Starting:
			}
		case <-taken:
			return nil
		case <-link.Done():
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// notLoaded says so with the end of what the program has written.
func (e *Environment) notLoaded(ctx context.Context, c engine.Container) error {
	lines, err := e.engine.LastLogs(ctx, c.ID, 10)
	if err != nil {
		return err
	}
	return fault.New(fault.Unhealthy, "%s: its program could not be started, so its container waits for a good version", c.Service).
		WithDetail(lines...).WithHint("the next good save starts it")
}
