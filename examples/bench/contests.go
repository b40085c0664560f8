package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// contest is one application, and everybody who is to bring a save of one of its files to an answer.
type contest struct {
	what       string
	project    string // its name for Compose
	copied     string // the folder that it is a copy of
	append     string // to its Dockerfile
	insert     string // before the saved file's content
	saved      string // the file that is saved, in the folder src
	mark       string // what the server shows of it
	target     string // the stage that runs
	service    string // lines of the compose file, the same for all
	contenders []contender
}

// contender brings a save into the container in one way, with the service's command that goes with it.
type contender struct {
	what    string
	command string
	ours    bool
	watch   string // the action of develop.watch; "" for a bind mount
	saves   int
	budget  string
}

const (
	uvicorn  = "uvicorn app.main:app --host 0.0.0.0 --port 8000"
	debugged = "python -m debugpy --listen 0.0.0.0:5678 -m " + uvicorn + " --reload --log-level debug"
)

func contests() []contest {
	// The example runs without its database: no migrations first, and nothing that is asked for here needs it.
	fastapi := contest{
		what: "save, FastAPI example", project: "devenv-bench-save-fastapi", copied: "examples/fastapi",
		saved: "app/main.py", mark: "shop", target: "local", service: "env_file: containers/api/api.env",
		contenders: []contender{
			{what: "devenv, the example's command", command: debugged, ours: true, saves: 40},
			{what: "uvicorn --reload", command: uvicorn + " --reload", saves: 15, budget: "12"},
			{what: "the example's: debugpy, uvicorn --reload", command: debugged, saves: 6},
			{what: "compose watch sync, uvicorn --reload", command: uvicorn + " --reload", watch: "sync", saves: 6},
			{what: "compose watch sync+restart, uvicorn", command: uvicorn, watch: "sync+restart", saves: 6},
		},
	}
	pandas := fastapi
	pandas.what, pandas.project = "save, it with pandas", "devenv-bench-save-pandas"
	pandas.append = "\nFROM local AS pandas\nRUN --mount=type=cache,target=/root/.cache/uv uv pip install --python /.venv/bin/python pandas==3.1.1\n"
	pandas.insert = "import pandas  # noqa: F401\n"
	pandas.target = "pandas"
	pandas.service += "\n    x-devenv: {modes: {local: {target: pandas}}}"
	pandas.contenders = fewer(fastapi.contenders)
	runserver := "python manage.py runserver 0.0.0.0:8000"
	django := contest{
		what: "save, Django", project: "devenv-bench-save-django", copied: "examples/bench/django",
		saved: "shop/views.py", mark: "shop", target: "local",
		contenders: []contender{
			{what: "devenv, runserver", command: runserver, ours: true, saves: 16},
			{what: "runserver", command: runserver, saves: 8},
		},
	}
	return []contest{fastapi, pandas, django}
}

// fewer makes half the saves: each takes its peers seconds.
func fewer(contenders []contender) []contender {
	half := make([]contender, len(contenders))
	for i, c := range contenders {
		c.saves /= 2
		half[i] = c
	}
	return half
}

// prepare makes the contest's folder, with one compose file for each contender, and returns the content of the file
// that will be saved.
func (c contest) prepare(dir string, port int) (text []byte, err error) {
	if err := os.CopyFS(dir, os.DirFS(c.copied)); err != nil {
		return nil, err
	}
	dockerfile, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
	if err != nil {
		return nil, err
	}
	text, err = os.ReadFile(c.file(dir))
	all := []error{
		err,
		os.RemoveAll(filepath.Join(dir, ".devenv")), // what somebody has chosen for the example
		write(dir, "Dockerfile", string(dockerfile)+c.append+"\nFROM "+c.target+" AS synced\nCOPY src ./\n"),
	}
	for i, contender := range c.contenders {
		all = append(all, write(dir, composeFile(i), c.composeText(contender, port)))
	}
	return append([]byte(c.insert), text...), errors.Join(all...)
}

func (c contest) file(dir string) string { return filepath.Join(dir, "src", c.saved) }

// composeText is the project for one contender. Without a mount the code is in the image, and Compose syncs it.
func (c contest) composeText(who contender, port int) string {
	target, image, source := c.target, c.project, "volumes: ['./src:/src']"
	if who.watch != "" {
		target, image = "synced", c.project+"-synced"
		source = "develop: {watch: [{action: " + who.watch + ", path: ./src, target: /src}]}"
	}
	return strings.NewReplacer("TARGET", target, "IMAGE", image, "SOURCE", source, "SERVICE", c.service, "PORT", strconv.Itoa(port),
		"COMMAND", who.command).Replace(`services:
  api:
    build: {context: ., target: TARGET}
    image: IMAGE
    entrypoint: []
    command: COMMAND
    ports: ['127.0.0.1:PORT:8000']
    healthcheck: {disable: true}
    SOURCE
    SERVICE
`)
}

func composeFile(contender int) string { return fmt.Sprintf("compose%d.yml", contender) }
