package stack

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/compose/v5/pkg/api"

	"devenv/devenv/engine"
)

// RunOptions say how Run makes its container.
type RunOptions struct {
	CommandOptions
	Entrypoint   []string      // nil: the service's
	Remove       bool          // remove the container when the command has ended
	NoDeps       bool          // do not start what the service depends on
	ServicePorts bool          // publish the service's ports, which a one-off container otherwise does not
	WaitTimeout  time.Duration // for a depends_on condition to hold; 0: as long as it takes
	Report       Report
}

// Run starts what a service depends on, waits for the conditions, and runs a command in a new container of the
// service; the result is the command's own exit status. Terminal and In are forwarded as with Exec, and signals to
// this process are sent on to the container.
//
// For that the SDK takes over the signal handling of the whole process, once the container exists and until the
// process ends (signal.Reset in its RunOneOffContainer): a caller must not count on its own after Run.
func (s *Stack) Run(ctx context.Context, eng *engine.Client, p *types.Project, opt RunOptions) (int, error) {
	return s.run(ctx, eng, p, oneOffName(p.Name, opt.Service), opt)
}

// oneOffName is a name that no other container has.
func oneOffName(project, service string) string {
	return strings.Join([]string{project, service, "run", strings.ToLower(rand.Text()[:12])}, api.Separator)
}

// run is Run with the container's name.
func (s *Stack) run(ctx context.Context, eng *engine.Client, p *types.Project, name string, opt RunOptions) (int, error) {
	own, err := prepared(p, []string{opt.Service}, opt.NoDeps)
	if err != nil {
		return 0, err
	}
	bus := newBus(opt.Report)
	if err := s.startDependencies(ctx, eng, own, bus, startOptions{onlyWait: opt.Service, timeout: opt.WaitTimeout}); err != nil {
		return 0, err
	}
	alone := *own
	alone.Services = types.Services{opt.Service: oneOff(own.Services[opt.Service], opt.ServicePorts)}
	if err := portConflicts(ctx, eng, &alone, nil); err != nil {
		return 0, err
	}
	status := 0
	err = s.operateOn(ctx, bus, func(sdk api.Compose) (err error) {
		status, err = sdk.RunOneOffContainer(ctx, &alone, runOptions(opt, name, s.Terminal()))
		return err
	})
	if err == nil {
		return status, nil
	}
	removeUnstarted(context.WithoutCancel(ctx), eng, name)
	if kind, image := splitID(bus.failure()); kind == "Image" {
		return 0, explainPull(own, image, err)
	}
	return 0, explainStart(ctx, eng, own, opt.Service, err)
}

// killWithin bounds the removal of a container that is of no use.
const killWithin = 5 * time.Second

// removeUnstarted removes a one-off container that was created and could not be started; the SDK leaves it.
func removeUnstarted(ctx context.Context, eng *engine.Client, name string) {
	ctx, cancel := context.WithTimeout(ctx, killWithin)
	defer cancel()
	c, found, err := eng.Container(ctx, name)
	if err == nil && found && c.Oneoff && c.State == engine.Created {
		_ = eng.RemoveContainer(ctx, c.ID)
	}
}

// oneOff is a service as its one-off container has it.
func oneOff(service types.ServiceConfig, withPorts bool) types.ServiceConfig {
	service.DependsOn = nil // started before
	if !withPorts {
		service.Ports = nil
	}
	return service
}

// startDependencies converges what a service depends on and waits until its own conditions hold.
func (s *Stack) startDependencies(
	ctx context.Context, eng *engine.Client, p *types.Project, bus *bus, opt startOptions,
) error {
	service := opt.onlyWait
	if len(p.Services[service].DependsOn) == 0 {
		return nil
	}
	err := s.operateOn(ctx, bus, func(sdk api.Compose) error {
		return sdk.Create(ctx, p.WithServicesDisabled(service), createOptions(false))
	})
	if err != nil {
		return s.explainCreate(ctx, eng, p, bus, err)
	}
	return s.start(ctx, eng, p, bus, opt)
}

func runOptions(opt RunOptions, name string, terminal bool) api.RunOptions {
	return api.RunOptions{
		CreateOptions: api.CreateOptions{IgnoreOrphans: true},
		Service:       opt.Service, Command: opt.Command, Entrypoint: opt.Entrypoint, Environment: opt.Env,
		User: opt.User, WorkingDir: opt.WorkingDir, Name: name,
		Tty: !opt.NoTTY && !opt.Detach && terminal, Interactive: !opt.Detach,
		Detach: opt.Detach, AutoRemove: opt.Remove, NoDeps: true,
	}
}
