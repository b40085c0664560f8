package reload_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/reload"
	"devenv/devenv/source"
	"devenv/devenv/watch"
)

// Every line of testdata/decisions.txt that begins with a sign is a change (+ created, ~ modified, - deleted); changes
// that follow each other are one batch, and the lines below it, indented, are the actions.
func TestDecide(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("testdata/decisions.txt")
	if err != nil {
		t.Fatal(err)
	}
	view := shop()
	var got strings.Builder
	var batch watch.Batch
	flush := func() {
		for _, action := range reload.Decide(batch, view) {
			got.WriteString("    " + shown(action) + "\n")
		}
		batch = watch.Batch{}
	}
	for line := range strings.Lines(string(script)) {
		switch {
		case strings.HasPrefix(line, "    "):
			if len(batch.Changes) > 0 {
				flush()
			}
			continue
		case strings.ContainsAny(line[:1], "+~-"):
			kind := map[byte]watch.Kind{'+': watch.Created, '~': watch.Modified, '-': watch.Deleted}[line[0]]
			batch.Changes = append(batch.Changes, watch.Change{Path: "/shop/" + strings.TrimSpace(line[1:]), Kind: kind})
		}
		got.WriteString(line)
	}
	if got.String() != string(script) {
		t.Errorf("got:\n%s", got.String())
	}
}

func shown(action reload.Action) string {
	text := action.String()
	for _, c := range action.Copies {
		sign := " -> "
		if c.Deleted {
			sign = " x> "
		}
		text += "; " + c.Host + sign + c.Container
	}
	return strings.ReplaceAll(text, "/shop/", "")
}

// shop is a project with one service of each sort.
func shop() reload.View {
	bind := func(host, container string) types.ServiceVolumeConfig {
		return types.ServiceVolumeConfig{Type: types.VolumeTypeBind, Source: filepath.Join("/shop", host), Target: container}
	}
	service := func(name string, style reload.Style, volumes []types.ServiceVolumeConfig, rules ...types.Trigger) reload.Service {
		config := types.ServiceConfig{Name: name, Build: &types.BuildConfig{Context: "/shop"}, Volumes: volumes}
		s := reload.Service{Name: name, Style: style, Mapping: source.NewMapping(config, func(string) bool { return false })}
		for _, rule := range rules {
			rule.Path = filepath.Join("/shop", rule.Path)
			s.Triggers = append(s.Triggers, source.NewTrigger(config, rule, "compose.yml:9", nil))
		}
		return s
	}
	api := service("api", reload.Fork, []types.ServiceVolumeConfig{bind("src", "/app/src")})
	api.Dependencies = []string{"/shop/pyproject.toml", "/shop/uv.lock"}
	api.Build = &reload.Build{Context: "/shop", Dockerfile: "/shop/Dockerfile", Sources: []string{"pyproject.toml", "uv.lock", "./deploy/", "*.cfg", "src"}}
	worker := service("worker", reload.Fork, []types.ServiceVolumeConfig{bind("src", "/app/src")}, types.Trigger{Path: "src/jobs", Action: types.WatchActionRestart})
	web := service("web", reload.NoPython, []types.ServiceVolumeConfig{bind("web", "/web"), {Type: types.VolumeTypeVolume, Target: "/web/cache"}},
		types.Trigger{Path: "web/package.json", Action: types.WatchActionRebuild},
		types.Trigger{Path: "web/conf", Action: types.WatchActionSyncExec, Target: "/etc/web", Ignore: []string{"*.bak"}, Exec: types.ServiceHook{Command: types.ShellCommand{"web", "-s", "reload"}}},
		types.Trigger{Path: "web/pages", Action: types.WatchActionSync, Target: "/web/pages"},
		types.Trigger{Path: "web/themes", Action: types.WatchActionSyncRestart, Target: "/themes", Include: []string{"**/*.css"}},
	)
	admin := service("admin", reload.Fork, nil, types.Trigger{Path: "admin", Action: types.WatchActionSync, Target: "/admin"})
	native := service("native", reload.Native, []types.ServiceVolumeConfig{bind("native", "/native")})
	goapi := service("goapi", reload.RestartContainer, []types.ServiceVolumeConfig{bind("go", "/go/src/app")})
	gobin := service("gobin", reload.RebuildImage, []types.ServiceVolumeConfig{bind("gobin", "/src")})
	gobin.Build = &reload.Build{Context: "/shop/gobin", Dockerfile: "/shop/gobin/Dockerfile", Sources: []string{"*.go", "go.mod"}}
	trial := service("trial", reload.Fork, []types.ServiceVolumeConfig{bind("trial", "/app"), {Type: types.VolumeTypeVolume, Target: "/cache"}})
	trial.Build = &reload.Build{Context: "/shop/trial", Dockerfile: "/shop/trial/Dockerfile", Sources: []string{"."}, Placed: []reload.Placed{
		{Source: ".", Dest: "/srv"}, {Source: "./docker-entrypoint.sh", Dest: "/docker-entrypoint.sh"}, {Source: "run.sh", Dest: "/app/"},
		{Source: "seed.sh", Dest: "/cache/"}, {Source: "conf/", Dest: "/etc/trial"}, {Source: "gunicorn.conf.py", Dest: "/etc/gunicorn/"},
		{Source: "scripts/*.sh", Dest: "/usr/local/bin/"},
	}}
	tree := source.NewTree(source.Rules{Roots: []string{"/shop"}, Include: []source.Line{{Pattern: "*.graphql", Folder: "/shop", Origin: "compose.yml:3"}}})
	return reload.View{
		Compose:  []string{"/shop/compose.yml", "/shop/.env"},
		EnvFiles: map[string][]string{"/shop/api.env": {"api", "worker"}},
		Services: []reload.Service{admin, api, goapi, gobin, native, trial, web, worker},
		Ignored:  func(path string) source.Verdict { return tree.Ignored(path, false) },
	}
}
