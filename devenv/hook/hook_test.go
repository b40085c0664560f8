package hook_test

import (
	"strings"
	"testing"

	"devenv/devenv/hook"
)

// Which hooks are due: as decisions, by what `up` has to do with the containers and what has run before.
func TestDecide(t *testing.T) {
	t.Parallel()
	migrate := hook.Hook{Phase: hook.BeforeUp, Service: "api", Name: "migrate", Run: hook.Run{"migrate"}}
	certs := hook.Hook{Phase: hook.BeforeUp, Run: hook.Run{"make", "certs"}}
	both := []string{migrate.Key(), certs.Key()}
	for _, test := range []struct {
		name    string
		changes map[string]string
		done    []string
		want    string
	}{
		{"nothing changes", nil, both, "migrate: no, api runs unchanged; make certs: no, every service runs unchanged"},
		{"its service changes", map[string]string{"api": "has a new image"}, both, "migrate: yes, api has a new image; make certs: yes, api has a new image"},
		{"another service changes", map[string]string{"db": "does not run"}, both, "migrate: no, api runs unchanged; make certs: yes, db does not run"},
		{"one has failed before", nil, both[1:], "migrate: yes, it has not run to its end yet; make certs: no, every service runs unchanged"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			view := hook.View{Services: []string{"api", "db"}, Changes: test.changes, Done: test.done}
			for _, d := range hook.Decide([]hook.Hook{migrate, certs}, view) {
				due := map[bool]string{true: "yes", false: "no"}[d.Due]
				got = append(got, d.Label()+": "+due+", "+d.Cause)
			}
			if text := strings.Join(got, "; "); text != test.want {
				t.Errorf("got  %s\nwant %s", text, test.want)
			}
		})
	}
}

// What messages call a hook without a name is the beginning of its command.
func TestLabel(t *testing.T) {
	t.Parallel()
	for want, run := range map[string]hook.Run{
		"npm run build":                    {"npm", "run", "build"},
		"cd web && npm ci":                 {"sh", "-c", "cd web && npm ci"},
		"one ...":                          {"sh", "-c", "one\ntwo"},
		"python manage.py migrate --no...": {"python", "manage.py", "migrate", "--noinput", "--verbosity", "0"},
	} {
		if got := (hook.Hook{Run: run}).Label(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
