//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-dap"

	"devenv/devenv/debug/daptest"
)

// goOverride keeps the ports apart from those of others, and a container beside the one that goes: the session ends with the
// last.
const goOverride = `services:
  api:
    ports: !override ["8000"]
  other:
    image: busybox:1.36
    command: [sleep, "1000"]
    init: true
`

// firstBuild is how long the standard library takes on a busy machine.
const firstBuild = 5 * time.Minute

// goSaves is how often a save moves the breakpoint.
const goSaves = 20

// stopLine is the statement at which hello has its text.
const stopLine = "\tfmt.Fprintln(w, text)\n"

// newGoCheckout is examples/gosvc, whose Delve is the one that devenv is built from.
func newGoCheckout(t *testing.T) *checkout {
	t.Helper()
	c := newCheckout(t, "gosvc", goOverride)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(c.devenv("logs"))
		}
	})
	version := c.tool(nil, "go", "list", "-m", "-f", "{{.Version}}", "github.com/go-delve/delve")
	if !strings.Contains(c.read("Dockerfile"), "delve/cmd/dlv@"+version+"\n") {
		t.Errorf("examples/gosvc/Dockerfile has another Delve than %s of go.mod", version)
	}
	return c
}

func (c *checkout) read(name string) string {
	c.Helper()
	text, err := os.ReadFile(filepath.Join(c.folder, name))
	if err != nil {
		c.Fatal(err)
	}
	return string(text)
}

func (c *checkout) tool(env []string, name string, args ...string) string {
	c.Helper()
	cmd := exec.CommandContext(c.Context(), name, args...)
	var stderr bytes.Buffer
	cmd.Env, cmd.Stderr = append(os.Environ(), env...), &stderr
	output, err := cmd.Output()
	if err != nil {
		c.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(output))
}

// goVersion is the example with a greeting of its own, and so many lines of comment above it, and the line to stop at.
func (c *checkout) goVersion(version int) (text string, stop int) {
	c.Helper()
	original, err := os.ReadFile("../../examples/gosvc/main.go")
	if err != nil {
		c.Fatal(err)
	}
	text = strings.Replace(string(original), `"Hello"`, fmt.Sprintf(`"Hello %d"`, version), 1)
	text = strings.Replace(text, "\nfunc hello", strings.Repeat("\n// a line", version)+"\nfunc hello", 1)
	before, _, _ := strings.Cut(text, stopLine)
	return text, strings.Count(before, "\n") + 1
}

// save writes a version, and returns the breakpoint in it as an editor sets it that sees the edit.
func (c *checkout) save(version int) daptest.Breakpoints {
	c.Helper()
	text, stop := c.goVersion(version)
	c.write("main.go", text)
	return daptest.Lines(filepath.Join(c.folder, "main.go"), stop)
}

// greets is what a version says to ann.
func greets(version int) string { return fmt.Sprintf("Hello %d, ann!", version) }

// requests asks a service again and again until ctx ends, as its container comes and goes; the last answer is in the
// channel. A request may stand at a breakpoint.
func (c *checkout) requests(ctx context.Context, service string) <-chan string {
	answers := make(chan string, 1)
	go func() {
		defer close(answers)
		for ctx.Err() == nil {
			url, err := published(c.project, service, "8000")
			body := ""
			if err == nil {
				body, err = get(url + "/hello/ann")
			}
			if err != nil {
				<-time.After(50 * time.Millisecond) // it is being built
				continue
			}
			select {
			case <-answers:
			default:
			}
			answers <- body
		}
	}()
	return answers
}

// answered waits until a service answers with a version.
func (c *checkout) answered(service string, version int) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), firstBuild)
	defer cancel()
	last := ""
	for body := range c.requests(ctx, service) {
		if last = strings.TrimSpace(body); last == greets(version) {
			return
		}
	}
	c.Fatalf("%s: version %d does not answer, last seen: %q", service, version, last)
}

// hitGo waits until a request stands in the handler of a version, and lets it go.
func (c *checkout) hitGo(editor *daptest.Client, version int) {
	c.Helper()
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	answers := c.requests(ctx, "api")
	for deadline := time.Now().Add(2 * within); !editor.Heard("stopped"); <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.Fatalf("no request stands in version %d", version)
		}
	}
	stop := editor.Stopped()
	cancel() // it was the last request
	seen, at := editor.Evaluate(stop.Top().Id, "text"), stop.Top()
	_, line := c.goVersion(version)
	if seen != strconv.Quote(greets(version)) || at.Line != line || at.Source.Path != filepath.Join(c.folder, "main.go") {
		c.Errorf("stops with %s at %s:%d, want version %d at line %d", seen, at.Source.Path, at.Line, version, line)
	}
	status, place := c.devenv("debug", "status"), fmt.Sprintf("/src/main.go:%d", line)
	if !strings.Contains(status, "halted main.hello at "+place) || strings.Count(status, place) != 2 {
		c.Errorf("status does not have the program and its breakpoint at %s\n%s", place, status)
	}
	editor.Resume(stop.ThreadId)
	for range answers { // until the last request has its answer
	}
}

// restarted waits until the container has been started again since some moment.
func (c *checkout) restarted(cause func()) {
	c.Helper()
	started := func() string {
		at, err := docker("inspect", "-f", "{{.State.StartedAt}}", c.project+"-api-1")
		if err != nil {
			c.Fatal(err)
		}
		return at
	}
	before := started()
	cause()
	for deadline := time.Now().Add(within); started() == before; <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.Fatalf("the container was not restarted")
		}
	}
}

// eventually waits until docker says a text.
func (c *checkout) eventually(text string, args ...string) {
	c.Helper()
	for deadline := time.Now().Add(within); ; <-time.After(50 * time.Millisecond) {
		said, err := docker(args...)
		if err == nil && strings.Contains(said, text) {
			return
		}
		if time.Now().After(deadline) {
			c.Fatalf("docker %s: %v, %q; want %q", strings.Join(args, " "), err, said, text)
		}
	}
}

// logged waits until the background session has said a text.
func (c *checkout) logged(text string) {
	c.Helper()
	for deadline := time.Now().Add(within); ; <-time.After(20 * time.Millisecond) {
		log, err := os.ReadFile(filepath.Join(c.folder, ".devenv/state/live.log"))
		if strings.Contains(string(log), text) {
			return
		}
		if time.Now().After(deadline) {
			c.Fatalf("the session does not say %q, %v\n%s", text, err, log)
		}
	}
}

// abandoned has an editor die while a request stands at its breakpoint: it is answered, and so is every other.
func (c *checkout) abandoned(editor *daptest.Client) {
	c.Helper()
	ctx, cancel := context.WithCancel(c.Context())
	answers := c.requests(ctx, "api")
	editor.Stopped()
	cancel()
	editor.Close()
	if body := strings.TrimSpace(<-answers); body != greets(goSaves) {
		c.Errorf("the request at the breakpoint is answered %q", body)
	}
	c.answered("api", goSaves)
}

// An editor attaches once to examples/gosvc, with the configuration that devenv wrote for it, and its breakpoint is hit in
// the code of each save, which is built in the container; after the container was killed; in another container. Delve's own
// terminal comes and goes, and leaves the program running. Delve is not published, and no other container reaches it.
func TestDelve(t *testing.T) {
	t.Parallel()
	c := newGoCheckout(t)
	breakpoint := c.save(0)
	c.devenv("up", "-d")
	c.answered("api", 0)
	if ports, err := docker("port", c.project+"-api-1"); err != nil || strings.Contains(ports, "2345") {
		t.Errorf("Delve's port is published: %s, %v", ports, err)
	}
	c.devenv("debug", "vscode")
	attach := c.configuration("api")
	if attach["type"] != "go" || attach["request"] != "attach" || attach["mode"] != "remote" {
		t.Errorf("launch.json has %v", attach)
	}
	editor := daptest.Connect(t, fmt.Sprintf("%v:%v", attach["host"], attach["port"]))
	editor.Attach(attach, breakpoint)
	c.hitGo(editor, 0)
	c.says("running", "debug", "status")
	c.features(editor, breakpoint)
	c.secondClient()
	c.unreachable(fmt.Sprintf("%v:%v", attach["host"], attach["port"]))
	for version := 1; version <= goSaves; version++ {
		began := time.Now()
		c.restarted(func() { breakpoint = c.save(version) })
		editor.Set(breakpoint)
		c.hitGo(editor, version)
		t.Logf("save to breakpoint %v", time.Since(began))
	}
	c.brokenGo(editor, goSaves)
	if _, err := docker("kill", c.project+"-api-1"); err != nil {
		t.Fatal(err)
	}
	c.devenv("up", "-d")
	c.hitGo(editor, goSaves)
	if _, err := docker("rm", "-f", c.project+"-api-1"); err != nil {
		t.Fatal(err)
	}
	c.devenv("up", "-d")
	c.hitGo(editor, goSaves)
	c.abandoned(editor)
	c.terminal()
	c.unrelayed()
	c.devenv("mode", "prod")
	c.answered("api", goSaves)
}

// twins is the example twice. Each has a cache of its own: two containers that fill one new volume at the same time are more
// than the engine can do.
const twins = `services:
  api: {ports: !override ["8000"]}
  twin:
    extends: {file: docker-compose.yml, service: api}
    ports: !override ["8000"]
    volumes: !override ["./:/src", "twin-cache:/root/.cache/go-build"]
volumes: {twin-cache: {}}
`

// Two Go services are debugged at the same time, each at its own port: a request stands in both, and each goes on by itself.
func TestDelveTwins(t *testing.T) {
	t.Parallel()
	c := newCheckout(t, "gosvc", twins)
	breakpoint := c.save(0)
	c.devenv("up", "-d")
	c.devenv("debug", "vscode")
	names := []string{"api", "twin"}
	editors, answers, stops := map[string]*daptest.Client{}, map[string]<-chan answer{}, map[string]daptest.Stop{}
	for _, name := range names {
		attach := c.configuration(name)
		editors[name] = daptest.Connect(t, fmt.Sprintf("%v:%v", attach["host"], attach["port"]))
		c.answered(name, 0)
		editors[name].Attach(attach, breakpoint)
		answers[name] = c.request(name, "/hello/"+name)
	}
	for _, name := range names {
		stops[name] = editors[name].Stopped()
		if seen := editors[name].Evaluate(stops[name].Top().Id, "name"); seen != strconv.Quote(name) {
			t.Errorf("%s stands in the request of %s", name, seen)
		}
	}
	for _, name := range names {
		editors[name].Resume(stops[name].ThreadId)
		if got := <-answers[name]; got.err != nil || strings.TrimSpace(got.body) != "Hello 0, "+name+"!" {
			t.Errorf("%s answers %q, %v", name, got.body, got.err)
		}
	}
}

// unrelayed waits until no process of a relay is in the container, once the editor and the terminal have left.
func (c *checkout) unrelayed() {
	c.Helper()
	for deadline := time.Now().Add(within); ; <-time.After(50 * time.Millisecond) {
		processes, err := docker("top", c.project+"-api-1", "-eo", "pid,args")
		if err == nil && strings.Contains(processes, "dlv") && !strings.Contains(processes, "cat") {
			return
		}
		if time.Now().After(deadline) {
			c.Fatalf("the container has %s, %v", processes, err)
		}
	}
}

// features are what an editor offers beside plain breakpoints. The breakpoint is left as it was.
func (c *checkout) features(editor *daptest.Client, breakpoint daptest.Breakpoints) {
	c.Helper()
	line := breakpoint.At[0].Line
	editor.Set(daptest.Breakpoints{Path: breakpoint.Path, At: []dap.SourceBreakpoint{
		{Line: line - 1, LogMessage: "greets {name}"},
		{Line: line, Condition: `name == "bob"`},
	}})
	if got := <-c.ask("/hello/ann"); got.err != nil || strings.TrimSpace(got.body) != greets(0) {
		c.Errorf("where the condition does not hold: %q, %v", got.body, got.err)
	}
	for said := ""; !strings.Contains(said, `greets "ann"`); {
		said = daptest.Event[dap.OutputEventBody](editor, "output").Output
	}
	bob := c.ask("/hello/bob")
	stop := editor.Stopped()
	if known := editor.Evaluate(stop.Top().Id, "len(name) == 3"); known != "true" {
		c.Errorf("an expression is %s", known)
	}
	daptest.Request[struct{}](editor, "next", dap.NextArguments{ThreadId: stop.ThreadId})
	if stepped := editor.Stopped(); stepped.Reason != "step" || stepped.Top().Line != line+1 {
		c.Errorf("a step from line %d: %s at %d", line, stepped.Reason, stepped.Top().Line)
	}
	editor.Set(breakpoint)
	editor.Resume(stop.ThreadId)
	if got := <-bob; got.err != nil || strings.TrimSpace(got.body) != "Hello 0, bob!" {
		c.Errorf("after a step: %q, %v", got.body, got.err)
	}
}

// secondClient fails if Delve's terminal opens beside an editor.
func (c *checkout) secondClient() {
	c.Helper()
	cmd := exec.CommandContext(c.Context(), c.program, "debug", "attach", "api")
	cmd.Dir, cmd.Env = c.folder, c.env()
	if said, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(said), "api is being debugged by vscode") {
		c.Errorf("a terminal beside an editor: %s, %v", said, err)
	}
}

// brokenGo saves what does not compile: that is told with its place, while the version before goes on, with its debugger. Then it
// starts with such code, which leaves nothing to debug: the editor waits. Both are mended by a save.
func (c *checkout) brokenGo(editor *daptest.Client, version int) {
	c.Helper()
	c.write("main.go", "package main\n\nfunc")
	c.logged("main.go:3:")
	c.hitGo(editor, version)
	if log := c.read(".devenv/state/live.log"); strings.Count(log, "main.go:3:") != 1 {
		c.Errorf("it is not told once\n%s", log)
	}
	c.write("main.go", "package main\n\n\nfunc")
	c.logged("main.go:4:")
	if _, err := docker("restart", "-t", "1", c.project+"-api-1"); err != nil {
		c.Fatal(err)
	}
	c.eventually("exited", "inspect", "-f", "{{.State.Status}}", c.project+"-api-1")
	c.logged("its process ended with exit code 1")
	c.save(version)
	c.hitGo(editor, version)
}

// terminal drives Delve's terminal by its standard input.
func (c *checkout) terminal() {
	c.Helper()
	ctx, cancel := context.WithCancel(c.Context())
	answers := c.requests(ctx, "api")
	defer func() {
		cancel()
		for range answers { // until the last request has its answer
		}
	}()
	_, stop := c.goVersion(goSaves)
	cmd := exec.CommandContext(ctx, c.program, "debug", "attach", "api")
	cmd.Dir, cmd.Env = c.folder, c.env("TERM=dumb", "XDG_CONFIG_HOME="+c.TempDir())
	cmd.Stdin = strings.NewReader(fmt.Sprintf("break main.go:%d\ncontinue\nprint text\nexit\n", stop))
	output, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "(dlv) "+strconv.Quote(greets(goSaves))+"\n") || !strings.Contains(string(output), "./main.go:") {
		c.Fatalf("devenv debug attach: %v\n%s", err, output)
	}
	c.says("running", "debug", "status")
	c.answered("api", goSaves)
}

func (c *checkout) says(text string, args ...string) {
	c.Helper()
	if said := c.devenv(args...); !strings.Contains(said, text) {
		c.Errorf("devenv %s does not say %q:\n%s", strings.Join(args, " "), text, said)
	}
}
