package project_test

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/project"
)

func TestExtensions(t *testing.T) {
	t.Parallel()
	p := load(t, project.Request{}, `-- compose.yaml --
x-devenv: {mode: "${MODE:-dev}"}
services:
  base:
    image: a
    x-devenv:
      source: ./src:/src
      modes:
        prod: {target: prod, command: serve --workers 2}
  api:
    extends: base
    x-devenv:
      source: [./src:/src, ./tests:/tests]
      modes:
        prod:
          entrypoint: []
          environment: {LOG_LEVEL: warning}
        dev: {dockerfile: Dockerfile.dev, environment: [A=1, B]}
  db: {image: b}`)

	if p.Extension.Mode != "dev" {
		t.Errorf("mode is %q", p.Extension.Mode)
	}
	one, level := "1", "warning"
	want := project.ServiceExtension{
		Source: types.StringList{"./src:/src", "./tests:/tests"},
		Modes: map[string]project.Mode{
			"prod": {
				Target: "prod", Command: types.ShellCommand{"serve", "--workers", "2"}, Entrypoint: types.ShellCommand{},
				Environment: types.MappingWithEquals{"LOG_LEVEL": &level},
			},
			"dev": {Dockerfile: "Dockerfile.dev", Environment: types.MappingWithEquals{"A": &one, "B": nil}},
		},
	}
	if got := p.Services["api"]; !reflect.DeepEqual(got, want) {
		t.Errorf("api is %+v\nnot %+v", got, want)
	}
	if got := p.Services["base"].Source; !slices.Equal(got, []string{"./src:/src"}) {
		t.Errorf("source of base is %v", got)
	}
	if got, found := p.Services["db"]; !found || got.Modes != nil {
		t.Errorf("db is %v %+v", found, got)
	}
}

func TestMarshalMasksSecrets(t *testing.T) {
	t.Parallel()
	p := load(t, project.Request{}, `-- compose.yaml --
services:
  cache:
    image: redis
    command: redis-server --requirepass ${REDIS_PASSWORD}
    build:
      context: https://me:geheim@example.com/repo.git
      args: {NPM_TOKEN: geheim}
    environment:
      REDIS_PASSWORD:
      URL: redis://:geheim@cache/0
      PASSWORD_HASHERS: argon2
configs:
  unused: {content: "x"}
-- .env --
REDIS_PASSWORD=geheim-und-lang`)
	for _, format := range []string{"yaml", "json"} {
		text, err := p.Marshal(format, false)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "geheim") || strings.Count(string(text), "********") != 5 || !strings.Contains(string(text), "argon2") {
			t.Errorf("it prints\n%s", text)
		}
		shown, err := p.Marshal(format, true)
		if err != nil || !strings.Contains(string(shown), "geheim") {
			t.Errorf("masking changed the project: %v\n%s", err, shown)
		}
	}
	if _, err := p.Marshal("toml", false); err == nil || words(err) != "--format toml: no such format\n  the formats are yaml and json" {
		t.Errorf("it says %v", err)
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	files := `-- compose.yaml --
services:
  api: {image: a, depends_on: [db]}
  db: {image: b, environment: {A: }}
  broken: {image: c, profiles: [broken], env_file: absent.env}
  debug: {image: d, profiles: [debug]}`
	p := load(t, project.Request{Env: []string{"A=1"}}, files)
	narrowed, err := p.Select("api")
	if err != nil {
		t.Fatal(err)
	}
	if got := narrowed.Compose.ServiceNames(); !slices.Equal(got, []string{"api", "db"}) {
		t.Errorf("api needs %v", got)
	}
	narrowed, err = p.Select("d*")
	if err != nil {
		t.Fatal(err)
	}
	if got := narrowed.Compose.ServiceNames(); !slices.Equal(got, []string{"db"}) { // as Compose: a pattern enables nothing
		t.Errorf("d* selects %v", got)
	}
	if narrowed, err = p.Select("debug"); err != nil || narrowed.Compose.ServiceNames()[0] != "debug" {
		t.Errorf("debug selects %v, %v", narrowed, err)
	}
	if _, err = p.Select("broken"); err == nil || !strings.HasPrefix(words(err), "compose.yaml:4: env_file absent.env: no such file") {
		t.Errorf("it says %v", err)
	}
	all := load(t, project.Request{WithoutEnvFiles: true, Env: []string{"COMPOSE_PROFILES=broken"}}, files)
	if got := all.Compose.ServiceNames(); !slices.Equal(got, []string{"api", "broken", "db"}) {
		t.Errorf("without env files there is %v", got)
	}
}

func TestStandardInput(t *testing.T) {
	t.Parallel()
	dir := folder(t, "-- extra.yml --\nservices: {a: {environment: {FROM: file}}}")
	p, err := project.Load(t.Context(), project.Request{
		Dir: dir, Files: []string{"-", "extra.yml"}, Stdin: strings.NewReader("services: {a: {image: in, environment: {FROM: stdin}}}"),
	})
	if err != nil {
		t.Fatal(err)
	}
	all, err := p.Explain("a.FROM", project.ExplainOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := "a.FROM = file (the later file wins)\n> file extra.yml:1:30  \"file\"\n  file -:1:41  \"stdin\""
	if got := told(p, all); got != want {
		t.Errorf("it tells\n%s\nnot\n%s", got, want)
	}
	if p.Dir() != dir || p.Compose.Name != strings.ToLower(filepath.Base(dir)) {
		t.Errorf("%s in %s", p.Compose.Name, p.Dir())
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ files, envFiles string }{
		"include":           {"compose.yaml parts/db.yml parts/cache.yml parts/cache.override.yml", ".env parts/db.env"},
		"extends":           {"compose.yaml common/base.yml", "common/base.env"},
		"override file":     {"compose.yaml compose.override.yml", "absent.env one.env two.env"},
		"folder above":      {"../../docker-compose.yaml", ""},
		"--env-file":        {"compose.yml", "one.env two.env raw.env"},
		"COMPOSE_ENV_FILES": {"compose.yml", "two.env one.env raw.env"},
	} {
		p := loadExample(t, name)
		if got := shorten(p, p.Files()); got != want.files {
			t.Errorf("%s: files are %s", name, got)
		}
		if got := shorten(p, p.EnvFiles()); got != want.envFiles {
			t.Errorf("%s: env files are %s", name, got)
		}
	}
	if got := loadExample(t, "--env-file"); shorten(got, got.NamedEnvFiles()) != "one.env two.env" {
		t.Errorf("named are %v", got.NamedEnvFiles())
	}
	if got := loadExample(t, "include"); got.NamedEnvFiles() != nil {
		t.Errorf("named are %v", got.NamedEnvFiles())
	}
}

func shorten(p *project.Project, paths []string) string {
	var all []string
	for _, path := range paths {
		all = append(all, filepath.ToSlash(p.Rel(path)))
	}
	return strings.Join(all, " ")
}

func TestRunEnvironment(t *testing.T) {
	t.Parallel()
	p := load(t, project.Request{Env: []string{"A=host"}}, "-- compose.yaml --\nservices: {a: {image: a, environment: {A: file, B: file}}}")
	got, err := p.RunEnvironment([]string{"C=1", "A", "C=x=y", "GONE", "EMPTY="})
	if err != nil || !slices.Equal(got, []string{"A=host", "C=x=y", "EMPTY="}) {
		t.Errorf("%v %v", got, err)
	}
	if *p.Compose.Services["a"].Environment["A"] != "file" {
		t.Error("the project was changed")
	}
	if _, err := p.RunEnvironment([]string{"=x"}); err == nil || words(err) != "-e =x: no variable name" {
		t.Errorf("it says %v", err)
	}
}

// load writes files into a folder and loads the project in it.
func load(t testing.TB, req project.Request, files string) *project.Project {
	t.Helper()
	req.Dir = folder(t, files)
	p, err := project.Load(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
