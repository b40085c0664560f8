//go:build unix

package main

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"devenv/devenv/debug/daptest"
)

// server is a service of testdata/servers with an editor attached to it.
type server struct {
	*checkout
	name   string
	editor *daptest.Client
}

// newServers are services of testdata/servers, running.
func newServers(t *testing.T, override string, services ...string) *checkout {
	t.Helper()
	c := newCheckout(t, "../cmd/devenv/testdata/servers", override)
	c.devenv(append([]string{"up", "-d"}, services...)...)
	c.devenv("debug", "vscode")
	return c
}

// attach attaches an editor with the configuration that devenv wrote for the service.
func (c *checkout) attach(service string, files ...daptest.Breakpoints) *server {
	c.Helper()
	address, attach := c.launch(service)
	s := &server{checkout: c, name: service, editor: daptest.Connect(c.T, address)}
	s.editor.Attach(attach, files...)
	return s
}

// ask has the service do its work, in the background: for celery that is a task.
func (s *server) ask(path string) <-chan answer {
	s.Helper()
	if s.name != "celery" {
		return s.request(s.name, path)
	}
	answered := make(chan answer, 1)
	go func() {
		body, err := docker("exec", s.project+"-celery-1", "python", "-c", "import tasks; print(tasks.answers.delay().get(timeout=50, interval=0.02))")
		answered <- answer{body, err}
	}()
	return answered
}

// answering is the code of a version, with a line more than the version before, and answeringAt where it has its answer.
func answering(version int) string {
	return fmt.Sprintf("%sVERSION = %d\n\n\ndef answer() -> str:\n    found = VERSION\n    return f\"version {found}\"\n", strings.Repeat("# a line\n", version), version)
}

func answeringAt(version int) int { return 6 + version }

// hits asks until an answer stands at the breakpoint in the code of a version, and lets it go on. An answer of that
// version must not come before.
func (s *server) hits(version int) {
	s.Helper()
	for began := time.Now(); ; {
		answered := s.ask("/")
		stopped, early := s.stops(s.editor, answered)
		if !stopped {
			if early.body == fmt.Sprintf("version %d", version) {
				s.Fatalf("%s: version %d answered without a stop at its breakpoint", s.name, version)
			}
			if time.Since(began) > within {
				s.Fatalf("%s: version %d: no breakpoint within %s; last answer %q, %v", s.name, version, within, early.body, early.err)
			}
			continue // the code before, which the debugger has left, or a server that has yet to begin
		}
		stop := s.editor.Stopped()
		seen := s.editor.Evaluate(stop.Top().Id, "VERSION")
		if seen == strconv.Itoa(version) && stop.Top().Line != answeringAt(version) {
			s.Errorf("%s: version %d stops at line %d, want %d", s.name, version, stop.Top().Line, answeringAt(version))
		}
		s.editor.Resume(stop.ThreadId)
		if got := <-answered; got.err != nil || got.body != "version "+seen {
			s.Fatalf("%s: version %s answers %q, %v", s.name, seen, got.body, got.err)
		}
		if seen == strconv.Itoa(version) {
			return
		}
	}
}

// A developer attaches to every kind of server at once, each at its own port; a save of code that all of them run is hit
// in each, at the moved line.
func TestDebugServers(t *testing.T) {
	t.Parallel()
	c := newServers(t, "services: {}\n")
	file := filepath.Join(c.folder, "src/answer.py")
	var servers []*server
	for _, name := range []string{"celery", "django", "fastapi", "flask", "gunicorn", "uvicorn-worker"} {
		s := c.attach(name, daptest.Lines(file, answeringAt(0)))
		s.hits(0)
		servers = append(servers, s)
	}
	for version := 1; version <= 3; version++ {
		c.write("src/answer.py", answering(version))
		for _, s := range servers {
			s.editor.Set(daptest.Lines(file, answeringAt(version)))
		}
		for _, s := range servers {
			s.hits(version)
		}
	}
	for _, s := range servers {
		s.editor.Disconnect()
		if got := <-s.ask("/"); got.err != nil || got.body != "version 3" {
			t.Errorf("%s: without the editor: %q, %v", s.name, got.body, got.err)
		}
	}
}

// What an application does in processes of its own is debugged by debugpy's own adapter, which `reload: native` leaves to
// it: it tells the editor of each process, and the editor attaches to that one too, through the same port.
func TestDebugProcessPool(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	if err := listener.Close(); err != nil { // its number is what counts
		t.Fatal(err)
	}
	c := newCheckout(t, "../cmd/devenv/testdata/servers", "services: {}\n")
	c.write("docker-compose.yml", fmt.Sprintf(`services:
  pool:
    build: .
    volumes: ["./src:/src"]
    command: python -m debugpy --listen 0.0.0.0:%[1]s pool.py
    ports: ["8000", "%[1]s:%[1]s"]
    x-devenv: {reload: native}
`, port))
	c.devenv("up", "-d")
	c.devenv("debug", "vscode")
	file := filepath.Join(c.folder, "src/answer.py")
	address, attach := c.launch("pool")
	if want := net.JoinHostPort("127.0.0.1", port); address != want {
		t.Fatalf("attaches to %s, want %s", address, want)
	}
	for began := time.Now(); ; { // the adapter listens when Python has begun
		if got := <-c.request("pool", "/"); got.body == "version 0" {
			break
		} else if time.Since(began) > within {
			t.Fatalf("%q, %v", got.body, got.err)
		}
	}
	parent := daptest.Connect(t, address)
	parent.Attach(attach)
	announced := daptest.Event[map[string]any](parent, "debugpyAttach")
	s := &server{checkout: c, name: "pool", editor: daptest.Connect(t, address)}
	s.editor.Attach(announced, daptest.Lines(file, answeringAt(0)))
	s.hits(0)
}
