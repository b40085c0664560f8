package devenv

import (
	"bytes"
	"errors"
	"testing"

	"devenv/devenv/fault"
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
