package stack

import (
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

// What the engine refuses is said in devenv's words.
func TestConvergeRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(p *types.Project, api *types.ServiceConfig)
		want   []string
	}{
		"image cannot be pulled": {
			change: func(_ *types.Project, api *types.ServiceConfig) { api.Image = "localhost:1/postgres:99" },
			want: []string{
				"api: image localhost:1/postgres:99: Get \"http://localhost:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
				"hint: the registry could not be reached; `docker pull localhost:1/postgres:99` tries it alone",
			},
		},
		"image is not built": {
			change: func(_ *types.Project, api *types.ServiceConfig) {
				api.Image, api.Build = "devenv-test/missing:dev", &types.BuildConfig{Context: "."}
			},
			want: []string{
				"api: image devenv-test/missing:dev is not built",
				"hint: `devenv build api` builds it",
			},
		},
		"image is not here": {
			change: func(_ *types.Project, api *types.ServiceConfig) {
				api.Image, api.PullPolicy = "devenv-test/missing:1", types.PullPolicyNever
			},
			want: []string{
				"api: image devenv-test/missing:1 is not here, and pull_policy forbids to pull it",
				"hint: `docker pull devenv-test/missing:1` gets it",
			},
		},
		"no command": {
			change: func(_ *types.Project, api *types.ServiceConfig) { api.Command = types.ShellCommand{"uvicorn"} },
			want: []string{
				`api: command "uvicorn" is not in the image`,
				"hint: check command: and entrypoint: of api; a mount may also hide it",
			},
		},
		"command not executable": {
			change: func(_ *types.Project, api *types.ServiceConfig) { api.Command = types.ShellCommand{"/etc/passwd"} },
			want: []string{
				`api: command "/etc/passwd" is not executable`,
				"hint: `chmod +x` it on the host or in the Dockerfile",
			},
		},
		"bind source missing": {
			change: func(_ *types.Project, api *types.ServiceConfig) {
				api.Volumes = []types.ServiceVolumeConfig{{
					Type: types.VolumeTypeBind, Source: "/nowhere/src", Target: "/src", Bind: &types.ServiceVolumeBind{},
				}}
			},
			want: []string{
				"api: bind mount source /nowhere/src does not exist",
				"hint: create it, or correct the path under volumes: of api",
			},
		},
		"external network missing": {
			change: func(p *types.Project, _ *types.ServiceConfig) {
				p.Networks["default"] = types.NetworkConfig{Name: "devenv-test-nowhere", External: true}
			},
			want: []string{
				"network devenv-test-nowhere: declared as external and not there",
				"hint: create it with `docker network create devenv-test-nowhere`",
			},
		},
		"external volume missing": {
			change: func(p *types.Project, _ *types.ServiceConfig) {
				p.Volumes = types.Volumes{"data": {Name: "devenv-test-nowhere", External: true}}
			},
			want: []string{
				"volume devenv-test-nowhere: declared as external and not there",
				"hint: create it with `docker volume create devenv-test-nowhere`",
			},
		},
		"unknown dependency": {
			change: func(p *types.Project, api *types.ServiceConfig) {
				api.DependsOn = dependsOn(types.ServiceConditionStarted, "db")
				p.DisabledServices = types.Services{"db": {Name: "db", Image: image, Profiles: []string{"data"}}}
			},
			want: []string{
				"api: depends on db, which is not enabled",
				"hint: enable it with the Compose profile data",
			},
		},
		"the same port twice": {
			change: func(p *types.Project, api *types.ServiceConfig) {
				port := []types.ServicePortConfig{{Target: 80, Published: "18999", Protocol: "tcp"}}
				web := sleeper("web")
				web.Image, web.Ports, api.Ports = image, port, port
				p.Services["web"] = web
			},
			want: []string{
				"web: host port 18999 is also published by api",
				"hint: give one of them another host port under ports:",
			},
		},
		"the same port twice in a service": {
			change: func(_ *types.Project, api *types.ServiceConfig) {
				api.Ports = []types.ServicePortConfig{
					{HostIP: "[::1]", Target: 5678, Published: "18998", Protocol: "tcp"}, {Target: 5678, Published: "18998", Protocol: "tcp"},
				}
			},
			want: []string{
				"api: host port 18998 is published twice",
				"hint: give one of them another host port under ports:",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			p := r.project(sleeper("api"))
			api := p.Services["api"]
			c.change(p, &api)
			p.Services["api"] = api
			r.tells(r.converge(p, ConvergeOptions{}), c.want...)
		})
	}
}

const autoFrees = "`ports: auto` in a profile or in x-devenv takes a free one"

// A taken host port is found before anything is created, with its owner.
func TestPortTakenByProcess(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	r.must(err)
	t.Cleanup(func() { _ = socket.Close() })
	port := socket.Addr().(*net.TCPAddr).Port
	p := r.project(publishing("api", port))
	comm, err := os.ReadFile("/proc/self/comm")
	r.must(err)
	r.tells(r.converge(p, ConvergeOptions{}),
		"api: host port "+strconv.Itoa(port)+" is taken by process "+strings.TrimSpace(string(comm))+
			" (pid "+strconv.Itoa(os.Getpid())+")",
		"hint: end that process, or choose another host port under ports: of api; "+autoFrees)
	if states := r.states(p); len(states) != 0 {
		t.Errorf("something was created: %v", states)
	}
}

func TestPortTakenByContainer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	port := freePort(t)
	first, second := r.project(publishing("web", port)), r.project(publishing("api", port))
	r.up(first)
	owner := first.Name + "-web-1"
	want := []string{
		"api: host port " + strconv.Itoa(port) + " is taken by container " + owner + " of project " + first.Name,
		"hint: `docker compose -p " + first.Name + " stop web` frees it, or choose another host port under ports: of api; " + autoFrees,
	}
	r.tells(PortConflicts(t.Context(), r.eng, second), want...)
	r.tells(r.converge(second, ConvergeOptions{}), want...)
	r.must(PortConflicts(t.Context(), r.eng, first)) // what it has itself is no conflict
	r.up(first)

	// The engine's own words for the same, should the port be taken in the moment after the look.
	reported := errors.New("driver failed programming external connectivity on endpoint x: Bind for 0.0.0.0:" +
		strconv.Itoa(port) + " failed: port is already allocated")
	r.tells(explain(t.Context(), r.eng, second, "api", reported), want...)
}

func TestContainerNameTaken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	web, api := sleeper("web"), sleeper("api")
	first := r.project(web)
	api.ContainerName = first.Name + "-web-1"
	r.up(first)
	r.tells(r.converge(r.project(api), ConvergeOptions{}),
		"api: container name "+api.ContainerName+" is taken by service web of project "+first.Name,
		"hint: `docker compose -p "+first.Name+" down` removes it, or choose another container_name:")
}

// The engines' words, from 20.10 to 28, for what cannot be brought about in a test.
func TestExplainText(t *testing.T) {
	t.Parallel()
	p := &types.Project{Services: types.Services{"api": {Name: "api", WorkingDir: "/srv"}}}
	for said, want := range map[string]string{
		"Error response from daemon: could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network": "api: the engine has no free subnet left for another network\n" +
			"hint: `docker network prune` removes networks that nothing uses",
		"Error response from daemon: all predefined address pools have been fully subnetted": "api: the engine has no free subnet left for another network\n" +
			"hint: `docker network prune` removes networks that nothing uses",
		"failed to copy: write /var/lib/docker/tmp/x: no space left on device": "api: no space left on the engine's disk\n" +
			"hint: `docker system df` shows what takes it, `docker system prune` frees what nothing uses",
		"Error response from daemon: something new": "api: something new",
	} {
		if got := told(explainText(p, "api", said)); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", said, got, want)
		}
	}
}

// The engines' words for a taken port all give the address and the port.
func TestPortTakenPattern(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"Bind for 0.0.0.0:8000 failed: port is already allocated":                                                         "0.0.0.0 8000",
		"Bind for :::8000 failed: port is already allocated":                                                              ":: 8000",
		"Error starting userland proxy: listen tcp4 127.0.0.1:5678: bind: address already in use":                         "127.0.0.1 5678",
		"Error starting userland proxy: listen udp4 0.0.0.0:53: bind: address already in use":                             "0.0.0.0 53",
		"failed to bind host port for 0.0.0.0:8000:172.18.0.2:80/tcp: address already in use":                             "0.0.0.0 8000",
		"failed to set up container networking: x (y): failed to bind host port 127.0.0.1:80/tcp: address already in use": "127.0.0.1 80",
		"listen tcp6 [::]:443: bind: address already in use":                                                              "[::] 443",
	} {
		found := portTaken.FindStringSubmatch(said)
		if found == nil || found[1]+" "+found[2] != want {
			t.Errorf("%s: got %q", said, found)
		}
	}
}

func publishing(name string, port int) types.ServiceConfig {
	s := sleeper(name)
	s.Ports = []types.ServicePortConfig{{Target: 80, Published: strconv.Itoa(port), Protocol: "tcp"}}
	return s
}

func freePort(t *testing.T) int {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.Close() }()
	return socket.Addr().(*net.TCPAddr).Port
}

// Inside a container whose socket was mounted in, the engine's ports are somebody else's.
func TestSameNetworkNeedsASocket(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if !sameNetwork(t.Context(), r.stack.Endpoint()) {
		t.Error("the test's engine should be on this machine")
	}
	remote := r.stack.Endpoint()
	remote.Host = "ssh://me@elsewhere"
	if sameNetwork(t.Context(), remote) {
		t.Error("an engine behind ssh publishes ports elsewhere")
	}
}

// Which bindings of one host port exclude each other was tried on the engine: IPv4 and IPv6 do not.
func TestDoubles(t *testing.T) {
	t.Parallel()
	for pair, want := range map[[2]string]bool{
		{"", ""}: true, {"", "::1"}: true, {"", "127.0.0.1"}: true, {"0.0.0.0", "127.0.0.1"}: true, {"::", "[::1]"}: true,
		{"127.0.0.1", "127.0.0.1"}: true, {"0.0.0.0", "::"}: false, {"127.0.0.1", "::1"}: false, {"127.0.0.1", "::"}: false,
		{"0.0.0.0", "::1"}: false, {"127.0.0.1", "127.0.0.2"}: false,
	} {
		var all []claim
		for _, ip := range pair {
			all = append(all, claim{service: "api", ip: parseIP(ip), port: 80, protocol: "tcp"})
		}
		if got := len(doubles(all)) == 1; got != want {
			t.Errorf("%v: %v", pair, got)
		}
	}
}
