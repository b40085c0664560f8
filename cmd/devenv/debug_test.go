//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"devenv/devenv/debug/daptest"
)

// checkout is a copy of an example with a project name of its own and this program to run on it.
type checkout struct {
	*testing.T
	folder, program, project string
}

func newCheckout(t *testing.T, example, override string) *checkout {
	t.Helper()
	c := emptyCheckout(t)
	if err := os.CopyFS(c.folder, os.DirFS(filepath.Join("../../examples", example))); err != nil {
		t.Fatal(err)
	}
	c.write("docker-compose.override.yml", override)
	return c
}

// emptyCheckout is a folder without a project yet.
func emptyCheckout(t *testing.T) *checkout {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(executable) // a link would be followed when it starts itself again
	if err != nil {
		t.Fatal(err)
	}
	c := &checkout{T: t, folder: filepath.Join(t.TempDir(), "shop"), program: filepath.Join(t.TempDir(), "devenv")}
	c.project = fmt.Sprintf("dt%xdebug", time.Now().UnixNano())
	for _, err := range []error{
		os.WriteFile(c.program, program, 0o700),
		os.Mkdir(c.folder, 0o700),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if log, err := os.ReadFile(filepath.Join(c.folder, ".devenv/state/live.log")); err == nil && t.Failed() {
			t.Logf("%s\n%s\n%s", log, c.devenv("why"), c.devenv("logs", "--timestamps", "--tail", "60"))
		}
		c.devenv("down", "--volumes")
		if err := sweep(c.project); err != nil {
			t.Error(err)
		}
	})
	return c
}

// devenv runs this program; what it says is returned, its failure ends the test.
func (c *checkout) devenv(args ...string) string {
	c.Helper()
	cmd := exec.Command(c.program, args...)
	cmd.Dir, cmd.Env = c.folder, c.env()
	output, err := cmd.CombinedOutput()
	if err != nil {
		c.Fatalf("devenv %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return string(output)
}

// env is the environment of commands in the checkout: nothing of it gets into the list of this user's own projects.
func (c *checkout) env(more ...string) []string {
	return append(append(os.Environ(), "COMPOSE_PROJECT_NAME="+c.project, "XDG_STATE_HOME="+c.program+".state"), more...)
}

func (c *checkout) write(name, text string) {
	c.Helper()
	if err := os.WriteFile(filepath.Join(c.folder, name), []byte(text), 0o600); err != nil {
		c.Fatal(err)
	}
}

// configuration is the one for a service in the launch.json that devenv has written, as an editor reads it.
func (c *checkout) configuration(service string) map[string]any {
	c.Helper()
	content, err := os.ReadFile(filepath.Join(c.folder, ".vscode/launch.json"))
	if err != nil {
		c.Fatal(err)
	}
	var file struct{ Configurations []map[string]any }
	text := strings.ReplaceAll(string(content), "${workspaceFolder}", c.folder)
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		c.Fatal(err)
	}
	for _, configuration := range file.Configurations {
		if configuration["name"] == "devenv: "+service {
			return configuration
		}
	}
	c.Fatalf("no configuration for %s: %s", service, content)
	return nil
}

// launch is where and how an editor attaches to a Python service.
func (c *checkout) launch(service string) (address string, attach map[string]any) {
	c.Helper()
	attach = c.configuration(service)
	var connect struct {
		Host string
		Port int
	}
	part, err := json.Marshal(attach["connect"])
	if err == nil {
		err = json.Unmarshal(part, &connect)
	}
	if err != nil {
		c.Fatal(err)
	}
	return fmt.Sprintf("%s:%d", connect.Host, connect.Port), attach
}

// unreachable fails if a debug port answers a container of the same network: at the host, or in the service itself,
// where a debugger listens now.
func (c *checkout) unreachable(address string) {
	c.Helper()
	_, port, _ := strings.Cut(address, ":")
	output, err := docker("run", "--rm", "--network", c.project+"_default", "python:3.13-slim-bookworm", "python", "-c", `
import socket, struct
route = [line.split() for line in open("/proc/net/route")]
gateway = next(socket.inet_ntoa(struct.pack("<L", int(words[2], 16))) for words in route if words[1] == "00000000")
def reached(host, port):
    try:
        socket.create_connection((host, port), 3).close()
        return True
    except OSError:
        return False
print("service", reached("api", 8000), "host", reached(gateway, `+port+`), "debugger", any(reached("api", port) for port in range(1024, 65536) if port != 8000))
`)
	if err != nil || output != "service True host False debugger False" {
		c.Errorf("%q, %v", output, err)
	}
}

// answer is what a request ended with.
type answer struct {
	body string
	err  error
}

// ask sends a request to the service api.
func (c *checkout) ask(path string) <-chan answer {
	c.Helper()
	return c.request("api", path)
}

// request sends a request in the background; it may stand at a breakpoint.
func (c *checkout) request(service, path string) <-chan answer {
	c.Helper()
	url, err := published(c.project, service, "8000")
	if err != nil {
		c.Fatal(err)
	}
	answered := make(chan answer, 1)
	go func() {
		body, err := get(url + path)
		answered <- answer{body, err}
	}()
	return answered
}

// stops waits until a request stands at a breakpoint, and reports false if it was answered.
func (c *checkout) stops(editor *daptest.Client, answered <-chan answer) (bool, answer) {
	c.Helper()
	for deadline := time.Now().Add(within); time.Now().Before(deadline); {
		select {
		case got := <-answered:
			return false, got
		case <-time.After(time.Millisecond):
			if editor.Heard("stopped") {
				return true, answer{}
			}
		}
	}
	c.Fatalf("neither stopped nor answered within %s", within)
	return false, answer{}
}

// code has a route that nothing but the test asks, for the engine asks /health all the time.
const code = `from fastapi import APIRouter
%s
router = APIRouter()
VERSION = %d


@router.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/version")
async def version() -> dict[str, int]:
    found = VERSION
    return {"version": found}
`

// stopsAt is the line of code, with lines of comment above it, at which it has its version.
func stopsAt(comments int) int { return 15 + comments }

// An editor attaches once, with the configuration that devenv wrote for it, and its breakpoint is hit in the code of
// twenty saves, each at the line to which the edit has moved it; with a package more; in a container that was killed; in
// one that replaces another; after production was looked at. Nobody else gets in, and when the editor dies the application does not notice.
func TestDebugger(t *testing.T) {
	t.Parallel()
	c := newCheckout(t, "fastapi", "services:\n  api:\n    ports: !override [\"8000\"]\n")
	file := filepath.Join(c.folder, "src/app/routers/health.py")
	save := func(version int) {
		c.write("src/app/routers/health.py", fmt.Sprintf(code, strings.Repeat("# a line\n", version), version))
	}
	save(0)
	c.devenv("up", "-d")
	c.devenv("debug", "vscode")
	address, attach := c.launch("api")
	editor := daptest.Connect(t, address)
	editor.Attach(attach, daptest.Lines(file, stopsAt(0)))

	var took []time.Duration
	// hit asks until the breakpoint is hit. again: the process before had the debugger, so its successor may not answer
	// without it; in a new container nobody knows of the debugger yet.
	hit := func(version int, since time.Time, again bool) {
		t.Helper()
		for {
			answered := c.ask("/version")
			if stopped, early := c.stops(editor, answered); !stopped {
				if again && strings.Contains(early.body, fmt.Sprintf(`"version":%d`, version)) {
					t.Fatalf("version %d answered before its breakpoint was set", version)
				}
				if time.Since(since) > within {
					t.Fatalf("version %d: no breakpoint within %s; last answer %q, %v", version, within, early.body, early.err)
				}
				<-time.After(5 * time.Millisecond) // the code before, which the debugger has left
				continue
			}
			stop := editor.Stopped()
			at := time.Since(since)
			seen := editor.Evaluate(stop.Top().Id, "VERSION")
			if seen == fmt.Sprint(version) {
				if stop.Top().Line != stopsAt(version) || stop.Top().Source.Path != file {
					t.Errorf("version %d stops at %s:%d, want %s:%d", version, stop.Top().Source.Path, stop.Top().Line, file, stopsAt(version))
				}
				took = append(took, at)
			}
			editor.Resume(stop.ThreadId)
			if got := <-answered; got.err != nil || !strings.Contains(got.body, `"version":`+seen) {
				t.Fatalf("version %s answers %q, %v", seen, got.body, got.err)
			}
			if seen == fmt.Sprint(version) {
				return
			}
		}
	}
	hit(0, time.Now(), true)
	for version := 1; version <= 20; version++ {
		began := time.Now()
		save(version)
		editor.Set(daptest.Lines(file, stopsAt(version))) // as an editor does that sees the edit
		hit(version, began, true)
	}
	slices.Sort(took)
	t.Logf("save to breakpoint: p50 %v, worst %v", took[len(took)/2], took[len(took)-1])

	intruder := daptest.Connect(t, address)
	if refused := intruder.Try("initialize", map[string]any{"adapterID": "debugpy", "clientID": "intruder"}); refused.Success {
		t.Error("a second editor is let in")
	}
	intruder.Close()
	if status := c.devenv("debug", "status"); !strings.Contains(status, address) {
		t.Errorf("status says\n%s", status)
	}
	c.unreachable(address)

	c.devenv("add", "humanize")
	for began := time.Now(); !strings.Contains(c.devenv("why", "src/uv.lock"), " done "); <-time.After(50 * time.Millisecond) {
		if time.Since(began) > within { // what a kill interrupts is done again afterwards, in the middle of a hit
			t.Fatalf("the package was not taken in within %s", within)
		}
	}
	hit(20, time.Now(), false)
	if _, err := docker("kill", c.project+"-api-1"); err != nil {
		t.Fatal(err)
	}
	c.devenv("up", "-d")
	hit(20, time.Now(), false)
	if _, err := docker("rm", "-f", c.project+"-api-1"); err != nil {
		t.Fatal(err)
	}
	c.devenv("up", "-d")
	hit(20, time.Now(), false)
	c.devenv("mode", "prod")
	if got := <-c.ask("/version"); got.err != nil || !strings.Contains(got.body, `"version":20`) {
		t.Errorf("prod answers %q, %v", got.body, got.err)
	}
	c.devenv("mode", "local")
	hit(20, time.Now(), false)

	editor.Close() // without goodbye
	if got := <-c.ask("/version"); got.err != nil || !strings.Contains(got.body, `"version":20`) {
		t.Errorf("without the editor: %q, %v", got.body, got.err)
	}
}

// A service that waits for a debugger runs nothing before: the first line of its code can be stopped at.
func TestDebugWait(t *testing.T) {
	t.Parallel()
	c := newCheckout(t, "fastapi", "services:\n  api:\n    ports: !override [\"8000\"]\n")
	c.write("src/app/routers/health.py", fmt.Sprintf(code, "", 7))
	c.devenv("up", "-d", "--debug-wait", "api")
	c.devenv("debug", "vscode")
	address, attach := c.launch("api")
	editor := daptest.Connect(t, address)
	file := filepath.Join(c.folder, "src/app/routers/health.py")
	editor.Attach(attach, daptest.Lines(file, 4))
	stop := editor.Stopped()
	if stop.Top().Line != 4 || stop.Top().Source.Path != file {
		t.Errorf("stops at %s:%d", stop.Top().Source.Path, stop.Top().Line)
	}
	editor.Resume(stop.ThreadId)
	for began := time.Now(); ; {
		got := <-c.ask("/version")
		if strings.Contains(got.body, `"version":7`) {
			break
		}
		if time.Since(began) > within {
			t.Fatalf("not within %s: %q, %v", within, got.body, got.err)
		}
	}
	editor.Disconnect()
}
