package devenv

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"golang.org/x/sync/errgroup"

	"devenv/devenv/build"
	"devenv/devenv/engine"
	"devenv/devenv/live"
	"devenv/devenv/plan"
	"devenv/devenv/state"
)

// Status is a project as it is now.
type Status struct {
	Project  string          `json:"project"`
	Base     string          `json:"base"`              // the name that Compose alone would use
	Because  string          `json:"because,omitempty"` // of what sets the name apart from the base
	Folder   string          `json:"folder"`
	Branch   string          `json:"branch,omitempty"`
	Mode     string          `json:"mode"` // that this checkout has chosen; services say what they run
	Profile  string          `json:"profile,omitempty"`
	Live     *state.Holder   `json:"live,omitempty"`
	Watching string          `json:"watching"` // armed, or why not
	Services []ServiceStatus `json:"services"`
}

// ServiceStatus is one container of a service, or a service without one.
type ServiceStatus struct {
	Service   string    `json:"service"`
	Container string    `json:"container,omitempty"`
	Mode      string    `json:"mode"`
	Target    string    `json:"target,omitempty"`
	Image     string    `json:"image"`
	Current   string    `json:"current"`            // yes, or why not
	Reload    string    `json:"reload,omitempty"`   // fork, or restart and why; "" for a service without an agent that answers
	Debugger  string    `json:"debugger,omitempty"` // HOST:PORT at which an editor attaches
	State     string    `json:"state"`              // created, running, restarting, paused, exited, dead, or absent
	Health    string    `json:"health,omitempty"`
	ExitCode  int       `json:"exitCode"`
	Addresses []Address `json:"addresses"`

	imageID     string // of the container
	environment string // as environmentOf has it
	synced      bool   // the container's environment is what pyproject.toml and uv.lock ask for, whatever its image has
	behind      string // the image that was built for another uv.lock, or ""
}

// Absent is the state of a service that has no container.
const Absent = "absent"

// Status prints every service: mode, target, image and whether it is current, health, addresses.
func (e *Environment) Status(ctx context.Context, format string) error {
	status, err := e.status(ctx)
	if err != nil {
		return err
	}
	if format == "json" {
		return e.settings.Term.JSON(status)
	}
	e.settings.Term.Say("%s  mode %s  %s", status.Project, plan.Name(status.Mode, status.Profile), status.Folder)
	if status.Because != "" {
		e.settings.Term.Say("not %s, because %s", status.Base, status.Because)
	}
	if status.Live != nil {
		e.settings.Term.Say("%q follows it (pid %d, since %s)", status.Live.Command, status.Live.PID, clock(status.Live.Since))
	}
	e.settings.Term.Say("watching: %s", status.Watching)
	if _, planned, err := e.plan(e.modes(""), nil); err == nil {
		if planned, err = e.foreseen(ctx, planned); err != nil {
			return err
		}
		e.sayPorts(planned)
	}
	var rows [][]string
	for _, s := range status.Services {
		rows = append(rows, []string{s.Service, s.Mode, s.Target, s.Image, s.Current, s.condition(), s.Reload, s.Debugger, spaced(s.Addresses)})
	}
	return e.settings.Term.Table([]string{"SERVICE", "MODE", "TARGET", "IMAGE", "CURRENT", "STATE", "RELOAD", "DEBUGGER", "ADDRESS"}, rows)
}

func clock(at time.Time) string { return at.Local().Format("15:04:05") }

func (s ServiceStatus) condition() string {
	switch {
	case s.Health != "":
		return s.State + ", " + s.Health
	case s.State == engine.Exited:
		return fmt.Sprintf("%s (%d)", s.State, s.ExitCode)
	}
	return s.State
}

func spaced(addresses []Address) string {
	var all []string
	for _, address := range addresses {
		all = append(all, address.String())
	}
	return strings.Join(all, " ")
}

func (e *Environment) status(ctx context.Context) (Status, error) {
	modes := e.modes("")
	status := Status{Project: e.project.Compose.Name, Folder: e.project.Dir(), Mode: modes.Of(""), Profile: e.profileName()}
	naming := e.project.Naming()
	status.Base, status.Because, status.Branch = naming.Base, naming.Cause, e.checkout.Branch()
	answer := e.watchStatus(ctx, &status)
	if err := e.connect(ctx); err != nil {
		return status, err
	}
	containers, err := e.engine.Containers(ctx, status.Project)
	if err != nil {
		return status, err
	}
	status.Services = []ServiceStatus{}
	for _, service := range e.Services() {
		status.Services = append(status.Services, serviceRows(service, modes.Of(service), containers, engineHost(e.engine.Endpoint()))...)
	}
	for i := range status.Services {
		row := &status.Services[i]
		row.Reload, row.Debugger = answer.Services[row.Service], answer.Debuggers[row.Service].Address
	}
	return status, e.addImages(ctx, status.Services)
}

// watchStatus asks the running session how its watch is, and how each service takes in new code.
func (e *Environment) watchStatus(ctx context.Context, status *Status) live.Answer {
	holder, held := e.store.Holder(state.Live)
	if died, yes := e.store.Died(state.Live); yes {
		status.Watching = fmt.Sprintf("no: %q (pid %d, since %s) was killed; `devenv up -d` watches again", died.Command, died.PID, clock(died.Since))
		return live.Answer{}
	}
	if !held {
		status.Watching = "no; `devenv up` or `devenv up -d` does"
		return live.Answer{}
	}
	status.Live = &holder
	answer, err := live.Ask(ctx, e.socket(), live.Request{})
	if err != nil {
		status.Watching = "no: " + err.Error()
		return live.Answer{}
	}
	status.Watching = answer.Watching
	return answer
}

// serviceRows is a row for each container of the service, at least one. A container says by a label which mode it was
// made for; one without is in mode local, as Compose alone would have made it.
func serviceRows(service, mode string, containers []engine.Container, engineHost string) []ServiceStatus {
	var rows []ServiceStatus
	for _, container := range containers {
		if container.Service != service || container.Oneoff {
			continue
		}
		rows = append(rows, ServiceStatus{
			Service: service, Container: container.Name, Mode: cmp.Or(container.Labels[plan.ModeLabel], plan.Local),
			State: container.State, Health: container.Health, ExitCode: container.ExitCode,
			Addresses: addresses(container, engineHost), imageID: container.ImageID, environment: environmentOf(container),
		})
	}
	if rows == nil {
		rows = []ServiceStatus{{Service: service, Mode: mode, State: Absent, Addresses: []Address{}}}
	}
	return rows
}

// addImages says of each row which image `up` would give it now, and whether it has that one. BuildKit is asked, side
// by side, and stops at the first step that it would have to run.
func (e *Environment) addImages(ctx context.Context, rows []ServiceStatus) error {
	modes := plan.Modes{Services: map[string]string{}}
	for _, row := range rows {
		modes.Services[row.Service] = row.Mode
	}
	in, planned, err := e.plan(modes, nil)
	if err != nil {
		for i := range rows {
			rows[i].Current = "unknown: " + err.Error()
		}
		return nil // what runs is worth showing also while a Dockerfile is broken
	}
	requests := map[string]build.Request{}
	for _, request := range e.buildRequests(planned, buildFlags{}) {
		requests[request.Service] = request
	}
	environments, projects := e.store.Environments(), uvProjects(in, planned)
	without, err := e.withoutEnvironment(ctx, planned)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	var builds sharedBuilds
	for i := range rows {
		row, service := &rows[i], planned.Project.Services[rows[i].Service]
		row.Image = plan.ImageName(planned.Project.Name, service)
		id, asked, _ := strings.Cut(e.store.BuiltFor()[planned.MadeBy(row.Service)], " ")
		if now := planned.Environments[row.Service].Asked; now != asked && now != "" {
			row.behind = id
		}
		row.synced = projects[row.Service].isFor(environments[row.environment])
		if recipe := planned.Recipe(row.Service); recipe.Build != nil {
			row.Target = recipe.Build.Target
		} else if service.Labels[plan.ModeLabel] == "" {
			row.Mode = "" // an image that is run as it is
		}
		if slices.ContainsFunc(without, func(c engine.Container) bool { return c.Name == row.Container }) {
			row.Current = "no: " + e.project.Rel(planned.Environments[row.Service].Host) + " was removed here, and with it the container's packages"
			continue
		}
		group.Go(func() (err error) {
			row.Current, err = e.current(ctx, &builds, *row, requests[planned.MadeBy(row.Service)], needed(service, planned, requests))
			return err
		})
	}
	return group.Wait()
}

// current is "yes" or why the row's container does not have the image that `up` would give it.
func (e *Environment) current(ctx context.Context, builds *sharedBuilds, row ServiceStatus, request build.Request, needed []build.Request) (string, error) {
	image, found, err := e.engine.Image(ctx, row.Image)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "no: there is no image yet", nil
	case row.imageID != "" && image.ID != row.imageID && !row.synced:
		return "no: a newer image is there", nil
	case request.Service == "":
		return "yes", nil
	}
	same, err := builds.once(request, image.ID, func() (bool, error) {
		return build.Current(ctx, e.engine, request, image.ID, e.buildOptions(), needed...)
	})
	switch {
	case !same && row.behind == image.ID:
		return "no: behind uv.lock", nil
	case err != nil:
		return "no: " + err.Error(), nil //nolint:nilerr // a build that cannot be made is an answer, not a failure of status
	case !same:
		return "no: its sources have changed", nil
	}
	return "yes", nil
}

// sharedBuilds has BuildKit asked once for each build, however many services share it: several at once get in each other's
// way. Safe for concurrent use; the zero value is ready.
type sharedBuilds struct{ asked sync.Map }

// once is what ask says of the build and the image, asked by the first that wants to know.
func (s *sharedBuilds) once(request build.Request, image string, ask func() (bool, error)) (bool, error) {
	request.Service, request.Tags, request.Build.Tags = "", nil, nil
	key, err := json.Marshal([]any{request, image})
	if err != nil {
		return ask() // whatever cannot be compared is a build of its own
	}
	answer, _ := s.asked.LoadOrStore(string(key), sync.OnceValues(ask))
	return answer.(func() (bool, error))()
}

// needed are the requests for the images that a service's build takes as additional_contexts, theirs included.
func needed(service types.ServiceConfig, planned plan.Plan, requests map[string]build.Request) []build.Request {
	var all []build.Request
	for name := range buildsOnly(types.Services{service.Name: service}, planned) {
		all = append(all, requests[name])
	}
	return all
}
