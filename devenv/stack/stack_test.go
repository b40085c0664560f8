package stack

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"go.uber.org/goleak"

	"devenv/devenv/engine"
)

// image is what every test container runs.
const image = "busybox:1.36"

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The pooled connections of the clients, which end with their idle timeout or with Close.
		goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"),
		// The moby client's wait for a container whose start failed.
		goleak.IgnoreAnyFunction("github.com/moby/moby/client.(*Client).ContainerWait.func1"),
		// docker/cli's watch for the terminal's size, and the output stream of an interrupted exec, which nobody takes.
		goleak.IgnoreAnyFunction("github.com/docker/cli/cli/command/container.MonitorTtySize.func1"),
		goleak.IgnoreAnyFunction("github.com/docker/cli/cli/command/container.(*hijackedIOStreamer).beginOutputStream.func1"),
	)
}

// rig is a Stack and an engine.Client on the real engine for one test.
type rig struct {
	testing.TB
	stack  *Stack
	eng    *engine.Client
	out    bytes.Buffer
	events recorder
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{TB: t}
	stack, err := Open(t.Context(), os.Environ(), Streams{Out: &r.out, Err: &r.out})
	r.must(err)
	t.Cleanup(func() { _ = stack.Close() })
	eng, err := engine.Connect(t.Context(), stack.Endpoint())
	r.must(err)
	t.Cleanup(func() { _ = eng.Close() })
	r.stack, r.eng = stack, eng
	return r
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// project makes a Compose project of a name of its own, which is removed with its volumes at the test's end.
func (r *rig) project(services ...types.ServiceConfig) *types.Project {
	r.Helper()
	name := "stacktest-" + strings.ToLower(rand.Text()[:8])
	p := &types.Project{
		Name: name, WorkingDir: r.TempDir(), Services: types.Services{}, ComposeFiles: []string{"compose.yaml"},
		Networks: types.Networks{"default": {Name: name + "_default"}}, Environment: types.Mapping{},
	}
	for _, s := range services {
		if s.Image == "" {
			s.Image = image
		}
		if s.NetworkMode == "" {
			s.Networks = map[string]*types.ServiceNetworkConfig{"default": nil}
		}
		p.Services[s.Name] = s
	}
	r.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
		defer cancel()
		none := time.Duration(0)
		err := r.stack.Down(ctx, name, DownOptions{Scope: Scope{Timeout: &none}, Volumes: true, RemoveOrphans: true})
		if err != nil {
			r.Error(err)
		}
	})
	return p
}

// sleeper is a service that runs until it is stopped, and ends at once then.
func sleeper(name string) types.ServiceConfig {
	return sh(name, "trap 'exit 0' TERM; sleep 1000 & wait")
}

func sh(name, script string) types.ServiceConfig {
	return types.ServiceConfig{Name: name, Command: types.ShellCommand{"sh", "-c", script}}
}

// healthcheck runs a shell command four times a second.
func healthcheck(script string, retries uint64) *types.HealthCheckConfig {
	interval := types.Duration(250 * time.Millisecond)
	return &types.HealthCheckConfig{
		Test: types.HealthCheckTest{"CMD-SHELL", script}, Interval: &interval, Timeout: &interval, Retries: &retries,
	}
}

func dependsOn(condition string, names ...string) types.DependsOnConfig {
	all := types.DependsOnConfig{}
	for _, name := range names {
		all[name] = types.ServiceDependency{Condition: condition, Required: true}
	}
	return all
}

func (r *rig) converge(p *types.Project, opt ConvergeOptions) error {
	opt.Report = r.events.record
	return r.stack.Converge(r.Context(), r.eng, p, opt)
}

func (r *rig) up(p *types.Project) {
	r.Helper()
	r.must(r.converge(p, ConvergeOptions{}))
}

// states are "service state" lines of a project's containers.
func (r *rig) states(p *types.Project) []string {
	r.Helper()
	containers, err := r.eng.Containers(r.Context(), p.Name)
	r.must(err)
	var all []string
	for _, c := range containers {
		all = append(all, c.Service+" "+c.State)
	}
	return all
}

// recorder keeps the events of operations as lines.
type recorder struct {
	mu    sync.Mutex
	lines []string
}

func (r *recorder) record(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, strings.TrimSpace(fmt.Sprintf("%s %s: %s", e.Kind, e.Name, e.Text)))
}

func (r *recorder) contains(line string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.lines, line)
}

func equal[T comparable](t testing.TB, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
