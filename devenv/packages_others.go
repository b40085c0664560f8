package devenv

import (
	"context"
	"errors"
	"slices"

	"devenv/devenv/engine"
	"devenv/devenv/live"
	"devenv/devenv/reload/agent"
	"devenv/devenv/state"
	"devenv/devenv/uv"
)

// takeIn has every running service that uses a project take in what uv has changed. A session does it when it sees the
// files; where none of them is another one, it is told; where there is no session, it is done here.
func (e *Environment) takeIn(ctx context.Context, work packageWork, outcome uv.Outcome) error {
	if !outcome.Installed && len(outcome.Written) == 0 {
		return nil
	}
	if _, held := e.store.Holder(state.Live); !held {
		return e.change(ctx, func() error { return e.provisionAll(ctx, work) })
	}
	if len(outcome.Written) > 0 {
		return nil
	}
	_, err := live.Ask(ctx, e.socket(), live.Request{Provision: work.service})
	return err
}

// provisionAll syncs and reloads the services that share a project.
func (e *Environment) provisionAll(ctx context.Context, work packageWork) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	containers, err := e.engine.Containers(ctx, work.planned.Project.Name)
	if err != nil {
		return err
	}
	agents := &agents{
		engine: e.engine, links: map[string]*agentLink{},
		failed: func(string, *agent.Failure) {}, serves: func(engine.Container, agent.Status) {},
	}
	defer agents.close()
	all := uvProjects(work.in, work.planned)
	for _, c := range containers {
		other, has := all[c.Service]
		if !has || other.project.Host != work.project.Host || !runsLocal(c) {
			continue
		}
		err = errors.Join(err, e.synced(ctx, c, other))
		if slices.Contains(work.planned.Agents, c.Service) {
			_, failed := agents.reload(ctx, c, refresh)
			if _, failed = e.unaided(ctx, c.Service, failed); !errors.Is(failed, agent.Absent{}) {
				err = errors.Join(err, failed)
			}
		}
	}
	return err
}

// refresh asks an agent to start from a fresh supervisor.
func refresh(ctx context.Context, link *agent.Link) (*agent.Reloaded, error) {
	return link.Refresh(ctx)
}

// isFor says whether a fingerprint is that of the project's files.
func (w packageWork) isFor(fingerprint string) bool {
	if fingerprint == "" {
		return false
	}
	files, err := w.project.Read()
	return err == nil && fingerprint == files.Fingerprint()
}

// isLeft says whether the packages are to be left as they are for the project's files of now.
func (e *Environment) isLeft(work packageWork) bool {
	return work.isFor(e.store.Environments()[work.project.Host])
}

// synced makes sure that the environment of a container is what the project's files ask for. The caller holds the
// project.
func (e *Environment) synced(ctx context.Context, c engine.Container, work packageWork) (err error) {
	if work.files, err = work.project.Read(); err != nil {
		return err
	}
	known, id, asked := e.store.Environments(), environmentOf(c), work.files.Fingerprint()
	if known[id] == asked || e.isLeft(work) {
		return nil
	}
	if err := e.uvRunner(c, work).Sync(ctx); err != nil {
		return err
	}
	known[id] = asked
	return e.store.SaveEnvironments(known)
}
