//go:build unix

package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts run this program itself, race detector included, as a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"devenv": main})
}

// Each script of testdata/script is one story on a real engine: what a developer types and sees. A machine without an
// engine fails them. Every script has a project name of its own, and whatever it leaves is removed after it.
func TestScripts(t *testing.T) {
	if err := exec.CommandContext(t.Context(), "docker", "version").Run(); err != nil {
		t.Fatal("the scripts need a Docker engine; `make engine` provides one: ", err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup:               setup,
		Condition: func(name string) (bool, error) {
			return false, fmt.Errorf("unknown condition %q: no script is skipped", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"answers":      answers,
			"signal":       signalTo,
			"eventually":   eventually,
			"none-left":    noneLeft,
			"shows":        shows,
			"take-port":    takePort,
			"copy":         copyTree,
			"engine-proxy": proxied,
			"free-port":    freePorts,
			"also-sweep":   alsoSweep,
			"authority":    authority,
			"inspected":    inspected,
			"at-terminal":  atTerminal,
		},
	})
}

func setup(env *testscript.Env) error {
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	name := "dt" + strconv.FormatInt(time.Now().UnixNano(), 36) + filepath.Base(env.WorkDir)
	name = strings.ToLower(regexp.MustCompile(`[^a-zA-Z0-9]`).ReplaceAllString(name, ""))
	env.Setenv("COMPOSE_PROJECT_NAME", name)
	env.Setenv("ROOT", root)
	env.Setenv("HOME", env.WorkDir)
	for _, variable := range []string{"DOCKER_HOST", "DOCKER_CONTEXT"} {
		if value, set := os.LookupEnv(variable); set {
			env.Setenv(variable, value)
		}
	}
	env.Setenv("DOCKER_CONFIG", cmp.Or(os.Getenv("DOCKER_CONFIG"), filepath.Join(os.Getenv("HOME"), ".docker")))
	env.Defer(func() {
		if err := sweep(name); err != nil {
			env.T().Fatal(err)
		}
	})
	return nil
}

// sweep removes what is left of a project and of its worktrees and clones; a script that ended early leaves something.
func sweep(project string) error {
	others := map[string]bool{}
	for _, list := range [...][]string{{"ps", "-a"}, {"network", "ls"}, {"volume", "ls"}} {
		names, err := docker(append(list, "--filter", "label=com.docker.compose.project", "--format", `{{.Label "com.docker.compose.project"}}`)...)
		if err != nil {
			return err
		}
		for _, name := range strings.Fields(names) {
			if strings.HasPrefix(name, project+"-") {
				others[name] = true
			}
		}
	}
	for name := range others { // first: they may use what is the project's
		if err := sweepOne(name); err != nil {
			return err
		}
	}
	return sweepOne(project)
}

func sweepOne(project string) error {
	for _, kind := range [...]struct{ list, remove []string }{
		{[]string{"ps", "-aq"}, []string{"rm", "-fv"}},
		{[]string{"network", "ls", "-q"}, []string{"network", "rm"}},
		{[]string{"volume", "ls", "-q"}, []string{"volume", "rm", "-f"}},
	} {
		ids, err := docker(append(kind.list, "--filter", "label=com.docker.compose.project="+project)...)
		if err != nil {
			return err
		}
		if ids == "" {
			continue
		}
		if _, err := docker(append(kind.remove, strings.Fields(ids)...)...); err != nil {
			return err
		}
	}
	images, err := docker("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference="+project+"-*")
	if err != nil || images == "" {
		return err
	}
	_, err = docker(append([]string{"rmi", "-f"}, strings.Fields(images)...)...)
	return err
}

func docker(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("docker %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(output)), nil
}

// within is how long a script waits for a stated condition: generous, as the machine may run other tests too.
const within = 60 * time.Second

// wait polls a condition until it holds.
func wait(ts *testscript.TestScript, what string, holds func() (bool, string)) {
	last := ""
	for deadline := time.Now().Add(within); time.Now().Before(deadline); {
		ok, seen := holds()
		if ok {
			return
		}
		last = seen
		<-time.After(20 * time.Millisecond)
	}
	ts.Fatalf("%s: not within %s; last seen: %s", what, within, last)
}

// answers SERVICE PORT PATH TEXT: the service's published port answers with TEXT in the body, eventually, because a
// container may accept before its program does.
func answers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: answers SERVICE CONTAINER-PORT PATH TEXT")
	}
	url, text := "", args[3]
	wait(ts, strings.Join(args, " "), func() (bool, string) {
		var err error
		if url, err = published(ts.Getenv("COMPOSE_PROJECT_NAME"), args[0], args[1]); err != nil {
			return false, err.Error()
		}
		body, err := get(url + args[2])
		return err == nil && strings.Contains(body, text), fmt.Sprint(url, ": ", body, err)
	})
}

// published is where a port of a service's container answers; another one after each recreate.
func published(project, service, port string) (string, error) {
	id, err := docker("ps", "-q", "--filter", "label=com.docker.compose.project="+project, "--filter", "label=com.docker.compose.service="+service)
	if err != nil || id == "" {
		return "", fmt.Errorf("%s has no running container: %w", service, err)
	}
	addresses, err := docker("port", id, port)
	if err != nil || addresses == "" {
		return "", fmt.Errorf("port %s is not published: %w", port, err)
	}
	_, number, _ := strings.Cut(strings.Fields(addresses)[0], ":")
	return "http://127.0.0.1:" + number, nil
}

func get(url string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// signal NAME TEXT FILE: sends a signal to the background process that writes to FILE, and its id to FILE.pid, once
// FILE holds TEXT.
func signalTo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: signal INT|TERM|KILL TEXT FILE")
	}
	signals := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}
	shows(ts, neg, args[1:])
	pid, err := strconv.Atoi(strings.TrimSpace(ts.ReadFile(args[2] + ".pid")))
	ts.Check(err)
	ts.Check(syscall.Kill(pid, signals[args[0]]))
}

// shows TEXT FILE: the file holds TEXT, eventually, because a background process writes it.
func shows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: shows TEXT FILE")
	}
	path := ts.MkAbs(args[1])
	wait(ts, args[1]+" shows "+args[0], func() (bool, string) {
		content, err := os.ReadFile(path)
		return err == nil && strings.Contains(string(content), args[0]), string(content)
	})
}

// take-port NAME: this process listens on a port until the script ends; its number is the variable NAME.
func takePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: take-port NAME")
	}
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	ts.Check(err)
	ts.Defer(func() { _ = listener.Close() })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	ts.Check(err)
	ts.Setenv(args[0], port)
}

// eventually TEXT COMMAND...: the command's output holds TEXT after some time.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: eventually TEXT COMMAND...")
	}
	wait(ts, strings.Join(args[1:], " ")+" shows "+args[0], func() (bool, string) {
		_ = ts.Exec(args[1], args[2:]...) // its output is what counts
		output := ts.ReadFile("stdout") + ts.ReadFile("stderr")
		return strings.Contains(output, args[0]), output
	})
}

// none-left: the engine has no container, network or volume of the project.
func noneLeft(ts *testscript.TestScript, neg bool, _ []string) {
	label := "label=com.docker.compose.project=" + ts.Getenv("COMPOSE_PROJECT_NAME")
	var left []string
	for _, list := range [][]string{{"ps", "-a"}, {"network", "ls"}, {"volume", "ls"}} {
		found, err := docker(append(list, "--filter", label, "--format", "{{json .}}")...)
		ts.Check(err)
		if found != "" {
			left = append(left, found)
		}
	}
	if (left == nil) == neg {
		ts.Fatalf("left on the engine: %s", strings.Join(left, "\n"))
	}
}

// copy FROM TO: a folder of the repository into the script's.
func copyTree(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(args[0])))
}
