package devenv

import (
	"context"
	"errors"
	"sync"
	"time"

	"devenv/devenv/engine"
	"devenv/devenv/reload/agent"
	"devenv/devenv/stack"
)

// agents are the connections to the agents of the running containers, made when they are first needed and again when a
// container was replaced. Safe for concurrent use.
type agents struct {
	engine *engine.Client
	failed func(service string, failed *agent.Failure)        // a first start that failed
	serves func(container engine.Container, now agent.Status) // another process serves, or is about to

	mu    sync.Mutex
	links map[string]*agentLink // by container ID
}

type agentLink struct {
	*agent.Link
	mu     sync.Mutex
	status agent.Status
}

// set takes in what the agent says, and reports whether another process than before serves, or waits for a debugger.
func (l *agentLink) set(now agent.Status) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.status
	l.status = now
	return now.Child != 0 && now.Child != before.Child || now.Holding != 0 && now.Holding != before.Holding
}

// now is what the agent said last.
func (l *agentLink) now() agent.Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// to is the connection to the agent of a container. It ends with ctx, so that must be the session's.
func (a *agents) to(ctx context.Context, c engine.Container) (*agentLink, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if link := a.links[c.ID]; link != nil {
		select {
		case <-link.Done():
		default:
			return link, nil
		}
	}
	stream, err := a.engine.Stream(ctx, c.ID, engine.Command{Args: agent.Relay()})
	if err != nil {
		return nil, err
	}
	link := &agentLink{}
	link.Link = agent.NewLink(stream, agent.Notice{
		Status: func(now agent.Status) {
			if link.set(now) {
				a.serves(c, now)
			}
		},
		Failed: func(f *agent.Failure) { a.failed(c.Service, f) },
	})
	a.links[c.ID] = link
	return link, nil
}

// answerWithin bounds a reload: an import that takes longer has other troubles.
const answerWithin = 60 * time.Second

// reload asks the agent of a container for new code. A connection that ended, as when the container restarts, is made
// once more.
func (a *agents) reload(ctx context.Context, c engine.Container, ask func(context.Context, *agent.Link) (*agent.Reloaded, error)) (*agent.Reloaded, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	for again := true; ; again = false {
		link, err := a.to(context.WithoutCancel(ctx), c)
		if err != nil {
			return nil, err
		}
		done, err := ask(ctx, link.Link)
		if again && errors.Is(err, agent.ErrLost) && ctx.Err() == nil {
			continue
		}
		return done, err
	}
}

// unaided takes in new code or packages where err says that no agent does it for a program that runs: the service starts
// again, and that is said. Every other err it gives back.
func (e *Environment) unaided(ctx context.Context, service string, err error) (note string, _ error) {
	var absent agent.Absent
	if !errors.As(err, &absent) || absent.Program == "" {
		return "", err
	}
	e.settings.Term.Say("%s  %s, so its container starts again", service, absent)
	return "by a restart", e.startAgain(ctx, service)
}

// startAgain restarts the containers of a service.
func (e *Environment) startAgain(ctx context.Context, service string) error {
	scope := stack.Scope{Project: e.project.Compose, Services: []string{service}, Report: e.report}
	return e.stack.Restart(ctx, e.project.Compose.Name, scope)
}

// styles say how the service of each known container takes in new code.
func (a *agents) styles(services map[string]string) map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	styles := map[string]string{}
	for id, link := range a.links {
		status := link.now()
		if service, known := services[id]; known && status.Mode != "" {
			styles[service] = status.Mode
			if status.State == agent.Waiting {
				styles[service] = "waits for a good version"
			} else if status.Why != "" {
				styles[service] += " (" + status.Why + ")"
			}
		}
	}
	return styles
}

func (a *agents) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, link := range a.links {
		_ = link.Close() // the container goes on without us
	}
}
