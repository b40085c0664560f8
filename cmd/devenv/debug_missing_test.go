//go:build unix

package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-dap"

	"devenv/devenv/debug/daptest"
)

// Images without debugpy: one with uv, one with pip, one with neither.
const withoutDebugpy = `FROM python:3.13-slim-bookworm AS packages
COPY --from=astral/uv:0.8.17 /uv /usr/local/bin/
ENV PYTHONDONTWRITEBYTECODE=1 PYTHON_FROZEN_MODULES=off PATH="/.venv/bin:$PATH" UV_LINK_MODE=copy
RUN --mount=type=cache,target=/root/.cache/uv \
    uv venv --no-python-downloads --python /usr/local/bin/python3.13 /.venv && uv pip install --python /.venv/bin/python flask==3.1.3
WORKDIR /src
CMD ["flask", "--app", "web", "run", "--host", "0.0.0.0", "--port", "8000"]
FROM packages AS with-uv
FROM packages AS with-pip
RUN --mount=type=cache,target=/root/.cache/uv uv pip install --python /.venv/bin/python pip && rm /usr/local/bin/uv
FROM packages AS with-neither
RUN rm /usr/local/bin/uv
`

const missing = `services:
  uv: {build: {context: ., target: with-uv}, volumes: ["./src:/src"], ports: ["8000"]}
  pip: {build: {context: ., target: with-pip}, volumes: ["./src:/src"], ports: ["8000"]}
  neither: {build: {context: ., target: with-neither}, volumes: ["./src:/src"], ports: ["8000"]}
`

// A developer attaches to services whose images have no debugpy: devenv brings it, whatever installer the image has, and a
// new container gets it without a download. Neither the packages nor the project change. Where no installer is, an
// error says so, once, and the service runs on.
func TestDebugpyMissing(t *testing.T) {
	t.Parallel()
	c := newCheckout(t, "../cmd/devenv/testdata/servers", "services: {}\n")
	c.write("Dockerfile", withoutDebugpy)
	c.write("docker-compose.yml", missing)
	c.devenv("up", "-d")
	c.devenv("debug", "vscode")
	files, packages := c.files(), c.packages("uv")
	c.debugs("uv", 1, 0)
	c.debugs("pip", 1, 1)
	c.forgetDebugpy()
	c.recreate("pip")
	c.debugs("pip", 2, 1)
	c.recreate("uv")
	c.debugs("uv", 2, 2)
	if now := c.packages("uv"); now != packages {
		t.Errorf("packages were\n%s\nand are\n%s", packages, now)
	}
	if now := c.files(); now != files {
		t.Errorf("files were\n%s\nand are\n%s", files, now)
	}

	c.forgetDebugpy()
	address, _ := c.launch("neither")
	editor := daptest.Connect(t, address)
	editor.Send("initialize", map[string]any{"adapterID": "debugpy", "clientID": "vscode"})
	for said := ""; !strings.Contains(said, "its image has no debugpy, and neither uv nor pip brings it"); {
		said = daptest.Event[dap.OutputEventBody](editor, "output").Output
	}
	editor.Close()
	if got := <-c.request("neither", "/"); got.body != "version 0" {
		t.Errorf("without a debugger: %q, %v", got.body, got.err)
	}
	if log := c.log(); strings.Count(log, "uv add --dev debugpy") != 1 {
		t.Errorf("the remedy is said once:\n%s", log)
	}
}

// debugs hits a breakpoint in a service, and fails if debugpy was by then installed or copied another number of times. An
// editor that loses its patience while it is being installed does no harm.
func (c *checkout) debugs(service string, installed, copied int) {
	c.Helper()
	if !c.keepsDebugpy() {
		c.impatient(service)
	}
	s := c.attach(service, daptest.Lines(filepath.Join(c.folder, "src/answer.py"), answeringAt(0)))
	s.hits(0)
	s.editor.Disconnect()
	if log := c.log(); strings.Count(log, "devenv installs it") != installed || strings.Count(log, "devenv copies in") != copied {
		c.Errorf("%s: want %d times installed, %d copied:\n%s", service, installed, copied, log)
	}
}

// impatient is an editor that leaves before it was let in.
func (c *checkout) impatient(service string) {
	c.Helper()
	address, _ := c.launch(service)
	editor := daptest.Connect(c.T, address)
	editor.Send("initialize", map[string]any{"adapterID": "debugpy", "clientID": "vscode"})
	for deadline := time.Now().Add(within); !c.keepsDebugpy(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.Fatalf("%s: not installed within %s:\n%s", service, within, c.log())
		}
	}
	editor.Disconnect()
}

// keepsDebugpy says whether an installed debugpy is kept for the next container.
func (c *checkout) keepsDebugpy() bool { return len(c.archives()) == 1 }

func (c *checkout) forgetDebugpy() {
	c.Helper()
	for _, archive := range c.archives() {
		if err := os.Remove(archive); err != nil {
			c.Fatal(err)
		}
	}
}

func (c *checkout) archives() []string {
	c.Helper()
	archives, err := filepath.Glob(filepath.Join(c.folder, ".devenv/state/debugpy-*.tar"))
	if err != nil {
		c.Fatal(err)
	}
	return archives
}

func (c *checkout) recreate(service string) {
	c.Helper()
	if _, err := docker("rm", "-f", c.project+"-"+service+"-1"); err != nil {
		c.Fatal(err)
	}
	c.devenv("up", "-d")
}

// packages are those of a service's own environment.
func (c *checkout) packages(service string) string {
	c.Helper()
	list, err := docker("exec", c.project+"-"+service+"-1", "uv", "pip", "list")
	if err != nil {
		c.Fatal(err)
	}
	return list
}

// files are those of the project that are not devenv's, each with its size and time.
func (c *checkout) files() string {
	c.Helper()
	var all []string
	err := filepath.WalkDir(c.folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() && entry.Name() == ".devenv" {
			return cmp.Or(err, filepath.SkipDir)
		}
		if info, err := entry.Info(); err == nil && !entry.IsDir() {
			all = append(all, fmt.Sprint(path, info.Size(), info.ModTime()))
		}
		return nil
	})
	if err != nil {
		c.Fatal(err)
	}
	return strings.Join(all, "\n")
}
