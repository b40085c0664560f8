package project_test

import (
	"path/filepath"
	"strings"
	"testing"

	"devenv/devenv/project"
	"devenv/profiles"
)

// withProfile loads the project of a folder with its profile "mine".
func withProfile(t *testing.T, dir string, env ...string) (*project.Project, error) {
	t.Helper()
	return project.Load(t.Context(), project.Request{Dir: dir, Env: env, Profile: func(folder string) (*profiles.Profile, error) {
		return profiles.Places{Team: filepath.Join(folder, "profiles"), Shown: func(path string) string {
			return strings.TrimPrefix(path, dir+"/")
		}}.Load("mine")
	}})
}

const shop = `
-- compose.yaml --
name: shop
services:
  api:
    image: api:${TAG:-1}
    command: serve
    env_file: team.env
    ports: ["8000:8000", "9000:9000"]
    volumes: ["./src:/src", "./data:/data"]
    environment: {LEVEL: info, REGION: eu}
  worker:
    image: worker
    depends_on: [api]
  admin:
    image: admin
    profiles: [tools]
  shell:
    image: shell
    profiles: [tools]
-- team.env --
FROM_TEAM=1
-- my.env --
FROM_MINE=1
-- mine.yml --
services: {extra: {image: extra}}
-- vars.env --
TAG=vars
OTHER=vars
`

// A profile over compose files: what comes out, by the words of a service's attribute.
func TestProfileApplies(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		profile, name, want string
		env                 []string
	}{
		{profile: "services: {api: {ports: ['18000:8000']}}", name: "api.ports",
			want: "api.ports = [{\"mode\":\"ingress\",\"protocol\":\"tcp\",\"published\":\"18000\",\"target\":8000}] (only one place sets it)\n" +
				"> profile profiles/mine.yaml:1:18  \"[\\\"18000:8000\\\"]\""},
		{profile: "services:\n  api:\n    env: {LEVEL: 0770}", name: "api.LEVEL",
			want: "api.LEVEL = 0770 (the profile wins over the compose files)\n" +
				"> profile profiles/mine.yaml:3:11  \"0770\"\n  file compose.yaml:9:19  \"info\""},
		{profile: "services:\n  api:\n    env:\n      HOME:", name: "api.HOME", env: []string{"HOME=/me"},
			want: "api.HOME = /me (only one place sets it)\n" +
				"> profile profiles/mine.yaml:4:7  \"/me\"  passed through from the process environment"},
		{profile: "services: {api: {env: {WHO: '${USER}'}}}", name: "api.WHO", env: []string{"USER=ann"},
			want: "api.WHO = ann (only one place sets it)\n" +
				"> profile profiles/mine.yaml:1:24  \"ann\"  USER from the process environment"},
		{profile: "services: {api: {env_files: my.env}}", name: "api.FROM_MINE",
			want: "api.FROM_MINE = 1 (only one place sets it)\n> env_file my.env:1:1  \"1\""},
		{profile: "services: {api: {env_files: my.env}}", name: "api.FROM_TEAM",
			want: "api.FROM_TEAM = 1 (only one place sets it)\n> env_file team.env:1:1  \"1\""},
		{profile: "services: {api: {command: [serve, -v]}}", name: "api.command",
			want: "api.command = [\"serve\",\"-v\"] (the profile wins over the compose files)\n" +
				"> profile profiles/mine.yaml:1:18  \"[\\\"serve\\\",\\\"-v\\\"]\"\n  file compose.yaml:5:5  \"serve\""},
		{profile: "services: {api: {reload: 'off'}}", name: "api.x-devenv.reload",
			want: "api.x-devenv.reload = off (only one place sets it)\n> profile profiles/mine.yaml:1:18  \"off\""},
		{profile: "env: {TAG: 2}", name: "api.image",
			want: "api.image = api:2 (only one place sets it)\n> file compose.yaml:4:5  \"api:2\"  TAG from profiles/mine.yaml:1"},
		{profile: "env: {TAG: 2}", name: "TAG", env: []string{"TAG=3"},
			want: "TAG = 3 (process environment wins over profile)\n> process environment  \"3\"\n" +
				"  profile profiles/mine.yaml:1:7  \"2\"\n  default compose.yaml:4:12  \"1\"  used here"},
		{profile: "env_files: vars.env\nenv: {TAG: 2}", name: "TAG",
			want: "TAG = 2 (profile wins over profile env_files)\n> profile profiles/mine.yaml:2:7  \"2\"\n" +
				"  profile env_files vars.env:1:1  \"vars\"\n  default compose.yaml:4:12  \"1\"  used here"},
		{profile: "compose_files: [mine.yml]", name: "extra.image",
			want: "extra.image = extra (only one place sets it)\n> file mine.yml:1:20  \"extra\""},
	} {
		t.Run(test.profile+" "+test.name, func(t *testing.T) {
			t.Parallel()
			loaded, err := withProfile(t, folder(t, shop+"-- profiles/mine.yaml --\n"+test.profile), test.env...)
			if err != nil {
				t.Fatal(err)
			}
			explained, err := loaded.Explain(test.name, project.ExplainOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got := told(loaded, explained); got != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.want)
			}
		})
	}
}

// Which services there are, and under which project's name.
func TestProfileServices(t *testing.T) {
	t.Parallel()
	for profile, want := range map[string]string{
		"":                                     "shop: api worker",
		"project_name: mine":                   "mine: api worker",
		"services: {worker: {enabled: false}}": "shop: api",
		"services: {api: {enabled: false}}":    "shop: worker",
		"services: {admin: {enabled: true}}":   "shop: admin api worker",
		"compose_profiles: tools":              "shop: admin api shell worker",
		"extends: minimal":                     "shop: api worker",
		"compose_profiles: [tools]\nservices: {shell: {enabled: false}}": "shop: admin api worker",
	} {
		loaded, err := withProfile(t, folder(t, shop+"-- .env --\nCOMPOSE_PROFILES=\n-- profiles/mine.yaml --\n"+profile))
		if err != nil {
			t.Errorf("%s: %v", profile, err)
			continue
		}
		if got := loaded.Compose.Name + ": " + strings.Join(loaded.Compose.ServiceNames(), " "); got != want {
			t.Errorf("%s: got %s, want %s", profile, got, want)
		}
	}
}

// A mount of the profile takes the place of the one at the same path in the container; the others stay, source mounts too.
func TestProfileVolumes(t *testing.T) {
	t.Parallel()
	dir := folder(t, shop+"-- profiles/mine.yaml --\nservices: {api: {volumes: ['./other:/data']}}")
	loaded, err := withProfile(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, volume := range loaded.Compose.Services["api"].Volumes {
		got = append(got, strings.TrimPrefix(volume.Source, dir)+":"+volume.Target)
	}
	if want := "/src:/src /other:/data"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// What a profile says of a project that is not so, with the place.
func TestProfileErrors(t *testing.T) {
	t.Parallel()
	for profile, want := range map[string]string{
		"services:\n  wrker: {mode: prod}":                  "profiles/mine.yaml:2:3: services: no service \"wrker\"\n  did you mean \"worker\"?",
		"services:\n  wrker: {enabled: false}":              "profiles/mine.yaml:2:3: services: no service \"wrker\"\n  did you mean \"worker\"?",
		"services:\n  wrker:":                               "profiles/mine.yaml:2:3: services: no service \"wrker\"\n  did you mean \"worker\"?",
		"compose_files:\n  - no.yml":                        "profiles/mine.yaml:2:5: compose_files: no.yml: no such file",
		"env_files: no.env":                                 "profiles/mine.yaml:1:1: env_files: no.env: no such file",
		"services:\n  api:\n    env_files: [no.env]":        "profiles/mine.yaml:3:17: env_file no.env: no such file\n  create it, or let it be optional: {path: no.env, required: false}",
		"services:\n  api:\n    ports: ['x:y']":             "profiles/mine.yaml:3:5: services.api.ports: \"x:y\" is no port; the short form is [[ADDRESS:]HOST:]CONTAINER",
		"env: {A: '${'}":                                    "profiles/mine.yaml:1:7: env.A: \"${\" is no valid variable\n  write $$ for a dollar sign that is meant literally",
		"services: {api: {env: {A: '${'}}}":                 "profiles/mine.yaml:1:24: services.api.environment.A: \"${\" is no valid variable\n  write $$ for a dollar sign that is meant literally",
		"env: {A: '${NOPE:?must be set}'}":                  "profiles/mine.yaml:1:7: env.A: NOPE is required and not set: must be set\n  set NOPE in .env or in the environment",
		"hooks: {before_up: [{run: 'a ${NOPE:?}'}]}":        "profiles/mine.yaml:1:22: hooks.before_up: NOPE is required and not set\n  set NOPE in .env or in the environment",
		"services: {api: {env: {A: '${NOPE:?}'}}}":          "profiles/mine.yaml:1:27: NOPE is required and not set\n  set NOPE in .env or in the environment",
		"services: {api: {ports: ['80', '99999:8000']}}":    "profiles/mine.yaml:1:32: services.api.ports: \"99999:8000\": invalid hostPort: 99999",
		"services: {api: {ports: ['${P:-99999}:8000']}}":    "profiles/mine.yaml:1:26: services.api.ports: \"99999:8000\": invalid hostPort: 99999",
		"services: {api: {ports: ['8000-8002:8000-8001']}}": "profiles/mine.yaml:1:26: services.api.ports: \"8000-8002:8000-8001\": invalid ranges specified for container and host Ports: 8000-8001 and 8000-8002",
		"services: {api: {volumes: ['a:/b', '']}}":          "profiles/mine.yaml:1:36: services.api.volumes: \"\": invalid empty volume spec",
		"services: {api: {resources: {cpus: lots}}}":        "profiles/mine.yaml:1:30: services.api.deploy.resources.limits.cpus: \"lots\" is no number",
		"services: {api: {resources: {pids: 1x}}}":          "profiles/mine.yaml:1:30: services.api.deploy.resources.limits.pids: \"1x\" is no number",
		"project_name: Mine":                                "profiles/mine.yaml:1:1: project_name: \"Mine\" is not a valid name\n  a name consists of lower case letters, digits, hyphens and underscores, and begins with a letter or digit",
		"env:\n  COMPOSE_FILE: x":                           "profiles/mine.yaml:2:3: env: COMPOSE_FILE is Compose's own\n  compose_files, compose_profiles and project_name say the same here",
	} {
		_, err := withProfile(t, folder(t, shop+"-- profiles/mine.yaml --\n"+profile))
		if got := words(err); got != want {
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", profile, got, want)
		}
	}
}
