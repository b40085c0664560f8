package project_test

import (
	"testing"

	"devenv/devenv/project"
)

// References come through Compose's interpolation from everywhere that a value of an environment can come from, and
// variables around them are filled in.
func TestReferences(t *testing.T) {
	t.Parallel()
	dir := folder(t, `-- compose.yaml --
services:
  api.v2:
    image: x
    ports: ["${PORT}:8000"]
  web:
    image: x
    environment:
      URL: ${SCHEME:-http}://x:${devenv.port.api.v2.8000}/${TAG}
      DEFAULT: ${UNSET:-${devenv.url.api.v2}}
      DOLLARS: $$HOME $${devenv.url.api.v2.8000}
      INDIRECT: ${FROM_DOTENV}
      QUOTED: "${devenv.url.api.v2}"
    env_file: [web.env, {path: raw.env, format: raw}]
-- web.env --
FROM_FILE="at ${devenv.url.api.v2} by ${TAG}"
LATER=${FROM_FILE}
-- raw.env --
RAW=${TAG}
-- .env --
PORT=80
TAG=one
FROM_DOTENV=${TAG}-${devenv.port.api.v2.8000}`)
	loaded, err := project.Load(t.Context(), project.Request{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"URL":       "http://x:${devenv.port.api.v2.8000}/one",
		"DEFAULT":   "${devenv.url.api.v2}",
		"DOLLARS":   "$HOME ${devenv.url.api.v2.8000}",
		"INDIRECT":  "one-${devenv.port.api.v2.8000}",
		"QUOTED":    "${devenv.url.api.v2}",
		"FROM_FILE": "at ${devenv.url.api.v2} by one",
		"LATER":     "at ${devenv.url.api.v2} by one",
		"RAW":       "${TAG}",
	} {
		if got := loaded.Compose.Services["web"].Environment[name]; got == nil || *got != want {
			t.Errorf("%s: got %v, want %s", name, got, want)
		}
	}
	explained, err := loaded.Explain("web.URL", project.ExplainOptions{})
	const want = `web.URL = http://x:${devenv.port.api.v2.8000}/one (only one place sets it)
> file compose.yaml:8:7  "http://x:${devenv.port.api.v2.8000}/one"  SCHEME is not set; TAG from .env:2`
	if got := told(loaded, explained); err != nil || got != want {
		t.Errorf("%v, got\n%s\nwant\n%s", err, got, want)
	}
	if len(loaded.Warnings) != 0 {
		t.Errorf("warnings %q", loaded.Warnings)
	}
}

// A reference is taken apart from its end, as names of services may hold dots.
func TestFindReferences(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]project.Reference{
		"${devenv.port.api.8000}":    {Service: "api", Port: 8000},
		"${devenv.port.api.v2.8000}": {Service: "api.v2", Port: 8000},
		"$${devenv.url.api.v2}":      {URL: true, Service: "api.v2"},
		"${devenv.url.api.8000}":     {URL: true, Service: "api", Port: 8000},
		"${devenv.url.api.0}":        {URL: true, Service: "api.0"},
		"${devenv.port.api}":         {},
		"${devenv.port.8000}":        {},
		"${devenv.port.api.80000}":   {},
		"${devenv.prot.api.8000}":    {},
		"${devenv.}":                 {},
	} {
		want.Text = text
		all := project.FindReferences("a " + text + " b")
		if len(all) != 1 || all[0] != want {
			t.Errorf("%s: %+v, want %+v", text, all, want)
		}
	}
}

// What a reference cannot mean is said with its place, all of them at once.
func TestReferencesRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, files, want string }{
		{"everywhere that it can stand", `-- compose.yaml --
x-shared: &shared
  SHARED: ${devenv.url.db}
services:
  api:
    image: x
    ports: ["8000:8000", "9000"]
    environment:
      <<: *shared
      SERVICE: ${devenv.port.apj.8000}
      PORT: ${UNSET:-${devenv.port.api.8001}}
      FORM: ${devenv.prot.api.8000}
    env_file: api.env
  db: {image: x, ports: ["5432"]}
  cache: {image: x, command: ["--at", "${devenv.port.cache.6379}"]}
  tool: {image: x, profiles: [tools], ports: ["7000"]}
-- api.env --
FINE=${devenv.port.tool.7000}
WORKER=${devenv.url.worker}
-- .env --
UNUSED=${devenv.port.api.80}`,
			`compose.yaml:2: x-shared.SHARED: ${devenv.url.db}: db publishes no port that speaks HTTP
  it publishes 5432
compose.yaml:9: services.api.environment.SERVICE: ${devenv.port.apj.8000}: no service "apj"
  did you mean "api"?
compose.yaml:10: services.api.environment.PORT: ${devenv.port.api.8001}: api publishes no port 8001
  did you mean "8000"?
compose.yaml:11: services.api.environment.FORM: ${devenv.prot.api.8000} is none of ${devenv.port.SERVICE.PORT}, ${devenv.url.SERVICE}
compose.yaml:14: services.cache.command.1: ${devenv.port.cache.6379}: cache publishes no port 6379
  it publishes none; ports: in the compose file does
.env:1: UNUSED: ${devenv.port.api.80}: api publishes no port 80
  it publishes 8000, 9000
api.env:2: WORKER: ${devenv.url.worker}: no service "worker"
  the services are api, cache, db, tool`},
		{"where nobody fills it in", `-- compose.yaml --
services:
  api:
    image: x:${devenv.port.api.8000}
    ports: ["8000", "${devenv.port.api.8000}:9000"]
    x-devenv: {source: "${devenv.port.api.8000}", modes: {prod: {command: "${devenv.port.api.8000}"}}}`,
			`compose.yaml:3: services.api.image: ${devenv.port.api.8000} is not filled in here
  it can stand in environment, env files, build.args, command, entrypoint and labels
compose.yaml:4: services.api.ports.1: ${devenv.port.api.8000} is not filled in here
  it can stand in environment, env files, build.args, command, entrypoint and labels
compose.yaml:5: services.api.x-devenv.source: ${devenv.port.api.8000} is not filled in here
  it can stand in environment, env files, build.args, command, entrypoint and labels`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := project.Load(t.Context(), project.Request{Dir: folder(t, test.files)})
			if err == nil {
				t.Fatal("no error")
			}
			if got := words(err); got != test.want {
				t.Errorf("it says\n%s\nnot\n%s", got, test.want)
			}
		})
	}
}
