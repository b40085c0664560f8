package project_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"devenv/devenv/fault"
	"devenv/devenv/project"
)

// folder writes files, given as "-- name --" sections like a txtar archive, into a fresh folder.
func folder(t testing.TB, archive string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range strings.Split("\n"+archive, "\n-- ")[1:] {
		name, content, _ := strings.Cut(section, " --\n")
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestErrors shows the words of every refusal. A line that begins with "  " is the hint of the line above; $DIR
// stands for the folder.
func TestErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, files, want string
		req               project.Request
		selected          string // a service
	}{
		{
			name: "no compose file", files: "-- README --\n",
			want: "no compose file in $DIR or a folder above it\n  create compose.yaml, compose.yml, docker-compose.yml, docker-compose.yaml, or name a file with -f",
		},
		{name: "-f of a file that is not there", req: project.Request{Files: []string{"dev.yml"}}, want: "dev.yml: no such file"},
		{name: "-f of a folder", files: "-- dev/x --\n", req: project.Request{Files: []string{"dev"}}, want: "dev: is a folder"},
		{name: "-f - without input", req: project.Request{Files: []string{"-"}}, want: "-f -: there is no standard input to read the compose file from"},
		{name: "COMPOSE_FILE of a file that is not there", req: project.Request{Env: []string{"COMPOSE_FILE=a.yml"}}, want: "COMPOSE_FILE: a.yml: no such file"},
		{name: "--env-file that is not there", req: project.Request{EnvFiles: []string{"my.env"}}, want: "--env-file my.env: no such file"},
		{
			name: "YAML syntax", files: "-- compose.yaml --\nservices:\n  api:\n   image: x\n  - y",
			want: "compose.yaml:4:3: did not find expected key while parsing a block mapping that begins in line 2",
		},
		{
			name: "a tab", files: "-- compose.yaml --\nservices:\n\tapi: x",
			want: "compose.yaml:2:1: found character that cannot start any token while scanning for the next token that begins in line 2",
		},
		{name: "an unknown anchor", files: "-- compose.yaml --\nname: a\nservices: *nope", want: "compose.yaml:2:11: unknown anchor 'nope' referenced"},
		{
			name: "a key twice", files: "-- compose.yaml --\nservices:\n  api:\n    image: a\n    image: b",
			want: `compose.yaml:4: mapping key "image" already defined at line 3`,
		},
		{name: "empty", files: "-- compose.yaml --\n# nothing", want: "empty compose file"},
		{
			name: "unknown key of a service", files: "-- docker-compose.yml --\nservices:\n  api:\n    image: x\n    comand: run",
			want: "docker-compose.yml:4: services.api: unknown key \"comand\"\n  did you mean \"command\"?",
		},
		{
			name: "unknown key of build", files: "-- compose.yaml --\nservices:\n  api:\n    build:\n      contxt: .",
			want: "compose.yaml:4: services.api.build: unknown key \"contxt\"\n  did you mean \"context\"?",
		},
		{
			name: "unknown key at the top", files: "-- compose.yaml --\nservces:\n  api: {image: x}",
			want: "compose.yaml:1: unknown key \"servces\"\n  did you mean \"services\"?",
		},
		{
			name: "unknown keys in a list", files: "-- compose.yaml --\nservices:\n  api:\n    image: x\n    volumes:\n      - {type: bind, targt: /x, target: /y}",
			want: "compose.yaml:5: services.api.volumes.0: unknown key \"targt\"\n  did you mean \"target\"?",
		},
		{
			name: "unknown key in the override file", files: "-- compose.yaml --\nservices: {api: {image: x}}\n-- compose.override.yaml --\nservices:\n  api:\n    ports: []\n    imag: y",
			want: "compose.override.yaml:4: services.api: unknown key \"imag\"\n  did you mean \"image\"?",
		},
		{
			name: "unknown key in a base", files: "-- compose.yaml --\nservices: {api: {extends: {file: sub/base.yml, service: app}}}\n-- sub/base.yml --\nservices:\n  app:\n    image: y\n    restrt: always",
			want: "sub/base.yml:4: services.api: unknown key \"restrt\"\n  did you mean \"restart\"?",
		},
		{
			name: "bad name", files: "-- compose.yaml --\nservices:\n  my api: {image: x}",
			want: "compose.yaml:2: services: \"my api\" is no valid name\n  a name consists of letters, digits, dots, hyphens and underscores",
		},
		{name: "wrong type", files: "-- compose.yaml --\nservices:\n  api:\n    image: [x]", want: "compose.yaml:3: services.api.image: must be a string"},
		{name: "wrong type below a dotted name", files: "-- compose.yaml --\nservices:\n  api.v1:\n    image: x\n    ports: 80", want: "compose.yaml:4: services.api.v1.ports: must be a list"},
		{
			name: "bad duration", files: "-- compose.yaml --\nservices:\n  api:\n    image: x\n    healthcheck:\n      interval: soon",
			want: `compose.yaml:5: services.api.healthcheck.interval: time: invalid duration "soon"`,
		},
		{
			name: "bad port", files: "-- compose.yaml --\nservices:\n  api:\n    image: x\n    ports:\n      - 80\n      - ${P:-99999}:80",
			want: `compose.yaml:6: services.api.ports: "99999:80": invalid hostPort: 99999`,
		},
		{name: "bad boolean", files: "-- compose.yaml --\nservices:\n  api:\n    image: x\n    init: maybe", want: "compose.yaml:4: services.api.init: invalid boolean: maybe"},
		{
			name: "bad interpolation", files: "-- compose.yaml --\nservices:\n  api:\n    image: \"x:${\"",
			want: "compose.yaml:3: services.api.image: \"x:${\" is no valid variable\n  write $$ for a dollar sign that is meant literally",
		},
		{
			name: "neither image nor build", files: "-- compose.yaml --\nservices:\n  api:\n    command: x",
			want: "compose.yaml:2: services.api: has neither an image nor a build context specified",
		},
		{
			name: "undefined dependency", files: "-- compose.yaml --\nservices:\n  api:\n    image: x\n    depends_on:\n      - dbb\n  db: {image: y}",
			want: "compose.yaml:5: services.api.depends_on: no service \"dbb\"\n  did you mean \"db\"?",
		},
		{
			name: "undefined volume", files: "-- compose.yaml --\nservices:\n  api:\n    image: x\n    volumes: [data:/data]",
			want: "compose.yaml:4: services.api.volumes: no volume \"data\" is defined\n  define it under volumes: at the top level",
		},
		{
			name: "undefined network", files: "-- compose.yaml --\nservices:\n  api:\n    image: x\n    networks:\n      - frnt\nnetworks: {front: }",
			want: "compose.yaml:5: services.api.networks: no network \"frnt\" is defined\n  did you mean \"front\"?",
		},
		{
			name: "dependency cycle", files: "-- compose.yaml --\nservices:\n  api:\n    image: x\n    depends_on: [api]",
			want: "compose.yaml:4: depends_on: a cycle: api -> api",
		},
		{
			name: "extends a service that is not there", files: "-- compose.yaml --\nservices:\n  api:\n    extends: webb\n  web: {image: x}",
			want: "compose.yaml:3: services.api.extends: no service \"webb\"\n  did you mean \"web\"?",
		},
		{
			name: "extends a service that its file lacks", files: "-- compose.yaml --\nservices:\n  api:\n    extends:\n      service: app\n      file: base.yml\n-- base.yml --\nservices: {}",
			want: "compose.yaml:3: services.api.extends: no service \"app\" in base.yml",
		},
		{
			name: "extends a file that is not there", files: "-- compose.yaml --\nservices:\n  api:\n    extends: {service: app, file: base.yml}",
			want: "compose.yaml:3: base.yml: no such file",
		},
		{
			name: "extends cycle", files: "-- compose.yaml --\nservices:\n  api: {extends: {service: api, file: compose.yaml}}",
			want: "extends: a cycle: api (compose.yaml) -> api (compose.yaml)",
		},
		{name: "include of a file that is not there", files: "-- compose.yaml --\ninclude: [parts/db.yml]\nservices: {a: {image: a}}", want: "compose.yaml:1: parts/db.yml: no such file"},
		{
			name: "include cycle", files: "-- compose.yaml --\ninclude: [b.yml]\nservices: {a: {image: a}}\n-- b.yml --\ninclude: [compose.yaml]",
			want: "include: a cycle: compose.yaml -> b.yml -> compose.yaml",
		},
		{
			name: "project name", files: "-- compose.yaml --\nservices: {a: {image: a}}", req: project.Request{Name: "My Project"},
			want: "project name \"My Project\": is not valid\n  a name consists of lower case letters, digits, hyphens and underscores, and begins with a letter or digit",
		},
		{
			name: "project name in the environment", files: "-- compose.yaml --\nservices: {a: {image: a}}", req: project.Request{Env: []string{"COMPOSE_PROJECT_NAME=A"}},
			want: "project name \"A\": is not valid\n  a name consists of lower case letters, digits, hyphens and underscores, and begins with a letter or digit",
		},
		{
			name: "volumes to share", files: "-- compose.yaml --\nx-devenv:\n  volumes: {dat: shared}\nservices: {a: {image: a, volumes: [\"data:/d\"]}}\nvolumes: {data: {}}",
			want: "compose.yaml:2:13: x-devenv.volumes.dat: no such volume\n  did you mean \"data\"?",
		},
		{
			name: "volumes to keep", files: "-- compose.yaml --\nx-devenv: {volumes: mine}\nservices: {a: {image: a}}",
			want: "compose.yaml:1:12: x-devenv.volumes: must be shared, or a mapping of volumes to shared",
		},
		{
			name: "unknown service", files: "-- compose.yaml --\nservices: {api: {image: a}, db: {image: b}}", selected: "apii",
			want: "service \"apii\": no such service\n  did you mean \"api\"?",
		},
		{
			name: "unknown service like no other", files: "-- compose.yaml --\nservices: {api: {image: a}, db: {image: b}}", selected: "frontend",
			want: "service \"frontend\": no such service\n  the services are api, db",
		},
		{
			name: "env files missing", files: "-- docker-compose.yml --\nservices:\n  api:\n    image: a\n    env_file:\n      - ./containers/api/api.env\n      - path: other.env\n      - {path: maybe.env, required: false}\n  db:\n    image: b\n    env_file: ./db.env",
			want: "docker-compose.yml:5: env_file ./containers/api/api.env: no such file\n  create it, or let it be optional: {path: containers/api/api.env, required: false}\n" +
				"docker-compose.yml:6: env_file other.env: no such file\n  create it, or let it be optional: {path: other.env, required: false}\n" +
				"docker-compose.yml:10: env_file ./db.env: no such file\n  create it, or let it be optional: {path: db.env, required: false}",
		},
		{
			name: "env file syntax", files: "-- compose.yaml --\nservices: {api: {image: a, env_file: api.env}}\n-- api.env --\nA=1\n# b\nB&C=geheim",
			want: `api.env:3: unexpected character "&"`,
		},
		{
			name: "env file quote", files: "-- compose.yaml --\nservices: {api: {image: a, env_file: api.env}}\n-- api.env --\nA=1\nPASSWORD='geheim\nC=2",
			want: "api.env:2: a quote that is never closed",
		},
		{
			name: ".env syntax", files: "-- compose.yaml --\nservices: {api: {image: a}}\n-- .env --\n\nMY KEY=1",
			want: ".env:2: key cannot contain a space",
		},
		{
			name: "required variables",
			files: "-- compose.yaml --\ninclude: [more.yml]\nservices:\n  api:\n    image: a:${TAG:?which version}\n    environment:\n      URL: x://${USER_NAME?}:${PASSWORD:?the password of ${DB:-db}}@db\n    extends: {file: base.yml, service: base}\n" +
				"-- more.yml --\nservices:\n  other:\n    image: ${OTHER:?}\n-- base.yml --\nservices:\n  base:\n    hostname: ${HOST_NAME?name it}",
			want: "base.yml:3: HOST_NAME is required and not set: name it\n  set HOST_NAME in .env or in the environment\n" +
				"compose.yaml:4: TAG is required and not set: which version\n  set TAG in .env or in the environment\n" +
				"compose.yaml:6: PASSWORD is required and not set: the password of db\n  set PASSWORD in .env or in the environment\n" +
				"compose.yaml:6: USER_NAME is required and not set\n  set USER_NAME in .env or in the environment\n" +
				"more.yml:3: OTHER is required and not set\n  set OTHER in .env or in the environment",
		},
		{
			name: "x-devenv, unknown key", files: "-- compose.yaml --\nservices:\n  api:\n    image: a\n    x-devenv:\n      sorce: ./src:/src",
			want: "compose.yaml:5:7: services.api.x-devenv: unknown key \"sorce\"\n  did you mean \"source\"?",
		},
		{
			name: "x-devenv, unknown key of a mode", files: "-- compose.yaml --\nservices:\n  api:\n    image: a\n    x-devenv: {modes: {prod: {image: x}}}",
			want: "compose.yaml:4:31: services.api.x-devenv.modes.prod: unknown key \"image\"\n  the keys are command, dockerfile, entrypoint, environment, target",
		},
		{
			name: "x-devenv, another debugger", files: "-- compose.yaml --\nservices:\n  api:\n    image: a\n    x-devenv:\n      debug: gdb",
			want: "compose.yaml:5:7: services.api.x-devenv.debug: no debugger \"gdb\"\n  delve; a Python service has its own without asking",
		},
		{
			name: "x-devenv, unknown key of debug", files: "-- compose.yaml --\nservices:\n  api:\n    image: a\n    x-devenv:\n      debug: {onsave: wait}",
			want: "compose.yaml:5:15: services.api.x-devenv.debug: unknown key \"onsave\"\n  did you mean \"on_save\"?",
		},
		{
			name: "x-devenv, unknown value of debug.on_save", files: "-- compose.yaml --\nservices:\n  api:\n    image: a\n    x-devenv: {debug: {on_save: stop}}",
			want: "compose.yaml:4:24: services.api.x-devenv.debug.on_save: \"stop\" is neither let-go nor wait",
		},
		{
			name: "x-devenv, not a mapping", files: "-- compose.yaml --\nservices: {api: {image: a}}\nx-devenv: dev",
			want: "compose.yaml:2:1: x-devenv: must be a mapping",
		},
		{
			name: "x-devenv, wrong type", files: "-- compose.yaml --\nservices: {api: {image: a}}\nx-devenv:\n  mode: [dev]",
			want: "compose.yaml:3:3: x-devenv.mode: must be a string",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			req := test.req
			req.Dir = folder(t, test.files)
			loaded, err := project.Load(t.Context(), req)
			if err == nil && test.selected != "" {
				_, err = loaded.Select(test.selected)
			}
			if err == nil {
				t.Fatal("no error")
			}
			if fault.ExitStatus(err) != int(fault.Usage) {
				t.Errorf("exit status %d for %T", fault.ExitStatus(err), err)
			}
			if got := strings.ReplaceAll(words(err), req.Dir, "$DIR"); got != test.want {
				t.Errorf("it says\n%s\nnot\n%s", got, test.want)
			}
		})
	}
}

// words are the messages and hints of err as text.
func words(err error) string {
	var lines []string
	for _, part := range fault.All(err) {
		lines = append(lines, part.Error())
		var known *fault.Error
		if errors.As(part, &known) && known.Hint != "" {
			lines = append(lines, "  "+known.Hint)
		}
	}
	return strings.Join(lines, "\n")
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	dir := folder(t, `-- compose.yaml --
services:
  api:
    image: a:${TAG}
    environment: {A: "${UNSET:-${ALSO}}"}
    env_file: sub/api.env
-- sub/api.env --
A=1
# comment
DATABASE_URL=one
KEY="two
lines"

export DATABASE_URL = two
-- .env --
X=1
X=2`)
	loaded, err := project.Load(t.Context(), project.Request{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	want := `compose.yaml:4: variable ALSO is not set, blank is used
compose.yaml:3: variable TAG is not set, blank is used
.env:1: X is set twice, the later line 2 wins
sub/api.env:3: DATABASE_URL is set twice, the later line 7 wins`
	if got := strings.Join(loaded.Warnings, "\n"); got != want {
		t.Errorf("it warns\n%s\nnot\n%s", got, want)
	}
}
