package devenv

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"devenv/devenv/fault"
	"devenv/devenv/live"
	"devenv/devenv/reload"
	"devenv/devenv/reload/agent"
	"devenv/devenv/term"
)

// report prints an outcome: one line for what was done, the error for what failed, and with --verbose its parts and
// what was left alone and why.
func (s *session) report(outcome live.Outcome) {
	t, action := s.env().settings.Term, outcome.Action
	var unneeded live.Unneeded
	switch {
	case action.Verb == reload.Nothing:
		t.Detail("%s: nothing to do: %s", s.causes(action), action.Causes[0].Rule)
	case errors.As(outcome.Err, &unneeded):
		t.Say("%s  %s  %s", action.Service, unneeded, s.causes(action))
	case errors.Is(outcome.Err, context.Canceled) && s.debuggers.ctx.Err() != nil: // the session's own end
		t.Detail("%s: interrupted", s.causes(action))
	case errors.As(outcome.Err, new(*standing)):
		t.Say("%s", outcome.Err)
	case outcome.Err != nil:
		t.Fail(unworded(action, outcome.Err))
	case action.Verb == reload.Adopt:
		t.Detail("%q has changed the containers: the project is loaded again", action.Causes[0].Rule)
	default:
		t.Say("%s", strings.TrimSpace(fmt.Sprintf("%s  %s in %s  %s", action.Service, done(action.Verb), term.Duration(outcome.Took), s.causes(action))))
		t.Detail("%s  event %d, decision %d, %s", action.Service, outcome.Event.Milliseconds(), outcome.Queue.Milliseconds(), outcome.Note)
	}
}

// unworded adds to an error that came as it is from the engine or an agent what it happened to.
func unworded(action reload.Action, err error) error {
	if errors.As(err, new(*fault.Error)) || action.Service == "" {
		return err
	}
	return fault.New(fault.Failed, "%s: %s: %w", action.Service, action.Verb, err).
		WithHint("it is tried again at the next change, and by `devenv up -d`")
}

func done(verb reload.Verb) string {
	switch verb {
	case reload.Reload:
		return "reloaded"
	case reload.Restart:
		return "restarted"
	case reload.Sync:
		return "synced"
	case reload.Provision:
		return "packages synced, reloaded"
	case reload.Exec:
		return "ran its command"
	case reload.Converge, reload.Rebuild, reload.Recreate, reload.Adopt, reload.Nothing:
	}
	return "brought up to date"
}

// announceAfter is how long an action may take before it is said that it has begun.
const announceAfter = 2 * time.Second

// announce says once that an action has begun, if it takes long, and for which files; the function that it returns ends that.
func (s *session) announce(action reload.Action) (end func()) {
	said := make(chan struct{})
	timer := time.AfterFunc(announceAfter, func() {
		defer close(said)
		s.env().settings.Term.Say("%s", announced(action, s.causes(action)))
	})
	return func() {
		if !timer.Stop() {
			<-said // the outcome comes after it
		}
	}
}

func announced(action reload.Action, causes string) string {
	return strings.TrimSpace(fmt.Sprintf("%s  %s...  %s", action.Service, doing(action.Verb), causes))
}

func doing(verb reload.Verb) string {
	switch verb {
	case reload.Reload:
		return "reloading"
	case reload.Restart:
		return "restarting"
	case reload.Sync:
		return "syncing files"
	case reload.Provision:
		return "syncing packages"
	case reload.Exec:
		return "running its command"
	case reload.Rebuild:
		return "building the image"
	case reload.Recreate:
		return "replacing the container"
	case reload.Converge, reload.Adopt, reload.Nothing:
	}
	return "bringing up to date"
}

// causes are the files of an action as a developer types them, the first three by name.
func (s *session) causes(action reload.Action) string {
	var names []string
	for _, cause := range action.Causes {
		name := s.env().project.Rel(cause.Path)
		if action.Verb == reload.Provision && !slices.Contains(s.seen(action.Service).Dependencies, cause.Path) {
			name = cause.Rule // not a file has changed, but the packages
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if more := len(names) - 3; more > 0 {
		names = append(names[:3], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// parts are the times of a reload, from the request to the first accept.
func parts(done *agent.Reloaded) string {
	var all []string
	for _, part := range []string{"fork", "import", "bind", "accept"} {
		all = append(all, fmt.Sprintf("%s %.0f", part, done.Milliseconds[part]))
	}
	return strings.Join(all, ", ") + " ms"
}

// firstFailed tells that a container started with code that does not load.
func (s *session) firstFailed(service string, failed *agent.Failure) {
	s.env().settings.Term.Fail(s.failure(service, failed))
}

// failure words what an agent said: the place in the new code, and that the old code still answers.
func (s *session) failure(service string, err error) error {
	if errors.Is(err, agent.Absent{}) {
		return live.Unneeded("no Python server or worker runs in it; one that starts has the new code")
	}
	var failed *agent.Failure
	if !errors.As(err, &failed) {
		return err
	}
	said := fault.New(fault.Failed, "%s: %s", service, failed.Message)
	if failed.File != "" {
		said = fault.New(fault.Failed, "%s:%d: %s", s.onHost(service, failed.File), failed.Line, failed.Message)
	}
	if failed.Serving {
		return said.WithHint("the last good version goes on serving; the next good save replaces it")
	}
	return said.WithHint("no version of it runs now; the next good save starts it")
}

// onHost is a container path as the developer knows the file.
func (s *session) onHost(service, path string) string {
	if host, mapped := s.seen(service).Mapping.ToHost(path); mapped {
		return s.env().project.Rel(host)
	}
	return path
}
