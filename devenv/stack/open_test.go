package stack

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/cli/cli/config"
	"github.com/sirupsen/logrus"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
)

// The engine is chosen as the docker command chooses it.
func TestOpenResolvesTheEngine(t *testing.T) {
	keepConfigFolder(t)
	folder := t.TempDir()
	writeContext(t, folder, "remote", "ssh://me@build.example")
	writeFile(t, filepath.Join(folder, "config.json"), `{"currentContext": "remote"}`)
	for name, c := range map[string]struct {
		env        []string
		name, host string
	}{
		"the current context":        {[]string{"DOCKER_CONFIG=" + folder}, "remote", "ssh://me@build.example"},
		"DOCKER_CONTEXT":             {[]string{"DOCKER_CONFIG=" + folder, "DOCKER_CONTEXT=default"}, "default", "unix:///var/run/docker.sock"},
		"DOCKER_HOST":                {[]string{"DOCKER_CONFIG=" + folder, "DOCKER_HOST=tcp://10.0.0.1:2375"}, "default", "tcp://10.0.0.1:2375"},
		"DOCKER_HOST before CONTEXT": {[]string{"DOCKER_CONFIG=" + folder, "DOCKER_HOST=unix:///x", "DOCKER_CONTEXT=remote"}, "default", "unix:///x"},
	} {
		stack, err := Open(t.Context(), c.env, Streams{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if e := stack.Endpoint(); e.Name != c.name || e.Host != c.host {
			t.Errorf("%s: got %s %s, want %s %s", name, e.Name, e.Host, c.name, c.host)
		}
		_ = stack.Close()
	}
}

// keepConfigFolder undoes the effect of DOCKER_CONFIG, which docker/cli keeps for the whole process; so no parallel test.
func keepConfigFolder(t *testing.T) {
	t.Helper()
	before := config.Dir()
	t.Cleanup(func() { config.SetDir(before) })
}

func writeContext(t *testing.T, folder, name, host string) {
	t.Helper()
	digest := fmt.Sprintf("%x", sha256.Sum256([]byte(name))) // how docker's context store names it
	writeFile(t, filepath.Join(folder, "contexts", "meta", digest, "meta.json"),
		`{"Name": "`+name+`", "Metadata": {}, "Endpoints": {"docker": {"Host": "`+host+`", "SkipTLSVerify": false}}}`)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefusals(t *testing.T) {
	keepConfigFolder(t)
	env := []string{"DOCKER_CONFIG=" + t.TempDir(), "DOCKER_CONTEXT=nowhere"}
	_, err := Open(t.Context(), env, Streams{})
	const hint = "hint: `docker context ls` shows the contexts; DOCKER_HOST and DOCKER_CONTEXT choose one"
	if got := told(err); !strings.HasPrefix(got, `docker context "nowhere": `) || !strings.HasSuffix(got, hint) {
		t.Errorf("got %s", got)
	}
	if status := fault.ExitStatus(err); status != int(fault.Usage) {
		t.Errorf("exit status %d", status)
	}
}

// What Compose warns of reaches the report and nothing else.
func TestWarningsAreReported(t *testing.T) {
	r := newRig(t)
	p := r.project(sleeper("api"), sleeper("old"))
	r.up(p)
	delete(p.Services, "old")
	r.events.lines = nil
	r.up(p)
	if all := strings.Join(r.events.lines, "\n"); !strings.Contains(all, "Found orphan containers ("+p.Name+"-old-1)") {
		t.Errorf("got %s", all)
	}
	if r.out.Len() > 0 || logrus.StandardLogger().Out == os.Stderr {
		t.Errorf("something was printed: %s", &r.out)
	}
}

// A volume whose declaration changed keeps its data; nobody is asked.
func TestChangedVolumeKeepsItsData(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	db := sleeper("db")
	db.Volumes = []types.ServiceVolumeConfig{{Type: types.VolumeTypeVolume, Source: "data", Target: "/data"}}
	p := r.project(db)
	p.Volumes = types.Volumes{"data": {Name: p.Name + "_data"}}
	r.up(p)
	c := r.states(p)
	p.Volumes["data"] = types.VolumeConfig{Name: p.Name + "_data", Labels: types.Labels{"changed": "1"}}
	r.up(p)
	equal(t, r.states(p), c)
	kept := `Volume "` + p.Name + `_data" exists but doesn't match configuration in compose file. It is left as it is, with its data.`
	if !r.events.contains(": " + kept) {
		t.Errorf("the report has %q", r.events.lines)
	}
}

// The project that a caller hands in is the caller's.
func TestProjectIsNotChanged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.project(sleeper("api"))
	before, err := p.MarshalYAML()
	r.must(err)
	r.up(p)
	after, err := p.MarshalYAML()
	r.must(err)
	if string(before) != string(after) || p.Services["api"].CustomLabels != nil || p.Networks["default"].CustomLabels != nil {
		t.Errorf("got\n%s\nwant\n%s", after, before)
	}
	containers, err := r.eng.Containers(t.Context(), p.Name)
	r.must(err)
	if containers[0].Labels[engine.LabelOneoff] != "False" || containers[0].Labels["com.docker.compose.project.working_dir"] != p.WorkingDir {
		t.Errorf("labels %v", containers[0].Labels)
	}
}

// Builds log in to a registry with what `docker login` stored: a password, or an identity token without a user.
func TestCredentials(t *testing.T) {
	keepConfigFolder(t)
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "config.json"), `{"auths": {
		"images.example": {"auth": "bWU6c2VzYW1l"},
		"tokens.example": {"auth": "bWU6", "identitytoken": "opaque"}
	}}`)
	stack, err := Open(t.Context(), []string{"DOCKER_CONFIG=" + folder}, Streams{})
	if err != nil {
		t.Fatal(err)
	}
	defer stack.Close()
	for host, want := range map[string]string{"images.example": "me sesame", "tokens.example": " opaque", "open.example": " "} {
		user, secret, err := stack.Credentials(host)
		if err != nil || user+" "+secret != want {
			t.Errorf("%s: %q %q %v, want %q", host, user, secret, err, want)
		}
	}
}

// The --env-file files of a project are found on its containers, as Compose leaves them there.
func TestNameEnvFiles(t *testing.T) {
	p := &types.Project{Name: "shop", Services: types.Services{"web": {Name: "web"}}}
	NameEnvFiles(p, nil)
	if got := Labels(p).Services["web"].CustomLabels["com.docker.compose.project.environment_file"]; got != "" {
		t.Errorf("none were named, the label says %q", got)
	}
	NameEnvFiles(p, []string{"/a.env", "/b.env"})
	if got := Labels(p).Services["web"].CustomLabels["com.docker.compose.project.environment_file"]; got != "/a.env,/b.env" {
		t.Errorf("the label says %q", got)
	}
}

// Compose labels an image with its project and service. Services that share a build share the label, whichever of them
// is enabled.
func TestImageLabels(t *testing.T) {
	t.Parallel()
	shared := func(tag string) *types.BuildConfig {
		return &types.BuildConfig{Context: "/src", Tags: types.StringList{tag}}
	}
	p := &types.Project{
		Name: "shop",
		Services: types.Services{
			"api": {Name: "api", Build: shared("a")}, "db": {Name: "db", Image: "postgres"},
			"web": {Name: "web", Build: &types.BuildConfig{Context: "/web"}}, "worker": {Name: "worker", Build: shared("w")},
		},
		DisabledServices: types.Services{"admin": {Name: "admin", Build: shared("b")}},
	}
	for service, owner := range map[string]string{"admin": "admin", "api": "admin", "worker": "admin", "web": "web", "db": "db"} {
		want := types.Labels{
			"com.docker.compose.project": "shop", "com.docker.compose.service": owner, "com.docker.compose.version": composeVersion(),
			"devenv.built": "true",
		}
		if got := ImageLabels(p, service); !maps.Equal(got, want) {
			t.Errorf("%s: got %v", service, got)
		}
	}
}
