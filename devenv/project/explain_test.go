package project_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/project"
)

// told is an explanation as text: the name, value and rule, then a line for each candidate, > before a winner.
func told(p *project.Project, all []project.Explanation) string {
	var out strings.Builder
	for _, e := range all {
		value := "= " + e.Value
		if e.Unset {
			value = "unset"
		}
		fmt.Fprintf(&out, "%s %s (%s)\n", e.Name, value, e.Rule)
		for _, c := range e.Candidates {
			mark := " "
			if c.Won {
				mark = ">"
			}
			place := string(c.Origin.Kind)
			if c.Origin.File != "" {
				place += fmt.Sprintf(" %s:%d:%d", p.Rel(c.Origin.File), c.Origin.Line, c.Origin.Column)
			}
			line := strings.TrimRight(fmt.Sprintf("%s %s  %q  %s", mark, place, c.Value, c.Note), " ")
			out.WriteString(line + "\n")
		}
	}
	return strings.TrimSpace(out.String())
}

func TestExplain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		example, name, want string
		options             project.ExplainOptions
	}{
		{"default name and .env", "api.DATABASE_URL", `
api.DATABASE_URL = postgresql+asyncpg://app:********@db/app (environment wins over env_file)
> file docker-compose.yml:15:7  "postgresql+asyncpg://app:********@db/app"  POSTGRES_PASSWORD from .env:2
  env_file containers/api/api.env:3:1  "sqlite:///never"`, project.ExplainOptions{}},
		{"default name and .env", "api.GREETING", `
api.GREETING = hello
world (env_file wins over the image)
> env_file containers/api/api.env:4:1  "hello\nworld"
  image  "hi"`, project.ExplainOptions{ImageEnv: func(string) map[string]string { return map[string]string{"GREETING": "hi"} }}},
		{"default name and .env", "api.LANG", `
api.LANG = C.UTF-8 (only one place sets it)
> image  "C.UTF-8"`, project.ExplainOptions{ImageEnv: func(string) map[string]string { return map[string]string{"LANG": "C.UTF-8"} }}},
		{"default name and .env", "db.POSTGRES_PASSWORD", `
db.POSTGRES_PASSWORD = hunter two (only one place sets it)
> file docker-compose.yml:23:9  "hunter two"  passed through from .env:2`, project.ExplainOptions{ShowSecrets: true}},
		{"default name and .env", "POSTGRES_PASSWORD", `
POSTGRES_PASSWORD = ******** (only one place sets it)
> .env .env:2:1  "********"
  default docker-compose.yml:15:21  ""  used here`, project.ExplainOptions{}},
		{"process environment over .env", "POSTGRES_PASSWORD", `
POSTGRES_PASSWORD = ******** (process environment wins over .env)
> process environment  "********"
  .env .env:2:1  "********"
  default docker-compose.yml:15:21  ""  used here`, project.ExplainOptions{}},
		{"default name and .env", "POSTGRES_VERSION", `
POSTGRES_VERSION = 17 (nothing sets it, so each line uses its own default)
> default docker-compose.yml:20:12  "17"  used here`, project.ExplainOptions{}},
		{"default name and .env", "LOG_LEVEL", `
api.LOG_LEVEL = debug (only one place sets it)
> env_file containers/api/api.env:2:1  "debug"`, project.ExplainOptions{}},
		{"default name and .env", "api.build.target", `
api.build.target = local (only one place sets it)
> file docker-compose.yml:5:7  "local"`, project.ExplainOptions{}},
		{"default name and .env", "api.build.dockerfile", `
api.build.dockerfile = Dockerfile (Compose's default)
> default  "Dockerfile"`, project.ExplainOptions{}},
		{"default name and .env", "api.image", `
api.image = fastapi-api (Compose's default)
> default  "fastapi-api"`, project.ExplainOptions{}},
		{"default name and .env", "db.image", `
db.image = postgres:17-bookworm (only one place sets it)
> file docker-compose.yml:20:5  "postgres:17-bookworm"  POSTGRES_VERSION is not set`, project.ExplainOptions{}},
		{"override file", "web.B", `
web.B = over (the later file wins)
> file compose.override.yml:5:9  "over"
  file compose.yaml:8:7  "base"`, project.ExplainOptions{}},
		{"override file", "web.BOTH", `
web.BOTH = 2 (the later env_file wins)
> env_file two.env:2:1  "2"
  env_file one.env:3:1  "1"`, project.ExplainOptions{}},
		{"override file", "web.REF", `
web.REF = 1-base-none (only one place sets it)
> env_file two.env:3:1  "1-base-none"  ONE from the service's environment; A from the service's environment; UNSET is not set`, project.ExplainOptions{}},
		{"override file", "web.command", `
web.command = ["sleep","2"] (the later file wins)
> file compose.override.yml:3:5  "sleep 2"
  file compose.yaml:5:5  "[\"sleep\",\"1\"]"`, project.ExplainOptions{}},
		{"override file", "web.labels.two", `
web.labels.two = 22 (the later file wins)
> file compose.override.yml:8:7  "22"
  file compose.yaml:13:9  "two=2"`, project.ExplainOptions{}},
		{"override file", "web.ports", `
web.ports = [{"mode":"ingress","protocol":"tcp","published":"8080","target":80},{"mode":"ingress","protocol":"tcp","published":"8443","target":443}] (merged: the lists of all files, the later over the earlier)
> file compose.override.yml:9:5  "[\"8443:443\"]"
> file compose.yaml:14:5  "[\"8080:80\"]"`, project.ExplainOptions{}},
		{"include", "db.SET_BY", `
db.SET_BY = main (the including file wins over what it includes)
> file compose.yaml:12:7  "main"
  file parts/db.yml:5:7  "part"
  env_file parts/db.env:2:1  "file"`, project.ExplainOptions{}},
		{"include", "db.SHARED", `
db.SHARED = top (only one place sets it)
> file parts/db.yml:6:7  "top"  SHARED from .env:1`, project.ExplainOptions{}},
		{"include", "db.DB_TAG", `
db.DB_TAG unset (no value is given and none is set, so it is unset in the container)
> file parts/db.yml:7:7  ""  passed through, but DB_TAG is not set`, project.ExplainOptions{}},
		{"include", "db.image", `
db.image = postgres:17 (only one place sets it)
> file parts/db.yml:3:5  "postgres:17"  DB_TAG from parts/.env:1`, project.ExplainOptions{}},
		{"include", "cache.WHO", `
cache.WHO = second (the later file wins)
> file parts/cache.override.yml:3:19  "second"
  file parts/cache.yml:4:19  "first"`, project.ExplainOptions{}},
		{"include", "CACHE_TAG", `
CACHE_TAG = 7 (only one place sets it)
> .env parts/cache.env:1:1  "7"
  default parts/cache.yml:3:12  ""  used here`, project.ExplainOptions{}},
		{"extends", "worker.B", `
worker.B = api (the service nearer in the chain of extends wins)
> file compose.yaml:5:7  "api"
  file common/base.yml:7:7  "base"`, project.ExplainOptions{}},
		{"extends", "worker.C", `
worker.C = worker (only one place sets it)
> file compose.yaml:10:19  "worker"`, project.ExplainOptions{}},
		{"extends", "scheduler.command", `
scheduler.command = ["schedule"] (the service wins over what it extends)
> file compose.yaml:14:5  "schedule"
  file compose.yaml:9:5  "work"`, project.ExplainOptions{}},
		{"anchors and merge keys", "b.WHO", `
b.WHO = b (only one place sets it)
> file compose.yaml:19:7  "b"`, project.ExplainOptions{}},
		{"anchors and merge keys", "c.WHO", `
c.WHO = more (only one place sets it)
> file compose.yaml:6:3  "more"`, project.ExplainOptions{}},
		{"!reset and !override", "web.B", `
web.B = over (the later file wins)
> file compose.override.yaml:8:7  "over"
  file compose.yaml:6:25  "b"`, project.ExplainOptions{}},
		{"!reset and !override", "web.ports", `
web.ports = [{"mode":"ingress","protocol":"tcp","published":"90","target":90}] (only one place sets it)
> file compose.override.yaml:4:5  "[\"90:90\"]"`, project.ExplainOptions{}},
		{"several documents", "a.B", `
a.B = second (the later document of the file wins)
> file compose.yaml:8:19  "second"
  file compose.yaml:4:29  "first"`, project.ExplainOptions{}},
		{"--env-file under the environment", "Y", `
Y = shell (process environment wins over --env-file)
> process environment  "shell"
  --env-file two.env:1:1  "two-one"
  --env-file one.env:2:1  "one"
  default compose.yml:4:33  ""  used here`, project.ExplainOptions{}},
		{"--env-file", "a.QUOTED", `
a.QUOTED = 'as it is' (only one place sets it)
> env_file raw.env:1:1  "'as it is'"`, project.ExplainOptions{}},
		{"default name and .env", "api.NEW", `
api.NEW = flag (-e wins over the image)
> -e  "flag"
  image  "image"`, project.ExplainOptions{RunFlags: []string{"NEW=flag"}, ImageEnv: func(string) map[string]string { return map[string]string{"NEW": "image"} }}},
	} {
		t.Run(test.example+" "+test.name, func(t *testing.T) {
			t.Parallel()
			p := loadExample(t, test.example)
			all, err := p.Explain(test.name, test.options)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := told(p, all), strings.TrimSpace(test.want); got != want {
				t.Errorf("it tells\n%s\nnot\n%s", got, want)
			}
		})
	}
}

func TestExplainRefuses(t *testing.T) {
	t.Parallel()
	p := loadExample(t, "default name and .env")
	for name, want := range map[string]string{
		"api":               "api: is a service, not a value\n  name one of its values, such as api.image or api.environment",
		"api.DATABSE_URL":   "api.DATABSE_URL: no such variable or attribute\n  did you mean \"DATABASE_URL\"?",
		"api.build.taregt":  "api.build.taregt: is not set\n  did you mean \"target\"?",
		"api.hostname":      "api.hostname: is not set",
		"POSTGRES_PASSWROD": "POSTGRES_PASSWROD: no such variable\n  did you mean \"POSTGRES_PASSWORD\"?",
		"QQQ":               "QQQ: no such variable\n  write SERVICE.NAME for a value of a service; the services are api, db",
	} {
		_, err := p.Explain(name, project.ExplainOptions{})
		if err == nil || words(err) != want {
			t.Errorf("%s: it says\n%v\nnot\n%s", name, err, want)
		}
	}
}

func loadExample(t testing.TB, name string) *project.Project {
	t.Helper()
	i := slices.IndexFunc(examples, func(e example) bool { return e.name == name })
	if i < 0 {
		t.Fatalf("no example %q", name)
	}
	p, err := project.Load(t.Context(), examples[i].request(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestTheWinnerIsWhatComposeUses asks for every variable and every attribute of every example.
func TestTheWinnerIsWhatComposeUses(t *testing.T) {
	t.Parallel()
	for _, example := range examples {
		t.Run(example.name, func(t *testing.T) {
			t.Parallel()
			p, err := project.Load(t.Context(), example.request(t))
			if err != nil {
				t.Fatal(err)
			}
			for name, service := range p.Compose.Services {
				for variable, value := range service.Environment {
					checkWinner(t, p, name+".environment."+variable, value)
				}
				checkWinner(t, p, name+".image", known(service.Image))
				checkWinner(t, p, name+".restart", known(service.Restart))
				checkWinner(t, p, name+".hostname", known(service.Hostname))
				for label, value := range service.Labels {
					checkWinner(t, p, name+".labels."+label, &value)
				}
				if build := service.Build; build != nil {
					checkWinner(t, p, name+".build.target", known(build.Target))
					checkWinner(t, p, name+".build.context", known(build.Context))
					for arg, value := range build.Args {
						checkWinner(t, p, name+".build.args."+arg, value)
					}
				}
			}
			for variable, value := range p.Compose.Environment {
				checkWinner(t, p, variable, &value)
			}
		})
	}
}

// unsaid is an attribute that is empty, so it need not be found.
var unsaid = new(string)

func known(value string) *string {
	if value == "" {
		return unsaid
	}
	return &value
}

func checkWinner(t *testing.T, p *project.Project, name string, want *string) {
	t.Helper()
	if want == unsaid {
		return
	}
	all, err := p.Explain(name, project.ExplainOptions{ShowSecrets: true})
	if err != nil {
		t.Error(err)
		return
	}
	for _, e := range all {
		if e.Name != strings.Replace(name, ".environment.", ".", 1) {
			continue // a variable of the process that no file uses: its services were explained
		}
		won := slices.IndexFunc(e.Candidates, func(c project.Candidate) bool { return c.Won })
		switch {
		case won < 0 && want == nil:
		case won < 0:
			t.Errorf("%s is %q, and nobody won", e.Name, *want)
		case want == nil && !e.Unset, want != nil && !same(e.Candidates[won].Value, *want):
			t.Errorf("%s is %v, and the winner is\n%s", name, want, told(p, all))
		}
	}
}

// same tells whether a value as written can be what Compose made of it: paths become absolute, items lose their key.
func same(written, used string) bool {
	if filepath.IsAbs(used) && !filepath.IsAbs(written) {
		return strings.HasSuffix(used, strings.TrimLeft(filepath.Clean(written), "."))
	}
	return written == used || strings.HasSuffix(written, "="+used)
}

// TestPrecedence is the table of Compose's documentation, "Environment variables precedence": what VALUE is in the
// container, given where it is set. "VALUE" alone passes the variable through.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	for i, row := range []struct{ run, environment, envFile, image, host, dotEnv, want string }{
		{"", "", "", "", "1.4", "1.3", ""},
		{"", "", "VALUE=1.6", "1.5", "1.4", "", "1.6"},
		{"", "VALUE=1.7", "", "1.5", "1.4", "", "1.7"},
		{"", "", "", "1.5", "1.4", "1.3", "1.5"},
		{"VALUE=1.8", "", "", "1.5", "1.4", "1.3", "1.8"},
		{"VALUE", "", "", "1.5", "1.4", "1.3", "1.4"},
		{"VALUE", "", "", "1.5", "", "1.3", "1.3"},
		{"", "", "VALUE", "1.5", "1.4", "1.3", "1.4"},
		{"", "", "VALUE", "1.5", "", "1.3", "1.3"},
		{"", "VALUE", "", "1.5", "1.4", "1.3", "1.4"},
		{"", "VALUE", "", "1.5", "", "1.3", "1.3"},
		{"VALUE", "VALUE=1.7", "", "1.5", "1.4", "1.3", "1.4"},
		{"VALUE=1.8", "VALUE=1.7", "", "1.5", "1.4", "1.3", "1.8"},
		{"VALUE=1.8", "", "VALUE=1.6", "1.5", "1.4", "1.3", "1.8"},
		{"VALUE=1.8", "VALUE=1.7", "VALUE=1.6", "1.5", "1.4", "1.3", "1.8"},
	} {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			t.Parallel()
			files := "-- compose.yaml --\nservices:\n  app:\n    image: app\n"
			if row.environment != "" {
				files += "    environment: [" + row.environment + "]\n"
			}
			if row.envFile != "" {
				files += "    env_file: app.env\n-- app.env --\n" + row.envFile + "\n"
			}
			if row.dotEnv != "" {
				files += "\n-- .env --\nVALUE=" + row.dotEnv
			}
			req := project.Request{Dir: folder(t, files)}
			if row.host != "" {
				req.Env = []string{"VALUE=" + row.host}
			}
			var flags []string
			if row.run != "" {
				flags = []string{row.run}
			}
			checkRow(t, req, flags, row.image, row.want)
		})
	}
}

func checkRow(t *testing.T, req project.Request, flags []string, image, want string) {
	t.Helper()
	p, err := project.Load(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	given, err := p.RunEnvironment(flags)
	if err != nil {
		t.Fatal(err)
	}
	environment := types.MappingWithEquals{}.OverrideBy(p.Compose.Services["app"].Environment).OverrideBy(types.NewMappingWithEquals(given))
	got := image
	if value := environment["VALUE"]; value != nil {
		got = *value
	}
	if got != want {
		t.Errorf("the container has %q, not %q", got, want)
	}
	options := project.ExplainOptions{RunFlags: flags}
	if image != "" {
		options.ImageEnv = func(string) map[string]string { return map[string]string{"VALUE": image} }
	}
	all, err := p.Explain("app.VALUE", options)
	if want == "" {
		if err == nil {
			t.Errorf("nothing sets it, yet\n%s", told(p, all))
		}
		return
	}
	if err != nil || all[0].Value != want {
		t.Errorf("%v\n%s\nnot %q", err, told(p, all), want)
	}
}
