package engine

import (
	"cmp"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/api/types/volume"
	"go.uber.org/goleak"

	"devenv/devenv/fault"
)

// image is what a test container runs that names no other.
const image = "busybox:1.36"

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// Pooled connections, which end with their idle timeout or with Close.
		goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreAnyFunction("internal/poll.runtime_pollWait"),
	)
}

func socket(path string) Endpoint {
	return Endpoint{Name: "default", Host: "unix://" + path, Dial: func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}
}

// connect reaches the real engine: a missing one is a failure, as everywhere in these tests.
func connect(t *testing.T) *Client {
	t.Helper()
	c, err := Connect(t.Context(), socket("/var/run/docker.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// box creates a container of a project of its own, and starts it.
func box(t *testing.T, c *Client, config container.Config) (id, project string) {
	t.Helper()
	project = "enginetest-" + strings.ToLower(strings.NewReplacer("/", "-").Replace(t.Name()))
	config.Image = cmp.Or(config.Image, image)
	config.Labels = map[string]string{LabelProject: project, LabelService: "api", LabelNumber: "1"}
	created, err := c.api.ContainerCreate(t.Context(), &config, nil, nil, nil, project+"-api-1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.RemoveContainer(context.WithoutCancel(t.Context()), created.ID) })
	if err := c.api.ContainerStart(t.Context(), created.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	return created.ID, project
}

func TestConnectRefusals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stale := filepath.Join(dir, "stale.sock")
	l, err := net.Listen("unix", stale)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close()
	const start = "start Docker, or choose another engine with DOCKER_HOST or DOCKER_CONTEXT"
	for _, c := range []struct {
		endpoint Endpoint
		want     string
		hint     string
	}{
		{socket("/nowhere/docker.sock"), "engine unix:///nowhere/docker.sock: no such file", start},
		{socket(stale), "engine unix://" + stale + ": connection refused", start},
		{refusing("unix:///var/run/docker.sock", os.ErrPermission), "engine unix:///var/run/docker.sock: permission denied",
			"let your user use the socket: sudo usermod -aG docker $USER, then log in again"},
		{refusing("tcp://build:2375", &net.DNSError{Err: "x", Name: "build"}), "engine tcp://build:2375: no such host", start},
		{refusing("ssh://me@build", errors.New("command [ssh] has exited with exit status 255")),
			"engine ssh://me@build: command [ssh] has exited with exit status 255", start},
	} {
		_, err := Connect(t.Context(), c.endpoint)
		var known *fault.Error
		if !errors.As(err, &known) || known.Class != fault.Engine || known.Message != c.want || known.Hint != c.hint {
			t.Errorf("got %v (%+v)\nwant %s", err, known, c.want)
		}
	}
}

func refusing(host string, err error) Endpoint {
	return Endpoint{Host: host, Dial: func(context.Context) (net.Conn, error) {
		if errors.Is(err, os.ErrPermission) {
			err = &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", os.ErrPermission)}
		}
		return nil, err
	}}
}

func TestConnectNegotiates(t *testing.T) {
	t.Parallel()
	c := connect(t)
	server, err := c.api.ServerVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if version := c.api.ClientVersion(); versions.GreaterThan(version, server.APIVersion) {
		t.Errorf("speaks %s to an engine of %s", version, server.APIVersion)
	}
}

// The upgraded connection speaks HTTP/2 first, as BuildKit's client expects.
func TestDialHijack(t *testing.T) {
	t.Parallel()
	conn, err := connect(t).DialHijack(t.Context(), "/grpc", "h2c", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")); err != nil {
		t.Fatal(err)
	}
	frame := make([]byte, 9)
	if _, err := conn.Read(frame); err != nil || frame[3] != 4 {
		t.Errorf("no SETTINGS frame came: % x, %v", frame, err)
	}
}

func TestImage(t *testing.T) {
	t.Parallel()
	c := connect(t)
	got, found, err := c.Image(t.Context(), image)
	if err != nil || !found || !strings.HasPrefix(got.ID, "sha256:") || !slices.ContainsFunc(got.Env, func(env string) bool { return strings.HasPrefix(env, "PATH=") }) {
		t.Errorf("got %+v, %v, %v", got, found, err)
	}
	if _, found, err := c.Image(t.Context(), "devenv-test/nowhere:1"); found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
}

// The watch tells the life of a container, from the moment it returns.
func TestWatchAndContainers(t *testing.T) {
	t.Parallel()
	c := connect(t)
	project := "enginetest-" + strings.ToLower(t.Name())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	events, failed := c.Watch(ctx, project)
	id, _ := box(t, c, container.Config{
		Cmd: []string{"sh", "-c", "echo out; echo err >&2; sleep 1; exit 3"},
		Healthcheck: &container.HealthConfig{
			Test: []string{"CMD-SHELL", "echo sick; exit 4"}, Interval: 100 * time.Millisecond, Retries: 1,
		},
	})
	if all, err := c.Containers(t.Context(), project); err != nil || len(all) != 1 || all[0].State != Running ||
		all[0].Service != "api" || all[0].Number != 1 || all[0].Name != project+"-api-1" {
		t.Errorf("got %+v, %v", all, err)
	}
	var told []string
	for e := range events {
		if e.ID != id || e.Service != "api" {
			t.Errorf("got %+v", e)
		}
		switch e.Action {
		case "create", ActionStart:
			told = append(told, string(e.Action))
		case ActionHealth:
			told = append(told, e.Health)
			probe, found, err := c.LastHealth(t.Context(), id)
			if err != nil || !found || probe.Output != "sick" || probe.ExitCode != 4 {
				t.Errorf("got %+v, %v, %v", probe, found, err)
			}
		case ActionDie:
			told = append(told, "die")
			if e.ExitCode != 3 {
				t.Errorf("exit code %d", e.ExitCode)
			}
			cancel()
		}
	}
	if got := strings.Join(told, " "); got != "create start unhealthy die" {
		t.Errorf("got %s", got)
	}
	if err := <-failed; err != nil {
		t.Errorf("a cancelled watch fails with %v", err)
	}
	lines, err := c.LastLogs(t.Context(), id, 10)
	if err != nil || len(lines) != 2 {
		t.Errorf("got %q, %v", lines, err)
	}
	detail, found, err := c.Inspect(t.Context(), id)
	if err != nil || !found || detail.ExitCode != 3 || !detail.Healthcheck || detail.State != Exited {
		t.Errorf("got %+v, %v, %v", detail, found, err)
	}
}

func TestOutput(t *testing.T) {
	t.Parallel()
	c := connect(t)
	id, _ := box(t, c, container.Config{Cmd: []string{"sleep", "1000"}})
	out, exit, err := c.Output(t.Context(), id, Command{
		Args: []string{"sh", "-c", "echo $A; pwd; id -u; exit 3"}, Env: []string{"A=1"}, User: "7", WorkingDir: "/tmp",
	})
	if err != nil || exit != 3 || string(out) != "1\n/tmp\n7\n" {
		t.Errorf("got %q %d %v", out, exit, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, _, err := c.Output(ctx, id, Command{Args: []string{"sleep", "1000"}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// What is removed is gone, and removing it twice is no error.
func TestHoldingsAndRemove(t *testing.T) {
	t.Parallel()
	c := connect(t)
	id, project := box(t, c, container.Config{Cmd: []string{"sleep", "1000"}})
	label := map[string]string{LabelProject: project}
	made, err := c.api.NetworkCreate(t.Context(), project, network.CreateOptions{Labels: label})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.api.VolumeCreate(t.Context(), volume.CreateOptions{Name: project, Labels: label}); err != nil {
		t.Fatal(err)
	}
	h, err := c.Holdings(t.Context(), project)
	if err != nil || h.Containers[id] == "" || h.Networks[made.ID] != project || h.Volumes[project] != project {
		t.Errorf("got %+v, %v", h, err)
	}
	for range 2 {
		err := errors.Join(c.Kill(t.Context(), id, "SIGKILL"), c.RemoveContainer(t.Context(), id),
			c.RemoveNetwork(t.Context(), made.ID), c.RemoveVolume(t.Context(), project))
		if err != nil {
			t.Error(err)
		}
	}
	h, err = c.Holdings(t.Context(), project)
	if n := len(h.Containers) + len(h.Networks) + len(h.Volumes); err != nil || n != 0 {
		t.Errorf("left %+v, %v", h, err)
	}
}

func TestParseStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]struct {
		health string
		exit   int
	}{
		"Up 2 minutes":                      {"", 0},
		"Up 2 minutes (healthy)":            {Healthy, 0},
		"Up 1 second (health: starting)":    {Starting, 0},
		"Up 3 hours (unhealthy)":            {Unhealthy, 0},
		"Up 3 hours (Paused)":               {"", 0},
		"Exited (137) 5 minutes ago":        {"", 137},
		"Restarting (1) Less than a second": {"", 1},
		"Created":                           {"", 0},
		"":                                  {"", 0},
	} {
		if health, exit := parseStatus(status); health != want.health || exit != want.exit {
			t.Errorf("%q: got %q %d", status, health, exit)
		}
	}
}

// An engine that goes away in the middle of an answer is a failure of the engine, whatever was being read.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	id, project := box(t, connect(t), container.Config{Cmd: []string{"sh", "-c", "echo up; sleep 1000"}})
	endpoint, cut := cutable(socket("/var/run/docker.sock"))
	c, err := Connect(t.Context(), endpoint)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_, broken := c.Watch(t.Context(), project)
	read := c.Logs(t.Context(), id, LogRequest{Follow: true}, func(bool, string) { cut() })
	for name, err := range map[string]error{"logs": read, "watch": <-broken} {
		var known *fault.Error
		if !errors.As(err, &known) || known.Class != fault.Engine ||
			known.Message != "engine unix:///var/run/docker.sock: the connection was lost" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// cutable is an endpoint whose connections end with cut, as those of an engine that is stopped.
func cutable(e Endpoint) (_ Endpoint, cut func()) {
	var mu sync.Mutex
	var open []*net.UnixConn
	dial := e.Dial
	e.Dial = func(ctx context.Context) (net.Conn, error) {
		conn, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		open = append(open, conn.(*net.UnixConn))
		return conn, nil
	}
	return e, func() {
		mu.Lock()
		defer mu.Unlock()
		for _, conn := range open {
			_ = conn.CloseRead()
		}
	}
}
