package devenv

import (
	"context"
	"errors"

	"devenv/devenv/engine"
	"devenv/devenv/live"
	"devenv/devenv/reload"
	"devenv/devenv/reload/agent"
)

// provision brings the environments of a service's containers in line with the lock file and has their processes start
// from a fresh supervisor. Where `devenv add` has just done the first, there is only the second.
func (s *session) provision(ctx context.Context, service string) error {
	e := s.env()
	err := e.changeForFiles(ctx, func() error {
		work := s.packages(service)
		if work.service == "" {
			return nil // meanwhile it is in a mode that is made of its image
		}
		if e.isLeft(work) {
			return live.Unneeded("packages are left alone, as --no-sync asked; `devenv sync` takes the change in")
		}
		return s.each(ctx, service, func(c engine.Container) error {
			if err := e.synced(ctx, c, work); err != nil {
				return err
			}
			_, err := s.agents.reload(ctx, c, refresh)
			if _, err = e.unaided(ctx, service, err); errors.Is(err, agent.Absent{}) {
				return nil // what starts in it has the packages
			}
			return s.failure(service, err)
		})
	})
	if err == nil {
		s.behind()
	}
	return err
}

// provisionShared has the services taken care of that share the project of one whose packages have changed.
func (s *session) provisionShared(ctx context.Context, service string) {
	changed := s.packages(service).project
	var actions []reload.Action
	for _, seen := range s.View().Services {
		if s.packages(seen.Name).project.Host == changed.Host {
			actions = append(actions, reload.Action{
				Verb: reload.Provision, Service: seen.Name, Causes: []reload.Cause{{Path: changed.Host, Rule: "packages of " + service + " were changed"}},
			})
		}
	}
	s.running.Act(ctx, actions...)
}

// behind says that images are behind the lock file; one reminder is enough.
func (s *session) behind() {
	select {
	case s.stale <- struct{}{}:
	default:
	}
}

// rebuilds builds images that are behind the lock file until ctx ends, so that the next container has the packages. No
// container is replaced for it: those that run have them already.
func (s *session) rebuilds(ctx context.Context) {
	for {
		select {
		case <-s.stale:
		case <-ctx.Done():
			return
		}
		e := s.env()
		_, planned, err := e.planPresent(ctx)
		if err == nil {
			err = e.build(ctx, planned, buildFlags{unseen: true})
		}
		if err != nil && ctx.Err() == nil {
			e.settings.Term.Fail(err)
		}
	}
}
