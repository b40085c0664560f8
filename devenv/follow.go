package devenv

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/plan"
	"devenv/devenv/stack"
)

// follow prints the logs of the planned services until it is interrupted or all of them have ended, then stops what
// this `up` started. before are the containers that there were, began is when this `up` did.
func (e *Environment) follow(ctx context.Context, in plan.Input, planned plan.Plan, before []engine.Container, began time.Time) error {
	services := planned.Project.ServiceNames()
	ours := notRunning(services, before)
	if len(ours) == 0 {
		e.settings.Term.Say("following the logs; everything ran before, so Ctrl-C leaves it running")
	} else {
		e.settings.Term.Say("following the logs; Ctrl-C stops what this `up` started: %s", list(ours))
	}
	e.settings.Term.Prefixes(services)
	watching, stop := context.WithCancel(ctx)
	var session errgroup.Group
	session.Go(func() error { return e.watched(watching, in, planned, false) })
	err := e.followLogs(ctx, planned.Project.Name, services, began)
	stop()
	err = errors.Join(err, session.Wait())
	if ctx.Err() == nil {
		return err // every container has ended
	}
	return errors.Join(&fault.Error{Class: fault.Interrupted}, e.stopStarted(planned, ours))
}

// followLogs prints logs until nothing runs any more. An engine that goes away is waited for; the session says so.
func (e *Environment) followLogs(ctx context.Context, project string, services []string, since time.Time) error {
	for {
		err := stack.Logs(ctx, e.engine, project, stack.LogOptions{
			LogRequest: engine.LogRequest{Follow: true, Since: engine.Since(since)}, Services: services, Line: e.logLine,
		})
		var lost *fault.Error
		if !errors.As(err, &lost) || lost.Class != fault.Engine {
			return err
		}
		since = time.Now()
		if err := e.engine.Await(ctx); err != nil {
			return err
		}
	}
}

// notRunning are those of services that have no running container.
func notRunning(services []string, containers []engine.Container) []string {
	return slices.DeleteFunc(slices.Clone(services), func(service string) bool {
		return slices.ContainsFunc(containers, func(c engine.Container) bool {
			return c.Service == service && !c.Oneoff && c.State == engine.Running
		})
	})
}

// stopStarted ends services after the first interruption, in good order; the second one makes it immediate.
func (e *Environment) stopStarted(planned plan.Plan, services []string) error {
	containers, err := e.engine.Containers(e.settings.Now, planned.Project.Name)
	if err != nil {
		return err
	}
	down := notRunning(services, containers)
	services = slices.DeleteFunc(services, func(name string) bool { return slices.Contains(down, name) })
	if len(services) == 0 {
		return nil
	}
	e.settings.Term.Say("interrupted: stopping; Ctrl-C again ends the containers at once")
	name, scope := planned.Project.Name, stack.Scope{Project: planned.Project, Services: services, Report: e.report}
	err = e.stack.Stop(e.settings.Now, name, scope)
	if e.settings.Now.Err() == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(e.settings.Now), killWithin)
	defer cancel()
	return e.stack.Kill(ctx, name, "SIGKILL", scope)
}

// killWithin bounds the wait for an engine that was told to kill.
const killWithin = 5 * time.Second

// logLine prints a container's line behind its service's name, with the container's number from the second on.
func (e *Environment) logLine(line stack.LogLine) {
	name := line.Service
	if line.Number > 1 {
		name = fmt.Sprintf("%s-%d", name, line.Number)
	}
	if line.Note {
		e.settings.Term.Say("%s %s", name, line.Text)
		return
	}
	e.settings.Term.Log(name, line.Text)
}
