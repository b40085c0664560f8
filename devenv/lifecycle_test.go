package devenv

import (
	"errors"
	"testing"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
)

// What has no container cannot be restarted, and that is said; a container that has ended can.
func TestRestartable(t *testing.T) {
	t.Parallel()
	ended := []engine.Container{{Service: "web", State: engine.Exited}, {Service: "db", State: engine.Running, Oneoff: true}}
	for _, c := range []struct {
		services   []string
		containers []engine.Container
		want, hint string
	}{
		{nil, ended, "", ""},
		{[]string{"web"}, ended, "", ""},
		{nil, ended[1:], "nothing to restart: no service has a container", "`devenv up -d` starts them"},
		{[]string{"web", "db", "api"}, ended, "db, api: no container to restart", "`devenv up -d db api` makes and starts it"},
	} {
		err := restartable(c.services, c.containers)
		var known *fault.Error
		if c.want == "" && err == nil || errors.As(err, &known) && known.Error() == c.want && known.Hint == c.hint && fault.ExitStatus(err) == 1 {
			continue
		}
		t.Errorf("%v: %v", c.services, err)
	}
}
