package stack

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/engine"
)

// with is the rig with another Stack, whose commands read in and write to out and errs.
func (r *rig) with(in string) (stack *Stack, out, errs *bytes.Buffer) {
	r.Helper()
	out, errs = &bytes.Buffer{}, &bytes.Buffer{}
	stack, err := Open(r.Context(), os.Environ(), Streams{In: strings.NewReader(in), Out: out, Err: errs})
	r.must(err)
	r.Cleanup(func() { _ = stack.Close() })
	return stack, out, errs
}

func cmd(service string, args ...string) CommandOptions {
	return CommandOptions{Service: service, Command: args}
}

// Exec gives the command's own status, forwards piped input and keeps stdout and stderr apart.
func TestExec(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.project(sleeper("api"))
	r.up(p)
	stack, out, errs := r.with("hello\n")
	opt := ExecOptions{CommandOptions: cmd("api", "sh", "-c", `cat; echo "$WHO $PWD $(id -u)" >&2; exit 7`)}
	opt.Env, opt.User, opt.WorkingDir = []string{"WHO=me"}, "1000", "/tmp"
	status, err := stack.Exec(t.Context(), r.eng, p.Name, opt)
	r.must(err)
	if status != 7 || out.String() != "hello\n" || errs.String() != "me /tmp 1000\n" {
		t.Errorf("got %d %q %q", status, out, errs)
	}
}

func TestExecRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.project(sleeper("api"))
	_, err := r.stack.Exec(t.Context(), r.eng, p.Name, ExecOptions{CommandOptions: cmd("api", "true")})
	r.tells(err, "api: not running",
		"hint: `devenv up api` starts it, `devenv run api` runs a command in a container of its own")
	r.up(p)
	_, err = r.stack.Exec(t.Context(), r.eng, p.Name, ExecOptions{CommandOptions: cmd("api", "true"), Number: 2})
	r.tells(err, "api: container 2: not running",
		"hint: `devenv up api` starts it, `devenv run api` runs a command in a container of its own")
	status, err := r.stack.Exec(t.Context(), r.eng, p.Name, ExecOptions{CommandOptions: cmd("api", "no-such-command")})
	if status != 127 && status != 126 {
		t.Errorf("no-such-command: status %d, %v", status, err)
	}
}

// An interrupted Exec leaves no process behind, where docker exec would.
func TestExecInterrupted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.project(sleeper("api"))
	r.up(p)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	stack, _, _ := r.with("")
	_, err := stack.Exec(ctx, r.eng, p.Name, ExecOptions{CommandOptions: cmd("api", "sh", "-c", "sleep 4321; true")})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	left, out, _ := r.with("")
	_, err = left.Exec(t.Context(), r.eng, p.Name, ExecOptions{CommandOptions: cmd("api", "ps")})
	r.must(err)
	if strings.Contains(out.String(), "4321") {
		t.Errorf("the command still runs:\n%s", out)
	}
}

// Run starts what the service depends on, waits for it, runs the command in a container of its own and removes it.
func TestRun(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	api := sh("api", "exit 1")
	api.DependsOn = dependsOn(types.ServiceConditionHealthy, "db")
	api.Environment = types.NewMappingWithEquals([]string{"WHO=service"})
	p := r.project(checked(sleeper("db"), "test -e /tmp/ready || { touch /tmp/ready; exit 1; }", 5), api)
	stack, out, errs := r.with("hello\n")
	opt := RunOptions{CommandOptions: cmd("api", "sh", "-c", `cat; echo "$WHO $EXTRA"; exit 5`), Remove: true}
	opt.Env = []string{"EXTRA=more"}
	status, err := stack.Run(t.Context(), r.eng, p, opt)
	r.must(err)
	if status != 5 || out.String() != "hello\nservice more\n" || errs.Len() != 0 {
		t.Errorf("got %d %q %q", status, out, errs)
	}
	equal(t, r.states(p), []string{"db running"})
}

func TestRunEntrypoint(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	api := publishing("api", freePort(t))
	api.DependsOn = dependsOn(types.ServiceConditionStarted, "db")
	p := r.project(sleeper("db"), api)
	r.up(p) // the service's own port is held: a one-off container does not publish it
	stack, out, _ := r.with("")
	opt := RunOptions{CommandOptions: cmd("api", "one"), Entrypoint: []string{"echo", "zero"}, NoDeps: true}
	status, err := stack.Run(t.Context(), r.eng, p, opt)
	r.must(err)
	if status != 0 || out.String() != "zero one\n" {
		t.Errorf("got %d %q", status, out)
	}
	all, err := r.eng.Containers(t.Context(), p.Name)
	r.must(err)
	if !slices.ContainsFunc(all, func(c engine.Container) bool { return c.Oneoff && c.State == engine.Exited }) {
		t.Errorf("without Remove it stays: %+v", all)
	}
}

func TestRunRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.project(sleeper("api"))
	_, err := r.stack.Run(t.Context(), r.eng, p, RunOptions{CommandOptions: cmd("api", "no-such-command")})
	equal(t, r.states(p), nil) // what could not be started does not stay
	r.tells(err, `api: command "no-such-command" is not in the image`,
		"hint: check command: and entrypoint: of api; a mount may also hide it")
	_, err = r.stack.Run(t.Context(), r.eng, p, RunOptions{CommandOptions: cmd("nobody", "true")})
	r.tells(err, "no such service: nobody")
}

func TestLogs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.project(sh("api", "echo one; echo two >&2; printf three"), sh("db", "echo ready"))
	r.up(p)
	r.must(r.wait(p, WaitOptions{Settle: time.Minute})) // until both have ended
	var lines []string
	add := func(l LogLine) { lines = append(lines, render(l)) }
	r.must(Logs(t.Context(), r.eng, p.Name, LogOptions{Line: add}))
	// stdout and stderr are two pipes: their order is the engine's
	for _, want := range []string{"api one", "api! two", "api three", "db ready"} {
		if !strings.Contains(strings.Join(lines, "\n")+"\n", want+"\n") {
			t.Errorf("%q is missing in %q", want, lines)
		}
	}
	lines = nil
	opt := LogOptions{Line: add, Services: []string{"db"}}
	opt.Tail = "1"
	r.must(Logs(t.Context(), r.eng, p.Name, opt))
	equal(t, lines, []string{"db ready"})
}

func render(l LogLine) string {
	switch {
	case l.Note:
		return l.Service + ": " + l.Text
	case l.Stderr:
		return l.Service + "! " + l.Text
	}
	return l.Service + " " + l.Text
}

// A followed log goes on through a restart and a new container, repeats nothing, and ends when nothing runs.
func TestLogsFollow(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	script := "trap 'echo down; exit 0' TERM; echo up; sleep 1000 & wait"
	p := r.project(sh("api", script))
	r.up(p)
	lines := make(chan string, 100)
	ended := make(chan error, 1)
	opt := LogOptions{Line: func(l LogLine) { lines <- render(l) }}
	opt.Follow = true
	go func() { ended <- Logs(t.Context(), r.eng, p.Name, opt) }()
	next := func(want string) {
		t.Helper()
		select {
		case got := <-lines:
			if got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%q did not come", want)
		}
	}
	next("api up")
	r.must(r.stack.Restart(t.Context(), p.Name, Scope{}))
	next("api down")
	next("api: exited with code 0")
	next("api up")
	changed := p.Services["api"]
	changed.Environment = types.NewMappingWithEquals([]string{"CHANGED=1"})
	p.Services["api"] = changed
	r.up(p)
	next("api down")
	next("api: exited with code 0")
	next("api up")
	r.must(r.stack.Stop(t.Context(), p.Name, Scope{}))
	next("api down")
	next("api: exited with code 0")
	r.must(<-ended)
}
