package delve_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"devenv/devenv/debug/delve"
	"devenv/devenv/fault"
)

// A server is looked at while its program runs, halted by somebody else's question, resumed, and ended.
func TestLook(t *testing.T) {
	t.Parallel()
	address, url := serve(t)
	look := func() delve.Status {
		t.Helper()
		status, err := delve.Look(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	if status := look(); status.State != delve.Running || status.Where != "" {
		t.Errorf("before: %+v", status)
	}
	command(t, address, "break main.handler\nexit\n")
	if status := look(); status.State != delve.Running {
		t.Errorf("when the terminal has left: %+v", status)
	}
	get(t, url+"/", "ok") // its breakpoint is gone
	if err := delve.Resume(t.Context(), address); err != nil {
		t.Error("a running program is resumed: ", err)
	}
	get(t, url+"/end", "")
	eventually(t, func() string { return string(look().State) }, string(delve.Exited))
}

// Before its --continue, a server's program has not begun: nobody may attach to it yet, nor let it run.
func TestStarting(t *testing.T) {
	t.Parallel()
	address, _ := start(t)
	if err := delve.Resume(t.Context(), address); err != nil {
		t.Error(err)
	}
	if status, err := delve.Look(t.Context(), address); err != nil || status.State != delve.Starting {
		t.Errorf("%+v, %v", status, err)
	}
	if err := delve.Begun(t.Context(), address); err == nil || !strings.HasPrefix(err.Error(), "Delve has not let the program begin") {
		t.Error(err)
	}
}

// A port behind which nobody listens accepts, as the engine's does, and closes or says nothing.
func TestNoServer(t *testing.T) {
	t.Parallel()
	for name, then := range map[string]func(net.Conn){
		"closes":       func(conn net.Conn) { conn.Close() },
		"says nothing": func(conn net.Conn) { t.Cleanup(func() { conn.Close() }) },
		"speaks HTTP":  func(conn net.Conn) { fmt.Fprint(conn, "HTTP/1.0 400 Bad Request\r\n\r\n"); conn.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			go func() {
				for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
					then(conn)
				}
			}()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err = delve.Look(ctx, listener.Addr().String())
			var known *fault.Error
			if !errors.As(err, &known) || !strings.HasPrefix(known.Message, "no Delve answers: ") {
				t.Errorf("%v", err)
			}
		})
	}
}

// program is what is debugged.
const program = `package main

import (
	"fmt"
	"net/http"
	"os"
)

func handler(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "ok") }

func main() {
	http.HandleFunc("/", handler)
	http.HandleFunc("/end", func(http.ResponseWriter, *http.Request) { os.Exit(0) })
	panic(http.ListenAndServe(os.Args[1], nil))
}
`

// attachTo has this program be a terminal on the server at its value: Delve's takes standard input and output.
const attachTo = "DELVE_TEST_ATTACH_TO"

func TestMain(m *testing.M) {
	address := os.Getenv(attachTo)
	if address == "" {
		os.Exit(m.Run())
	}
	if err := delve.Attach(context.Background(), address, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// command types a script into a terminal of its own.
func command(t *testing.T, address, script string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), attachTo+"="+address, "TERM=dumb", "XDG_CONFIG_HOME="+t.TempDir())
	cmd.Stdin = strings.NewReader(script)
	if output, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(output), "Breakpoint 1 set") {
		t.Fatalf("%v\n%s", err, output)
	}
}

// serve runs the program under Delve.
func serve(t *testing.T) (address, url string) {
	t.Helper()
	address, own := start(t, "--continue")
	eventually(t, func() string { return body("http://" + own + "/") }, "ok")
	return address, "http://" + own
}

// start starts the Delve of our go.mod on the program, whose own address is own, until the end of the test.
func start(t *testing.T, flags ...string) (address, own string) {
	t.Helper()
	folder := t.TempDir()
	source := filepath.Join(folder, "main.go")
	if err := os.WriteFile(source, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	version := tool(t, "go", "list", "-m", "-f", "{{.Version}}", "github.com/go-delve/delve")
	tool(t, "env", "GOBIN="+folder, "CGO_ENABLED=0", "go", "install", "github.com/go-delve/delve/cmd/dlv@"+version)
	tool(t, "go", "build", "-o", filepath.Join(folder, "program"), source)
	own = free(t)
	args := append([]string{"exec", "--headless", "--accept-multiclient", "--listen=127.0.0.1:0"}, flags...)
	cmd := exec.CommandContext(t.Context(), filepath.Join(folder, "dlv"), append(args, filepath.Join(folder, "program"), "--", own)...)
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(os.Interrupt) }, 10*time.Second // it ends the program first
	output, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	line, err := bufio.NewReader(output).ReadString('\n')
	at := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(line)
	if at == "" {
		t.Fatalf("dlv says %q, %v", line, err)
	}
	return at, own
}

func free(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, output)
	}
	return strings.TrimSpace(string(output))
}

func get(t *testing.T, url, want string) {
	t.Helper()
	if got := body(url); got != want {
		t.Errorf("%s answers %q, want %q", url, got, want)
	}
}

// body is the answer, "" for none.
func body(url string) string {
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	line, _ := bufio.NewReader(response.Body).ReadString('\n')
	return line
}

func eventually(t *testing.T, seen func() string, want string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); seen() != want; <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%q, want %q", seen(), want)
		}
	}
}
