//go:build unix

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devenv/devenv/debug/daptest"
)

// worktree is a checkout whose project has the name that devenv gives it.
type worktree struct {
	*checkout
	env []string
}

// newWorktrees are a repository with a project and linked worktrees of it, on branches that are called as they are.
func newWorktrees(t *testing.T, compose string, branches ...string) []worktree {
	t.Helper()
	first := emptyCheckout(t)
	env := append(os.Environ(), "COMPOSE_PROJECT_NAME=", "XDG_STATE_HOME="+t.TempDir(), "GIT_CONFIG_GLOBAL=/dev/null")
	first.write("compose.yml", fmt.Sprintf(compose, first.project))
	for name, content := range map[string]string{"Dockerfile": "", "src/server.py": serving} {
		if content == "" {
			dockerfile, err := os.ReadFile("testdata/servers/Dockerfile")
			if err != nil {
				t.Fatal(err)
			}
			content = string(dockerfile)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(first.folder, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		first.write(name, content)
	}
	trees := []worktree{{first, env}}
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.org"}, args...)...)
		cmd.Dir, cmd.Env = first.folder, env
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, output)
		}
	}
	git("init", "-q", "-b", "main")
	git("add", "compose.yml", "Dockerfile", "src")
	git("commit", "-q", "-m", "a project")
	for i, branch := range branches {
		folder := filepath.Join(filepath.Dir(first.folder), strings.ReplaceAll(branch, "/", "-"))
		git("worktree", "add", "-q", "-b", branch, folder)
		other := *first
		other.folder = folder
		trees = append(trees, worktree{&other, env})
		t.Cleanup(func() { trees[i+1].down() })
	}
	return trees
}

// serving answers with the name of the folder that it was written in.
const serving = `from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TREE = "none"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        found = TREE
        self.send_response(200)
        self.end_headers()
        self.wfile.write(found.encode())


if __name__ == "__main__":
    ThreadingHTTPServer(("", 8000), Handler).serve_forever()
`

const servingAt = 8 // the line of serving at which it has its answer

// run runs this program in the worktree; nothing but the folder says which project it is.
func (w worktree) run(args ...string) (string, error) {
	cmd := exec.Command(w.program, args...)
	cmd.Dir, cmd.Env = w.folder, w.env
	output, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: devenv %s: %w\n%s", w.folder, strings.Join(args, " "), err, output)
	}
	return string(output), nil
}

func (w worktree) devenv(args ...string) string {
	w.Helper()
	output, err := w.run(args...)
	if err != nil {
		w.Fatal(err)
	}
	return output
}

func (w worktree) down() {
	_, err := w.run("down", "--volumes")
	if errors.Join(err, sweep(w.project)) != nil {
		w.Errorf("%v", err)
	}
}

// Five worktrees of one repository are started at the same moment, without a line in their files that sets them apart.
// Each answers with its own code on its own port, an editor is attached to each, and each is taken down without the
// others noticing.
func TestFiveWorktrees(t *testing.T) {
	t.Parallel()
	const compose = `name: %s
services:
  api:
    build: .
    container_name: %[1]s-the-api
    command: python server.py
    volumes: ["./src:/src", "data:/data"]
    ports: ["` + "FREE" + `:8000"]
    stop_grace_period: 0s
volumes: {data: {name: %[1]s-data}}
`
	trees := newWorktrees(t, strings.Replace(compose, "FREE", unusedPort(t), 1),
		"Feature-A", "größe", "日本語", "feature/"+strings.Repeat("a-long-story-", 12))
	started := make(chan error, len(trees))
	for i := range trees {
		name := filepath.Base(trees[i].folder)
		trees[i].write("src/server.py", strings.Replace(serving, "none", name, 1))
		go func() { _, err := trees[i].run("up", "-d"); started <- err }()
	}
	for range trees {
		if err := <-started; err != nil {
			t.Fatal(err)
		}
	}
	used := map[string]string{}
	own := func(i int, what string) {
		t.Helper()
		if other, taken := used[what]; taken {
			t.Errorf("%s: %s has %s too", trees[i].folder, other, what)
		}
		used[what] = trees[i].folder
	}
	for i := range trees {
		w := &trees[i]
		w.project, _, _ = strings.Cut(w.devenv("config", "--format", "yaml"), "\n")
		w.project = strings.TrimPrefix(w.project, "name: ")
		own(i, w.project)
		w.answersOwn()
		url, err := published(w.project, "api", "8000")
		if err != nil {
			t.Fatal(err)
		}
		own(i, url)
	}
	for i := range trees {
		own(i, trees[i].debugged())
	}
	for i := range trees {
		trees[i].devenv("down", "--volumes")
		if left, err := docker("ps", "-aq", "--filter", "label=com.docker.compose.project="+trees[i].project); err != nil || left != "" {
			t.Errorf("%s: left %q, %v", trees[i].folder, left, err)
		}
		for _, other := range trees[i+1:] {
			other.answersOwn()
		}
	}
}

// answersOwn waits until the worktree answers with its own code.
func (w worktree) answersOwn() {
	w.Helper()
	want := filepath.Base(w.folder)
	for began := time.Now(); ; {
		got := <-w.ask("/")
		if got.body == want {
			return
		}
		if time.Since(began) > within {
			w.Fatalf("%s: not within %s: %q, %v", w.folder, within, got.body, got.err)
		}
	}
}

// debugged has a breakpoint of the worktree hit, and says where the editor is attached; it stays.
func (w worktree) debugged() string {
	w.Helper()
	w.devenv("debug", "vscode")
	address, attach := w.launch("api")
	editor := daptest.Connect(w.T, address)
	file := filepath.Join(w.folder, "src/server.py")
	editor.Attach(attach, daptest.Lines(file, servingAt))
	answered := w.ask("/")
	if stopped, early := w.stops(editor, answered); !stopped {
		w.Fatalf("%s: %q, %v without a stop", w.folder, early.body, early.err)
	}
	stop := editor.Stopped()
	if at := stop.Top(); at.Line != servingAt || at.Source.Path != file {
		w.Errorf("%s: stops at %s:%d", w.folder, at.Source.Path, at.Line)
	}
	editor.Set(daptest.Lines(file))
	editor.Resume(stop.ThreadId)
	if got := <-answered; got.body != filepath.Base(w.folder) {
		w.Errorf("%s: %q, %v", w.folder, got.body, got.err)
	}
	return address
}

// unusedPort is a port of this machine that nobody has.
func unusedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
