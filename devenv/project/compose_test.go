package project_test

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/flags"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/docker/compose/v5/pkg/compose"
	"github.com/sirupsen/logrus"

	"devenv/devenv/project"
)

// example is a folder of testdata and the way it is loaded.
type example struct {
	name     string
	dir      string // below testdata, where the command is started
	env      []string
	req      project.Request // without Dir and Env
	services []string        // to select
}

var examples = []example{
	{name: "default name and .env", dir: "fastapi"},
	{name: "process environment over .env", dir: "fastapi", env: []string{"POSTGRES_PASSWORD=shell", "POSTGRES_VERSION=16"}},
	{name: "one service and what it needs", dir: "fastapi", services: []string{"db"}},
	{name: "override file", dir: "override"},
	{name: "override file not used with -f", dir: "override", req: project.Request{Files: []string{"compose.yaml"}}},
	{name: "-f twice", dir: ".", req: project.Request{Files: []string{"override/compose.yaml", "override/compose.override.yml"}}},
	{name: "-p", dir: "override", req: project.Request{Name: "mine"}},
	{name: "COMPOSE_FILE and COMPOSE_PROFILES in .env", dir: "composefile"},
	{name: "COMPOSE_PATH_SEPARATOR", dir: "composefile", env: []string{"COMPOSE_PATH_SEPARATOR=,", "COMPOSE_FILE=first.yml,second.yml"}},
	{name: "COMPOSE_PROFILES", dir: "composefile", env: []string{"COMPOSE_PROFILES=never, debug"}},
	{name: "include", dir: "include"},
	{name: "include, from the environment", dir: "include", env: []string{"SHARED=shell", "TAG=v1"}},
	{name: "extends", dir: "extends"},
	{name: "profiles, none", dir: "profiles"},
	{name: "profiles, one", dir: "profiles", env: []string{"COMPOSE_PROFILES=tools"}},
	{name: "profiles, all", dir: "profiles", env: []string{"COMPOSE_PROFILES=*"}},
	{name: "profile of a named service", dir: "profiles", services: []string{"debug"}},
	{name: "interpolation operators", dir: "operators"},
	{name: "interpolation operators, set", dir: "operators", env: []string{"EMPTY=full", "NEST=n", "UNSET=x", "INIT=no", "PORT=81"}},
	{name: "anchors and merge keys", dir: "anchors"},
	{name: "!reset and !override", dir: "reset"},
	{name: "several documents", dir: "documents"},
	{name: "every key", dir: "everything", env: []string{"MY_TOKEN=t"}},
	{name: "--env-file", dir: "envfile", req: project.Request{EnvFiles: []string{"one.env", "two.env"}}},
	{name: "--env-file under the environment", dir: "envfile", env: []string{"HOST=shell", "Y=shell"}, req: project.Request{EnvFiles: []string{"one.env", "two.env"}}},
	{name: "COMPOSE_ENV_FILES", dir: "envfile", env: []string{"COMPOSE_ENV_FILES=two.env,one.env"}},
	{name: "no .env", dir: "fastapi", env: []string{"COMPOSE_DISABLE_ENV_FILE=1"}},
	{name: "folder above", dir: "parent/sub/deeper"},
	{name: "--project-directory", dir: ".", req: project.Request{ProjectDir: "fastapi"}},
	{name: "--project-directory apart from -f", dir: ".", req: project.Request{Files: []string{"documents/compose.yaml"}, ProjectDir: "operators"}},
}

// request completes an example's request for this machine.
func (e example) request(t testing.TB) project.Request {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("testdata", e.dir))
	if err != nil {
		t.Fatal(err)
	}
	req := e.req
	req.Dir = dir
	req.Env = append([]string{"HOME=/home/dev", "PWD=" + dir}, e.env...)
	return req
}

// TestMarshalPrintsWhatComposePrints loads every example with the compose SDK, as `docker compose config` does, and
// compares bytes. The SDK reads the process's environment and folder, so this test is not parallel.
func TestMarshalPrintsWhatComposePrints(t *testing.T) {
	for _, example := range examples {
		for _, format := range []string{"yaml", "json"} {
			t.Run(example.name+" "+format, func(t *testing.T) {
				req := example.request(t)
				sdk, want := composeConfig(t, req, example.services, format)
				loaded, err := project.Load(t.Context(), req)
				if err == nil && example.services != nil {
					loaded, err = loaded.Select(example.services...)
				}
				if err != nil {
					t.Fatal(err)
				}
				got, err := loaded.Marshal(format, true)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("devenv prints\n%s\ndocker compose prints\n%s", got, want)
				}
				checkUnprinted(t, loaded.Compose, sdk)
			})
		}
	}
}

// composeConfig is what `docker compose config --format` prints: cmd/compose/config.go, by way of the SDK.
func composeConfig(t *testing.T, req project.Request, services []string, format string) (*types.Project, []byte) {
	t.Helper()
	t.Chdir(req.Dir)
	setEnvironment(t, req.Env)
	loaded := sdkLoad(t, req, services)
	resolved, err := loaded.WithServicesEnvironmentResolved(true)
	if err != nil {
		t.Fatal(err)
	}
	content, err := resolved.MarshalYAML()
	if format == "json" {
		content, err = resolved.MarshalJSON()
	}
	if err != nil {
		t.Fatal(err)
	}
	return loaded, bytes.ReplaceAll(content, []byte("$"), []byte("$$"))
}

// checkUnprinted compares what a project holds and `config` does not print.
func checkUnprinted(t *testing.T, got, want *types.Project) {
	t.Helper()
	for name, same := range map[string]bool{
		"Environment":      maps.Equal(got.Environment, want.Environment),
		"WorkingDir":       got.WorkingDir == want.WorkingDir,
		"ComposeFiles":     slices.Equal(got.ComposeFiles, want.ComposeFiles),
		"Profiles":         slices.Equal(got.Profiles, want.Profiles),
		"DisabledServices": slices.Equal(got.DisabledServiceNames(), want.DisabledServiceNames()),
	} {
		if !same {
			t.Errorf("%s differs:\n%+v\nnot\n%+v", name, got, want)
		}
	}
}

func sdkLoad(t *testing.T, req project.Request, services []string) *types.Project {
	t.Helper()
	logrus.SetOutput(t.Output()) // the SDK warns of what the examples leave unset
	defer logrus.SetOutput(os.Stderr)
	docker, err := command.NewDockerCli(command.WithBaseContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	if err := docker.Initialize(flags.NewClientOptions()); err != nil {
		t.Fatal(err)
	}
	sdk, err := compose.NewComposeService(docker)
	if err != nil {
		t.Fatal(err)
	}
	envFiles := req.EnvFiles
	if list := os.Getenv("COMPOSE_ENV_FILES"); list != "" && len(envFiles) == 0 {
		envFiles = strings.Split(list, ",") // the command's default of --env-file
	}
	loaded, err := sdk.LoadProject(context.Background(), api.ProjectLoadOptions{
		ProjectName: req.Name, ConfigPaths: slices.Clone(req.Files), WorkingDir: req.ProjectDir, EnvFiles: envFiles,
		Services: services, Offline: true,
		ProjectOptionsFns: []cli.ProjectOptionsFn{cli.WithDiscardEnvFile},
	})
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// setEnvironment makes env the process's environment until the test ends.
func setEnvironment(t *testing.T, env []string) {
	t.Helper()
	before := os.Environ()
	t.Cleanup(func() {
		os.Clearenv()
		for _, entry := range before {
			name, value, _ := strings.Cut(entry, "=")
			os.Setenv(name, value)
		}
	})
	os.Clearenv()
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		os.Setenv(name, value)
	}
}
