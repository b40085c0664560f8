package devenv

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"devenv/devenv/fault"
	"devenv/devenv/project"
	"devenv/devenv/reload"
	"devenv/devenv/reload/agent"
	"devenv/devenv/term"
)

// What an action failed for names the service and what was tried; what has words of its own keeps them.
func TestUnworded(t *testing.T) {
	t.Parallel()
	sync := reload.Action{Verb: reload.Provision, Service: "api"}
	for _, c := range []struct {
		action reload.Action
		err    error
		want   string
	}{
		{sync, agent.ErrLost, "error: api: uv sync: the agent's connection ended\nhint: it is tried again at the next change, and by `devenv up -d`\n"},
		{sync, errors.Join(nil, fault.New(fault.Failed, "src/app.py:3: SyntaxError")), "error: src/app.py:3: SyntaxError\n"},
		{reload.Action{Verb: reload.Converge}, errors.New("no engine"), "error: no engine\n"},
	} {
		var said bytes.Buffer
		term.New(&said, &said, term.Color{}, false).Fail(unworded(c.action, c.err))
		if said.String() != c.want {
			t.Errorf("got %q, want %q", said.String(), c.want)
		}
	}
}

// What takes long is said when it has begun, once and before its outcome; what is short is not. Packages that somebody has
// changed are no file.
func TestAnnounce(t *testing.T) {
	t.Parallel()
	lock := reload.Cause{Path: "/shop/uv.lock", Rule: "dependencies of api"}
	for _, c := range []struct {
		action reload.Action
		takes  time.Duration
		want   string
	}{
		{reload.Action{Verb: reload.Provision, Service: "api", Causes: []reload.Cause{lock}}, 31 * time.Second, "api  syncing packages...  /shop/uv.lock\n"},
		{reload.Action{Verb: reload.Provision, Service: "api", Causes: []reload.Cause{lock}}, time.Second, ""},
		{reload.Action{Verb: reload.Provision, Service: "api", Causes: []reload.Cause{{Path: "/shop", Rule: "packages of web were changed"}}}, 3 * time.Second,
			"api  syncing packages...  packages of web were changed\n"},
		{reload.Action{Verb: reload.Converge, Causes: []reload.Cause{{Path: "/shop/compose.yml"}}}, 42 * time.Second, "bringing up to date...  /shop/compose.yml\n"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var said bytes.Buffer
			s := &session{now: &Environment{settings: Settings{Term: term.New(&said, &said, term.Color{}, false)}, project: &project.Project{}}}
			s.view.Services = []reload.Service{{Name: "api", Dependencies: []string{lock.Path}}}
			end := s.announce(c.action)
			time.Sleep(c.takes)
			end()
			if said.String() != c.want {
				t.Errorf("got %q, want %q", said.String(), c.want)
			}
		})
	}
}
