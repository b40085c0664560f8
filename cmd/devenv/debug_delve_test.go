//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devenv/devenv/debug/daptest"
)

// The image has Delve and the toolchain of this machine mounted: `dlv debug` builds in the container, as in an image of
// Go's own.
const delveCompose = `services:
  api:
    build: .
    working_dir: /src
    command: ["dlv", "debug", "--headless", "--listen=127.0.0.1:2345", "--output=/tmp/api", "."]
    volumes: ["./:/src", "cache:/cache", "%s:/usr/local/go:ro"]
    ports: ["8000", "2345:2345"]
    environment: {PATH: "/usr/local/go/bin:/bin", GOCACHE: /cache, GOTOOLCHAIN: local, CGO_ENABLED: "0", HOME: /tmp}
  other: # without it the session would end with the only container
    image: busybox:1.36
    command: [sleep, "1000"]
    init: true
volumes: {cache: {}}
`

// goCode answers with its version, with lines of comment above it. It does without net/http, whose first build takes minutes.
const goCode = `package main

import (
	"fmt"
	"net"
)
%s
const version = %d

func handler(conn net.Conn) {
	conn.Read(make([]byte, 4096))
	x := version * 10
	fmt.Fprintf(conn, "HTTP/1.0 200 OK\r\n\r\nversion %%d", x)
	conn.Close()
}

func main() {
	listener, err := net.Listen("tcp", ":8000")
	for err == nil {
		var conn net.Conn
		conn, err = listener.Accept()
		go handler(conn)
	}
	panic(err)
}
`

// firstBuild is how long the standard library takes on a busy machine.
const firstBuild = 5 * time.Minute

// goStop is the line at which x has its value.
func goStop(comments int) int { return 13 + comments }

// newGoCheckout is a project with one Go service under the Delve of our go.mod.
func newGoCheckout(t *testing.T) *checkout {
	t.Helper()
	c := emptyCheckout(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(c.devenv("logs"))
		}
	})
	version := c.tool(nil, "go", "list", "-m", "-f", "{{.Version}}", "github.com/go-delve/delve")
	c.tool([]string{"GOBIN=" + c.folder, "CGO_ENABLED=0"}, "go", "install", "github.com/go-delve/delve/cmd/dlv@"+version)
	c.write("docker-compose.yml", fmt.Sprintf(delveCompose, c.tool(nil, "go", "env", "GOROOT")))
	c.write("Dockerfile", "FROM busybox:1.36\nCOPY dlv /bin/dlv\n")
	c.write("go.mod", "module api\n\ngo 1.21\n")
	c.save(0)
	return c
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

func (c *checkout) save(version int) {
	c.Helper()
	c.write("main.go", fmt.Sprintf(goCode, strings.Repeat("// a line\n", version), version))
}

// requests asks the service again and again until ctx ends, as its container comes and goes; the last answer is in the
// channel. A request may stand at a breakpoint.
func (c *checkout) requests(ctx context.Context) <-chan string {
	answers := make(chan string, 1)
	go func() {
		defer close(answers)
		for ctx.Err() == nil {
			url, err := published(c.project, "api", "8000")
			body := ""
			if err == nil {
				body, err = get(url)
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

// answered waits until the service answers with a version.
func (c *checkout) answered(version int) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), firstBuild)
	defer cancel()
	last := ""
	for body := range c.requests(ctx) {
		if last = body; body == fmt.Sprintf("version %d", version*10) {
			return
		}
	}
	c.Fatalf("version %d does not answer, last seen: %q", version, last)
}

// hitGo waits until a request stands in the handler of a version, and lets it go.
func (c *checkout) hitGo(editor *daptest.Client, version int) {
	c.Helper()
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	answers := c.requests(ctx)
	for deadline := time.Now().Add(2 * within); !editor.Heard("stopped"); <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.Fatalf("no request stands in version %d", version)
		}
	}
	stop := editor.Stopped()
	cancel() // it was the last request
	seen, at := editor.Evaluate(stop.Top().Id, "version"), stop.Top()
	if seen != fmt.Sprint(version) || at.Line != goStop(version) || at.Source.Path != filepath.Join(c.folder, "main.go") {
		c.Errorf("stops in version %s at %s:%d, want version %d at line %d", seen, at.Source.Path, at.Line, version, goStop(version))
	}
	c.says("halted main.handler at /src/main.go", "debug", "status")
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
	answers := c.requests(ctx)
	editor.Stopped()
	cancel()
	editor.Close()
	if body := <-answers; body != "version 30" {
		c.Errorf("the request at the breakpoint is answered %q", body)
	}
	c.answered(3)
}

// An editor attaches once to a Go service under Delve, with the configuration that devenv wrote for it, and its
// breakpoint is hit in the code of a save, which is built in the container; after a restart; in another container.
// Delve's own terminal comes and goes, and leaves the program running. No port of Delve is open to other machines.
func TestDelve(t *testing.T) {
	t.Parallel()
	c := newGoCheckout(t)
	c.devenv("up", "-d")
	c.answered(0)
	if ports, err := docker("port", c.project+"-api-1", "2345"); err != nil || !strings.HasPrefix(ports, "127.0.0.1:") || strings.Contains(ports, "\n") {
		t.Errorf("Delve listens at %s, %v", ports, err)
	}
	c.devenv("debug", "vscode")
	attach := c.configuration()
	address := fmt.Sprintf("%v:%v", attach["host"], attach["port"])
	file := filepath.Join(c.folder, "main.go")

	editor := daptest.Connect(t, address)
	editor.Attach(attach, daptest.Lines(file, goStop(0)))
	c.hitGo(editor, 0)
	c.says("running", "debug", "status")
	for version := 1; version <= 3; version++ {
		began := time.Now()
		c.restarted(func() { c.save(version) })
		editor.Set(daptest.Lines(file, goStop(version))) // as an editor does that sees the edit
		c.hitGo(editor, version)
		t.Logf("save to breakpoint %v", time.Since(began))
	}
	c.write("main.go", "package main\n\nfunc")
	c.eventually("exited", "inspect", "-f", "{{.State.Status}}", c.project+"-api-1") // nothing to debug: the editor waits
	c.logged("main.go:3:")
	c.save(3)
	c.hitGo(editor, 3)
	if _, err := docker("restart", "-t", "1", c.project+"-api-1"); err != nil {
		t.Fatal(err)
	}
	c.hitGo(editor, 3)
	if _, err := docker("rm", "-f", c.project+"-api-1"); err != nil {
		t.Fatal(err)
	}
	c.devenv("up", "-d")
	c.hitGo(editor, 3)
	c.abandoned(editor)
	c.terminal()
}

// terminal drives Delve's terminal by its standard input.
func (c *checkout) terminal() {
	c.Helper()
	ctx, cancel := context.WithCancel(c.Context())
	answers := c.requests(ctx)
	defer func() {
		cancel()
		for range answers { // until the last request has its answer
		}
	}()
	cmd := exec.CommandContext(ctx, c.program, "debug", "attach", "api")
	cmd.Dir, cmd.Env = c.folder, append(os.Environ(), "COMPOSE_PROJECT_NAME="+c.project, "TERM=dumb", "XDG_CONFIG_HOME="+c.TempDir())
	cmd.Stdin = strings.NewReader(fmt.Sprintf("break main.go:%d\ncontinue\nprint x\nexit\n", goStop(3)))
	output, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "(dlv) 30\n") || !strings.Contains(string(output), "./main.go:") {
		c.Fatalf("devenv debug attach: %v\n%s", err, output)
	}
	c.says("running", "debug", "status")
	c.answered(3)
}

func (c *checkout) says(text string, args ...string) {
	c.Helper()
	if said := c.devenv(args...); !strings.Contains(said, text) {
		c.Errorf("devenv %s does not say %q:\n%s", strings.Join(args, " "), text, said)
	}
}
