package build

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"devenv/devenv/fault"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
)

var _ Dialer = (*client.Client)(nil)

// testEngine is the real engine: the one of DOCKER_HOST, else the local one. Without it the tests fail.
func testEngine(t testing.TB) *client.Client {
	t.Helper()
	c, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := c.Ping(t.Context()); err != nil {
		t.Fatalf("these tests need a Docker Engine: %v", err)
	}
	return c
}

// write makes a directory of files, given as name, content, name, content...
func write(t testing.TB, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// tag is a name for an image that no other test has; the image is removed at the end.
func tag(t testing.TB, c *client.Client, name string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(t.Name()))
	full := fmt.Sprintf("devenv-test/%s:%d-%x", name, os.Getpid(), sum[:4])
	t.Cleanup(func() { remove(t, c, full) })
	return full
}

func remove(t testing.TB, c *client.Client, name string) {
	_, _ = c.ImageRemove(context.WithoutCancel(t.Context()), name, image.RemoveOptions{Force: true, PruneChildren: true})
}

// unique is text that no earlier run has in its cache.
func unique(t testing.TB) string { return fmt.Sprintf("%s %d", t.Name(), time.Now().UnixNano()) }

// request is for a context of files.
func request(t testing.TB, c *client.Client, service string, files ...string) Request {
	t.Helper()
	return Request{Service: service, Tags: []string{tag(t, c, service)}, Build: types.BuildConfig{Context: write(t, files...)}}
}

func run(t testing.TB, c *client.Client, requests ...Request) []Result {
	t.Helper()
	results, err := Run(t.Context(), c, requests, Options{})
	for _, result := range results {
		t.Cleanup(func() { remove(t, c, result.ID) }) // also when a later build took its name
	}
	if err != nil {
		var known *fault.Error
		if errors.As(err, &known) {
			t.Log(strings.Join(known.Detail, "\n"))
		}
		t.Fatal(err)
	}
	return results
}

func mustFail(t testing.TB, c *client.Client, req Request) *fault.Error {
	t.Helper()
	_, err := Run(t.Context(), c, []Request{req}, Options{Dir: req.Build.Context})
	var known *fault.Error
	if !errors.As(err, &known) {
		t.Fatalf("no fault: %v", err)
	}
	return known
}

// A build gives the image its names and the ID that an inspection tells, and is cached when nothing changed.
func TestBuildTwice(t *testing.T) {
	t.Parallel()
	c := testEngine(t)
	req := request(t, c, "api", "Dockerfile", "FROM busybox:1.36 AS base\nRUN echo "+unique(t)+" > /n\n"+
		"FROM base AS local\nCOPY hello /hello\nCMD [\"cat\", \"/hello\"]\nFROM base AS prod\n", "hello", "world")
	req.Build.Target = "local"
	req.Build.Labels = types.Labels{"team": "a"}
	req.Build.Tags = types.StringList{tag(t, c, "second")}
	first, second := run(t, c, req)[0], run(t, c, req)[0]
	if first.Cached || !second.Cached || first.ID != second.ID || first.Image != req.Tags[0] {
		t.Errorf("first %+v\nsecond %+v", first, second)
	}
	for _, name := range []string{req.Tags[0], req.Build.Tags[0]} {
		found, err := c.ImageInspect(t.Context(), name)
		if err != nil || found.ID != first.ID || found.Config.Labels["team"] != "a" {
			t.Errorf("%s: %v %v", name, found.ID, err)
		}
	}
	if err := os.WriteFile(req.Build.Context+"/hello", []byte("moon!"), 0o644); err != nil {
		t.Fatal(err)
	}
	if third := run(t, c, req)[0]; third.Cached || third.ID == first.ID {
		t.Errorf("after a change: %+v", third)
	}
	req.NoCache = true
	if fourth := run(t, c, req)[0]; fourth.Cached {
		t.Errorf("without cache: %+v", fourth)
	}
}

// What the steps see proves that each key reaches BuildKit: the Dockerfile itself checks it.
func TestKeysReachTheBuild(t *testing.T) {
	t.Parallel()
	c := testEngine(t)
	dir := write(t, "ctx/a", "a", "ctx/skip.log", "", "ctx/.dockerignore", "*.log", "docker/api.Dockerfile", `FROM busybox:1.36 AS local
ARG A
ARG FROM_ENV
ARG UNSET=default
RUN test "$A $FROM_ENV $UNSET" = "1 e default"
COPY . /all/
RUN test -f /all/a && test ! -e /all/skip.log
RUN --mount=type=secret,id=file --mount=type=secret,id=env test "$(cat /run/secrets/file) $(cat /run/secrets/env)" = "token s3cret"
RUN --mount=type=ssh test -S "$SSH_AUTH_SOCK"
RUN grep "10.1.2.3.*db" /etc/hosts && test "$(ls /sys/class/net)" = lo
COPY --from=lib only /only
COPY --from=img /bin/busybox /busybox2
RUN <<EOF
test -f /only -a -f /busybox2
EOF
`, "lib/only", "", "lib/never", "", "token", "token", "own.Dockerfile", "FROM busybox:1.36\nCOPY . /all/\nRUN test ! -e /all/a -a -f /all/skip.log\n", "own.Dockerfile.dockerignore", "a\n")
	agent, err := net.Listen("unix", filepath.Join(dir, "agent"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = agent.Close() })
	req := Request{
		Service: "api", Tags: []string{tag(t, c, "keys")},
		Environment: types.Mapping{"FROM_ENV": "e", "SECRET": "s3cret", "SSH_AUTH_SOCK": filepath.Join(dir, "agent")},
		Secrets:     types.Secrets{"file": {File: dir + "/token"}, "s": {Environment: "SECRET"}},
		Build: types.BuildConfig{
			Context: dir + "/ctx", Dockerfile: "../docker/api.Dockerfile", Target: "local", Network: "none",
			Args:               types.MappingWithEquals{"A": ptr("1"), "FROM_ENV": nil, "UNSET": nil},
			Secrets:            []types.ServiceSecretConfig{{Source: "file"}, {Source: "s", Target: "env"}},
			SSH:                types.SSHConfig{{ID: "default"}},
			ExtraHosts:         types.HostsList{"db": {"10.1.2.3"}},
			AdditionalContexts: types.Mapping{"lib": dir + "/lib", "img": "docker-image://busybox:1.36"},
			CacheFrom:          types.StringList{"type=local,src=" + dir + "/no-cache-yet"},
			CacheTo:            types.StringList{"type=inline"},
			Platforms:          types.StringList{"linux/amd64"},
			NoCacheFilter:      types.StringList{"local"},
		},
	}
	own := Request{Service: "own", Tags: []string{tag(t, c, "own")}, Build: types.BuildConfig{Context: dir + "/ctx", Dockerfile: "../own.Dockerfile"}}
	inline := Request{Service: "inline", Tags: []string{tag(t, c, "inline")}, Build: types.BuildConfig{
		Context: dir + "/ctx", DockerfileInline: "# syntax=docker/dockerfile:1\nFROM busybox:1.36\nCOPY a /a\nRUN test ! -e /skip.log\n",
	}}
	results := run(t, c, req, own, inline)
	if len(results) != 3 || results[2].Services[0] != "inline" {
		t.Errorf("%+v", results)
	}
	if again := run(t, c, req)[0]; again.Cached {
		t.Error("no_cache_filter: the stage was taken from the cache")
	}
}

// Equal builds run once; a build that needs another one's image waits for it, sees its files and its config.
func TestBuildsOfOtherServices(t *testing.T) {
	t.Parallel()
	c := testEngine(t)
	base := request(t, c, "base", "Dockerfile", "FROM busybox:1.36\nENV FROM_BASE="+fmt.Sprint(time.Now().UnixNano())+"\nRUN sleep 0.3 && echo $FROM_BASE > /made\nCOPY x /x\n", "x", "")
	base.NoCache = true
	api := request(t, c, "api", "Dockerfile", "FROM base\nCOPY --from=base /x /y\nRUN test \"$(cat /made)\" = \"$FROM_BASE\"\n")
	api.Build.AdditionalContexts = types.Mapping{"base": "service:base"}
	worker := api
	worker.Service, worker.Tags = "worker", []string{tag(t, c, "worker")}
	results := run(t, c, api, base, worker)
	if len(results) != 2 || !slices.Equal(results[0].Services, []string{"api", "worker"}) {
		t.Fatalf("%+v", results)
	}
	for _, name := range []string{api.Tags[0], worker.Tags[0]} {
		if found, err := c.ImageInspect(t.Context(), name); err != nil || found.ID != results[0].ID {
			t.Errorf("%s: %s, %v", name, found.ID, err)
		}
	}
	base.NoCache = false
	for _, again := range run(t, c, api, base, worker) {
		if !again.Cached {
			t.Errorf("again: %+v", again)
		}
	}
}

// Limits hold in the steps, or are refused where the engine's BuildKit is too old: they are never left out.
func TestLimits(t *testing.T) {
	t.Parallel()
	c := testEngine(t)
	limits := map[string]func(*types.BuildConfig){
		"ulimits":  func(b *types.BuildConfig) { b.Ulimits = map[string]*types.UlimitsConfig{"nofile": {Single: 1234}} },
		"shm_size": func(b *types.BuildConfig) { b.ShmSize = 1 << 20 },
	}
	steps := map[string]string{"ulimits": "test $(ulimit -n) = 1234", "shm_size": "df -k /dev/shm | grep -w 1024"}
	for key, set := range limits {
		req := request(t, c, "api", "Dockerfile", "FROM busybox:1.36\nRUN echo "+unique(t)+" && "+steps[key]+"\n")
		set(&req.Build)
		_, err := Run(t.Context(), c, []Request{req}, Options{})
		if err != nil && err.Error() != "api: build."+key+": this engine is too old for it" {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestFailuresNameTheLine(t *testing.T) {
	t.Parallel()
	c := testEngine(t)
	cases := []struct{ dockerfile, want, detail string }{
		{"FROM busybox:1.36\nRUN echo " + unique(t) + "; \\\n  echo evidence; exit 7\n", "Dockerfile:2: RUN echo", "evidence"},
		{"FROM busybox:1.36\nCOPY a src/uv.lock /\n", "Dockerfile:2: COPY src/uv.lock: no such file in the build context", ""},
		{"FROM busybox:1.36\nCOPY hidden /\n", "Dockerfile:2: COPY hidden: .dockerignore keeps it out of the build context", ""},
		{"FROM busybox:1.36\nRUN --mount=type=bind,source=uv.lock,target=/l true\n", "Dockerfile:2: RUN --mount uv.lock: no such file in the build context", ""},
		{"FROM busybox:1.36 AS one\nFROM busybox:1.36\nCOPY --from=one /nope /\n", "Dockerfile:3: COPY nope: no such file in one", ""},
		{"FROM busybox:1.36\n\nRUNN true\n", "Dockerfile:3: unknown instruction: RUNN (did you mean RUN?)", ""},
		{"FROM localhost:1/none:1\n", "Dockerfile:1: image localhost:1/none:1: its registry does not answer", "refused"},
		{"FROM busybox:1.36\nCOPY --from=localhost:1/none:1 / /\n", "Dockerfile:2: image localhost:1/none:1: its registry does not answer", "refused"},
		{"FROM busybox:1.36\nRUN --mount=type=secret,id=pip,required=true true\n", `Dockerfile:2: RUN --mount=type=secret,id=pip,required=true true: secret "pip" is not given to the build`, ""},
		{"FROM busybox:1.36\nRUN dd if=/dev/zero of=/dev/full\n", "Dockerfile:2: RUN dd if=/dev/zero of=/dev/full: no space left on the engine's disk", "No space"},
	}
	for _, test := range cases {
		req := request(t, c, "api", "Dockerfile", test.dockerfile, "a", "", "hidden", "", ".dockerignore", "hidden")
		failed := mustFail(t, c, req)
		if !strings.HasPrefix(failed.Message, test.want) || !strings.Contains(strings.Join(failed.Detail, "\n"), test.detail) {
			t.Errorf("\n got %s %q\nwant %s", failed.Message, failed.Detail, test.want)
		}
	}
}

// What a step prints of a secret is in neither the progress nor the error.
func TestMaskOfABuild(t *testing.T) {
	t.Parallel()
	c := testEngine(t)
	req := request(t, c, "api", "Dockerfile", "FROM busybox:1.36\nARG API_KEY\nRUN printf \"%s key \" $API_KEY; sleep 0.1; echo $API_KEY "+unique(t)+"; exit 7\n")
	req.Build.Args = types.MappingWithEquals{"API_KEY": ptr("hunter2")}
	var out strings.Builder
	_, err := Run(t.Context(), c, []Request{req}, Options{Out: &out, Mask: func(text string) string {
		return strings.ReplaceAll(text, "hunter2", "***")
	}})
	var known *fault.Error
	if !errors.As(err, &known) || len(known.Detail) != 1 || !strings.HasPrefix(known.Detail[0], "*** key *** ") {
		t.Errorf("got %+v", known)
	}
	if !strings.Contains(out.String(), "api:   *** key *** ") || strings.Contains(out.String()+known.Error(), "hunter2") {
		t.Errorf("shown: %s", out.String())
	}
}

// The first failure stops the others, and nothing of them is named.
func TestOneFailureStopsAll(t *testing.T) {
	t.Parallel()
	c := testEngine(t)
	slow := request(t, c, "slow", "Dockerfile", "FROM busybox:1.36\nRUN echo "+unique(t)+"; sleep 60\n")
	bad := request(t, c, "bad", "Dockerfile", "FROM busybox:1.36\nRUN echo "+unique(t)+"; exit 3\n")
	begun := time.Now()
	_, err := Run(t.Context(), c, []Request{slow, bad}, Options{})
	if err == nil || !strings.Contains(err.Error(), "exit code 3") || time.Since(begun) > 30*time.Second {
		t.Errorf("after %s: %v", time.Since(begun), err)
	}
	if _, err := c.ImageInspect(t.Context(), slow.Tags[0]); err == nil {
		t.Error("the stopped build made an image")
	}
}

// Ctrl-C in the middle of a step ends the build at once.
func TestCancel(t *testing.T) {
	t.Parallel()
	c := testEngine(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	begun := make(chan struct{})
	var stopped time.Time
	go func() {
		<-begun
		stopped = time.Now()
		cancel()
	}()
	req := request(t, c, "api", "Dockerfile", "FROM busybox:1.36\nRUN echo "+unique(t)+"; echo go; sleep 60\n")
	_, err := Run(ctx, c, []Request{req}, Options{Out: &waitFor{text: "api:   go\n", seen: begun}})
	if took := time.Since(stopped); !errors.Is(err, context.Canceled) || took > 5*time.Second {
		t.Errorf("%v, %s after the cancel", err, took)
	}
}

// waitFor closes seen when text was written.
type waitFor struct {
	text string
	seen chan struct{}
	all  strings.Builder
}

func (w *waitFor) Write(data []byte) (int, error) {
	before := strings.Contains(w.all.String(), w.text)
	w.all.Write(data)
	if !before && strings.Contains(w.all.String(), w.text) {
		close(w.seen)
	}
	return len(data), nil
}

func TestCurrent(t *testing.T) {
	t.Parallel()
	c := testEngine(t)
	base := request(t, c, "base", "Dockerfile", "FROM busybox:1.36\nRUN echo "+unique(t)+"\n")
	req := request(t, c, "api", "Dockerfile", "FROM base\nCOPY file /\nRUN --mount=type=cache,target=/cache,id=devenv-test-"+fmt.Sprint(os.Getpid())+
		" test -s /file && { echo ran >> /cache/ran; cat /cache/ran > /ran; }\n", "file", "one")
	req.Build.AdditionalContexts = types.Mapping{"base": "service:base"}
	current := func(id string) bool {
		t.Helper()
		same, err := Current(t.Context(), c, req, id, Options{}, base)
		if err != nil {
			t.Fatal(err)
		}
		return same
	}
	set := func(text string) {
		t.Helper()
		if err := os.WriteFile(req.Build.Context+"/file", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if current("") {
		t.Error("never built, and current")
	}
	first := run(t, c, base, req)[1].ID
	if !current(first) {
		t.Error("just built, and not current")
	}
	set("other")
	if current(first) {
		t.Error("a file changed, and current")
	}
	second := run(t, c, base, req)[1].ID
	set("one")
	if current(second) {
		t.Error("the change was taken back: all is cached, but the image is another one")
	}
	if !current(first) {
		t.Error("the first image is what a build would give")
	}
	req.NoCache = true
	if current(first) {
		t.Error("no_cache, and current")
	}
}

// The engine asks for credentials by the registry's name.
func TestCredentials(t *testing.T) {
	t.Parallel()
	c := testEngine(t)
	registry, authorization := fakeRegistry(t)
	req := request(t, c, "api", "Dockerfile", "FROM "+registry+"/private:1\n")
	var asked string
	_, err := Run(t.Context(), c, []Request{req}, Options{Auth: func(_ context.Context, key string) (Credentials, error) {
		asked = key
		return Credentials{Username: "ann", Secret: "pass"}, nil
	}})
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte("ann:pass"))
	select {
	case got := <-authorization:
		if got != want || asked != registry {
			t.Errorf("asked for %q, sent %q", asked, got)
		}
	default:
		t.Error("no credentials were sent")
	}
	if err == nil || !strings.Contains(err.Error(), "Dockerfile:1: image "+registry+"/private:1: ") {
		t.Error(err)
	}
}
