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
	cmd := exec.Command(c.program, args...) //nolint:noctx // the cleanup comes after the test's context
	cmd.Dir, cmd.Env = c.folder, append(os.Environ(), "COMPOSE_PROJECT_NAME="+c.project)
	output, err := cmd.CombinedOutput()
	if err != nil {
		c.Fatalf("devenv %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return string(output)
}

func (c *checkout) write(name, text string) {
	c.Helper()
	if err := os.WriteFile(filepath.Join(c.folder, name), []byte(text), 0o600); err != nil {
		c.Fatal(err)
	}
}

// configuration is the first one of the launch.json that devenv has written, as an editor reads it.
func (c *checkout) configuration() map[string]any {
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
	return file.Configurations[0]
}

// launch is where and how an editor attaches to a Python service.
func (c *checkout) launch() (address string, attach map[string]any) {
	c.Helper()
	attach = c.configuration()
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

// answer is what a request ended with.
type answer struct {
	body string
	err  error
}

// ask sends a request in the background; it may stand at a breakpoint.
func (c *checkout) ask(path string) <-chan answer {
	c.Helper()
	url, err := published(c.project, "api", "8000")
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
func stops(editor *daptest.Client, answered <-chan answer) bool {
	for {
		select {
		case <-answered:
			return editor.Heard("stopped")
		case <-time.After(time.Millisecond):
			if editor.Heard("stopped") {
				return true
			}
		}
	}
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
// twenty saves, each at the line to which the edit has moved it; in a container that was killed; in one that replaces
// another; after production was looked at. Nobody else gets in, and when the editor dies the application does not notice.
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
	address, attach := c.launch()
	editor := daptest.Connect(t, address)
	editor.Attach(attach, daptest.Lines(file, stopsAt(0)))

	var took []time.Duration
	hit := func(version int, since time.Time) {
		t.Helper()
		for {
			answered := c.ask("/version")
			if !stops(editor, answered) {
				continue // of the code before, or of the new one before the debugger had come to it
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
	hit(0, time.Now())
	for version := 1; version <= 20; version++ {
		began := time.Now()
		save(version)
		editor.Set(daptest.Lines(file, stopsAt(version))) // as an editor does that sees the edit
		hit(version, began)
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

	if _, err := docker("kill", c.project+"-api-1"); err != nil {
		t.Fatal(err)
	}
	c.devenv("up", "-d")
	hit(20, time.Now())
	if _, err := docker("rm", "-f", c.project+"-api-1"); err != nil {
		t.Fatal(err)
	}
	c.devenv("up", "-d")
	hit(20, time.Now())
	c.devenv("mode", "prod")
	if got := <-c.ask("/version"); got.err != nil || !strings.Contains(got.body, `"version":20`) {
		t.Errorf("prod answers %q, %v", got.body, got.err)
	}
	c.devenv("mode", "local")
	hit(20, time.Now())

	editor.Close() // without goodbye
	if got := <-c.ask("/version"); got.err != nil || !strings.Contains(got.body, `"version":20`) {
		t.Errorf("without the editor: %q, %v", got.body, got.err)
	}
}
