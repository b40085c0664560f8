package stack

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/fault"
)

func (r *rig) wait(p *types.Project, opt WaitOptions) error {
	opt.Report = r.events.record
	return r.stack.WaitHealthy(r.Context(), r.eng, p, opt)
}

// told renders a failure as the user reads it.
func told(err error) string {
	var all []string
	for _, one := range fault.All(err) {
		var known *fault.Error
		if !errors.As(one, &known) {
			all = append(all, "! "+one.Error())
			continue
		}
		all = append(all, known.Message)
		for _, line := range known.Detail {
			all = append(all, "| "+line)
		}
		if known.Hint != "" {
			all = append(all, "hint: "+known.Hint)
		}
	}
	return strings.Join(all, "\n")
}

func (r *rig) tells(err error, want ...string) {
	r.Helper()
	if err == nil {
		r.Fatal("it did not fail")
	}
	if got := told(err); got != strings.Join(want, "\n") {
		r.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// What is healthy, what runs without a healthcheck and a job that ended with 0 are up.
func TestWaitHealthy(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	db := sleeper("db")
	db.HealthCheck = healthcheck("true", 3)
	p := r.project(db, sleeper("api"), sh("job", "sleep 0.3"))
	r.up(p)
	r.must(r.wait(p, WaitOptions{Timeout: time.Minute, Settle: 3 * time.Second}))
	for _, line := range []string{"db-1: Healthy", "api-1: Running", "job-1: Completed"} {
		if !r.events.contains("Container " + p.Name + "-" + line) {
			t.Errorf("%s was not reported: %v", line, r.events.lines)
		}
	}
}

func TestWaitFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		service types.ServiceConfig
		timeout time.Duration
		want    []string
	}{
		"exit": {
			service: sh("api", "echo no module named app >&2; exit 3"),
			want: []string{
				"api exited with code 3 right after its start",
				"| no module named app",
				"hint: `devenv logs api` shows all that it wrote",
			},
		},
		"exit while it settles": {
			service: sh("api", "sleep 0.3; printf 'no line end'; exit 1"),
			want: []string{
				"api exited with code 1 right after its start",
				"| no line end",
				"hint: `devenv logs api` shows all that it wrote",
			},
		},
		"restart loop": {
			service: restarting(sh("api", "test -e /tmp/told || echo no database; touch /tmp/told; exit 1")),
			want: []string{
				"api is restarted again and again: it exits with code 1",
				"| no database",
				"hint: `devenv logs api` shows all that it wrote",
			},
		},
		"unhealthy": {
			service: checked(sleeper("api"), "echo connection refused; exit 7", 2),
			want: []string{
				"api is unhealthy: its healthcheck failed 2 times, the last with exit code 7",
				"| connection refused",
				"hint: `devenv logs api` shows what it wrote",
			},
		},
		"never healthy": {
			service: checked(sleeper("api"), "echo not yet; exit 1", 1000),
			timeout: 3 * time.Second,
			want: []string{
				"api is not healthy after 3s: its healthcheck last gave exit code 1",
				"| not yet",
				"hint: `devenv logs api` shows what it wrote; a slow start wants a longer start_period",
			},
		},
		"out of memory": {
			service: limited(sh("api", "tail /dev/zero"), 8<<20),
			want: []string{
				"api was killed: out of memory",
				"hint: raise mem_limit (deploy.resources.limits.memory) of api, or the engine's memory",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			p := r.project(c.service)
			r.up(p)
			if c.timeout == 0 {
				c.timeout = time.Minute
			}
			err := r.wait(p, WaitOptions{Timeout: c.timeout, Settle: time.Second})
			r.tells(err, c.want...)
			if status := fault.ExitStatus(fault.All(err)[0]); status != int(fault.Unhealthy) {
				t.Errorf("exit status %d", status)
			}
		})
	}
}

func restarting(s types.ServiceConfig) types.ServiceConfig {
	s.Restart = types.RestartPolicyAlways
	return s
}

func checked(s types.ServiceConfig, script string, retries uint64) types.ServiceConfig {
	s.HealthCheck = healthcheck(script, retries)
	return s
}

func limited(s types.ServiceConfig, memory int64) types.ServiceConfig {
	s.MemLimit = types.UnitBytes(memory)
	s.MemSwapLimit = types.UnitBytes(memory)
	return s
}

// A cancelled wait ends at once and says nothing else.
func TestWaitCancelled(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.project(checked(sleeper("api"), "exit 1", 1000))
	r.up(p)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	err := r.stack.WaitHealthy(ctx, r.eng, p, WaitOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A dependency that fails is what the failure is about.
func TestDependencyFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		db        types.ServiceConfig
		condition string
		timeout   time.Duration
		want      []string
	}{
		"exits": {
			db: checked(sh("db", "echo bad password; exit 1"), "true", 1), condition: types.ServiceConditionHealthy,
			want: []string{
				"db exited with code 1 right after its start",
				"| bad password",
				"hint: `devenv logs db` shows all that it wrote",
			},
		},
		"has no healthcheck": {
			db: sleeper("db"), condition: types.ServiceConditionHealthy,
			want: []string{
				"db: has no healthcheck, and another service waits for its health",
				"hint: add a healthcheck to db, or wait with condition: service_started",
			},
		},
		"does not complete": {
			db: sh("db", "echo cannot migrate; exit 2"), condition: types.ServiceConditionCompletedSuccessfully,
			want: []string{
				"db did not complete: it exited with code 2",
				"| cannot migrate",
				"hint: `devenv logs db` shows all that it wrote",
			},
		},
		"never ends": {
			db: sleeper("db"), condition: types.ServiceConditionCompletedSuccessfully, timeout: 4 * time.Second,
			want: []string{
				"db still runs after 4s, and another service waits for its end",
				"hint: `devenv logs db` shows what it does",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			api := sleeper("api")
			api.DependsOn = dependsOn(c.condition, "db")
			err := r.converge(r.project(c.db, api), ConvergeOptions{WaitTimeout: c.timeout})
			r.tells(err, c.want...)
		})
	}
}
