package engine

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// The labels that Compose puts on what it creates; Compose's SDK finds everything by them, and so does devenv.
const (
	LabelProject = "com.docker.compose.project"
	LabelService = "com.docker.compose.service"
	LabelNumber  = "com.docker.compose.container-number"
	LabelOneoff  = "com.docker.compose.oneoff"
	LabelReplace = "com.docker.compose.replace"

	LabelWorkingDir = "com.docker.compose.project.working_dir"
)

// The labels by which devenv knows what it has made: on a container, network or volume the folder of the project; on an
// image, which may be given away, only that.
const (
	LabelFolder = "devenv.folder"
	LabelBuilt  = "devenv.built"
)

// The states of a container, as the Engine API names them.
const (
	Created    = "created"
	Running    = "running"
	Restarting = "restarting"
	Paused     = "paused"
	Removing   = "removing"
	Exited     = "exited"
	Dead       = "dead"
)

// The health of a container; "" means that it has no healthcheck, or does not run.
const (
	Starting  = "starting"
	Healthy   = "healthy"
	Unhealthy = "unhealthy"
)

// Container is one container as the engine lists it.
type Container struct {
	ID       string
	Name     string // without the leading slash
	Project  string // of Compose, or ""
	Service  string
	Number   int // 1 for the first of a service
	Oneoff   bool
	Image    string // the reference it was created from
	ImageID  string
	State    string
	Health   string
	ExitCode int // meaningful when State is Exited
	Status   string
	Ports    []Port
	Labels   map[string]string
	Created  time.Time
}

// Port is a port of a container; HostPort is 0 when it is not published.
type Port struct {
	HostIP        netip.Addr
	HostPort      uint16
	ContainerPort uint16
	Protocol      string
}

// Containers are all containers of a Compose project, stopped and one-off ones too, ordered by service and number.
func (c *Client) Containers(ctx context.Context, project string) ([]Container, error) {
	return c.containers(ctx, filters.Arg("label", LabelProject+"="+project))
}

// Container is one container by ID or name.
func (c *Client) Container(ctx context.Context, id string) (_ Container, found bool, err error) {
	all, err := c.containers(ctx, filters.Arg("id", id))
	if err == nil && len(all) == 0 {
		all, err = c.containers(ctx, filters.Arg("name", "^/"+id+"$"))
	}
	if err != nil || len(all) == 0 {
		return Container{}, false, err
	}
	return all[0], true, nil
}

// Publishing are the running containers, of whatever project, that hold the host port.
func (c *Client) Publishing(ctx context.Context, port uint16, protocol string) ([]Container, error) {
	return c.containers(ctx, filters.Arg("publish", strconv.Itoa(int(port))+"/"+protocol), filters.Arg("status", Running))
}

func (c *Client) containers(ctx context.Context, filter ...filters.KeyValuePair) ([]Container, error) {
	list, err := c.api.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filter...)})
	if err != nil {
		return nil, c.failure(err)
	}
	all := make([]Container, 0, len(list))
	for i := range list {
		all = append(all, fromSummary(&list[i]))
	}
	slices.SortFunc(all, func(a, b Container) int {
		if order := strings.Compare(a.Service, b.Service); order != 0 {
			return order
		}
		return a.Number - b.Number
	})
	return all, nil
}

func fromSummary(s *container.Summary) Container {
	number, _ := strconv.Atoi(s.Labels[LabelNumber])
	health, exit := parseStatus(s.Status)
	return Container{
		ID: s.ID, Name: canonicalName(s.Names), Project: s.Labels[LabelProject], Service: s.Labels[LabelService],
		Number: number, Oneoff: s.Labels[LabelOneoff] == "True", Image: s.Image, ImageID: s.ImageID,
		State: s.State, Health: health, ExitCode: exit, Status: s.Status, Ports: fromPorts(s.Ports),
		Labels: s.Labels, Created: time.Unix(s.Created, 0),
	}
}

// canonicalName is the one of a container's names that is not a link's alias.
func canonicalName(names []string) string {
	for _, name := range names {
		if strings.LastIndex(name, "/") == 0 {
			return name[1:]
		}
	}
	return ""
}

// parseStatus reads health and exit code from the sentence of `docker ps`. The listing carries them nowhere else
// before API 1.52, and asking for each container costs a round trip each.
func parseStatus(status string) (health string, exit int) {
	open, end := strings.Index(status, "("), strings.LastIndex(status, ")")
	if open < 0 || end < open {
		return "", 0
	}
	inside := status[open+1 : end]
	if code, err := strconv.Atoi(strings.TrimSpace(strings.Split(inside, ")")[0])); err == nil {
		return "", code
	}
	switch inside {
	case Healthy, Unhealthy:
		return inside, 0
	case "health: starting":
		return Starting, 0
	}
	return "", 0
}

func fromPorts(ports []container.Port) []Port {
	all := make([]Port, 0, len(ports))
	for _, p := range ports {
		ip, _ := netip.ParseAddr(p.IP)
		all = append(all, Port{HostIP: ip, HostPort: p.PublicPort, ContainerPort: p.PrivatePort, Protocol: p.Type})
	}
	slices.SortFunc(all, func(a, b Port) int {
		if a.ContainerPort != b.ContainerPort {
			return int(a.ContainerPort) - int(b.ContainerPort)
		}
		return a.HostIP.Compare(b.HostIP)
	})
	return all
}

// Detail is what only an inspection of one container tells.
type Detail struct {
	Healthcheck  bool // it has one, from the image or the service
	Health       string
	State        string
	ExitCode     int
	Error        string // why the engine could not start it
	OOMKilled    bool
	RestartCount int
	Restarts     bool      // its policy restarts it after an exit
	StartedAt    time.Time // of the last run, by the engine's clock; a log line may be a little older
	FinishedAt   time.Time // of the run before, or of the last one when it has ended
	TTY          bool
	Setup        Setup
}

// Setup is how the processes of a container start.
type Setup struct {
	User       string // name or number, maybe with a group; "" is root
	WorkingDir string // "" is /
	Env        []string
}

// Inspect looks at one container. A container that is gone is found false.
func (c *Client) Inspect(ctx context.Context, id string) (_ Detail, found bool, err error) {
	got, err := c.api.ContainerInspect(ctx, id)
	if notFound(err) {
		return Detail{}, false, nil
	}
	if err != nil {
		return Detail{}, false, c.failure(err)
	}
	started, _ := time.Parse(time.RFC3339Nano, got.State.StartedAt)
	finished, _ := time.Parse(time.RFC3339Nano, got.State.FinishedAt)
	policy := got.HostConfig.RestartPolicy.Name
	detail := Detail{
		State: got.State.Status, ExitCode: got.State.ExitCode, Error: got.State.Error, OOMKilled: got.State.OOMKilled,
		RestartCount: got.RestartCount, Restarts: policy != "" && policy != container.RestartPolicyDisabled,
		StartedAt: started, FinishedAt: finished, TTY: got.Config.Tty,
		Setup: Setup{User: got.Config.User, WorkingDir: got.Config.WorkingDir, Env: got.Config.Env},
	}
	if detail.State == Exited && detail.ExitCode == killed && !detail.OOMKilled {
		detail.OOMKilled = c.ranOutOfMemory(ctx, id, started)
	}
	if check := got.Config.Healthcheck; check != nil && len(check.Test) > 0 && check.Test[0] != "NONE" {
		detail.Healthcheck = true
	}
	if got.State.Health != nil && got.State.Running && got.State.Health.Status != container.NoHealthcheck {
		detail.Health = got.State.Health.Status
	}
	return detail, true, nil
}
