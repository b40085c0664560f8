package devenv

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"devenv/devenv/debug"
	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/live"
	"devenv/devenv/plan"
	"devenv/devenv/reload/agent"
)

// debuggers are the debug ports of a session, one for each service that a debugger can come to. A port stays open until
// the session ends, also while its service is in a mode without a debugger: the editor waits with it.
//
// Goroutines: one for each proxy and one for each process that is told to it; all end with the session's context, and
// close waits for them.
type debuggers struct {
	session *session
	ctx     context.Context // the session's
	running sync.WaitGroup

	mu    sync.Mutex
	ports map[string]*debugPort // by service
}

type debugPort struct {
	proxy   *debug.Proxy
	address string
	process chan struct{} // closed, and made anew, when another process of the service serves
}

// all are where editors connect, and who does, by service.
func (d *debuggers) all() map[string]live.Debugger {
	d.mu.Lock()
	ports := maps.Clone(d.ports)
	d.mu.Unlock()
	all := map[string]live.Debugger{}
	for service, port := range ports {
		debugger := live.Debugger{Address: port.address, Client: port.proxy.Client()}
		for _, thread := range port.proxy.Stopped() {
			debugger.Stopped = append(debugger.Stopped, thread.String())
		}
		all[service] = debugger
	}
	return all
}

// listen opens the ports of services that have none yet.
func (d *debuggers) listen(debug map[string]plan.Debug) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.session.env()
	remembered := e.store.DebugPorts()
	ports := debugPorts(remembered, debug)
	var all []error
	for _, service := range slices.Sorted(maps.Keys(debug)) {
		if d.ports[service] != nil || !debug[service].Forwarded() {
			continue
		}
		listener, err := listenNear(d.ctx, ports[service])
		if err != nil {
			all = append(all, fault.New(fault.Failed, "%s: no port for a debugger: %w", service, err))
			continue
		}
		d.open(service, debug[service].Kind, listener)
		got := portOf(listener)
		if got != ports[service] {
			e.settings.Term.Warn("%s: port %d is taken, so its debugger is at %d; `devenv debug vscode` tells VS Code", service, ports[service], got)
		}
		if got != remembered[service] {
			all = append(all, e.store.SaveDebugPort(service, got))
		}
	}
	return errors.Join(all...)
}

func (d *debuggers) open(service string, kind plan.Debugger, listener net.Listener) {
	port := &debugPort{address: listener.Addr().String(), process: make(chan struct{})}
	options := debug.Options{
		Service: service, Listener: listener,
		Dial: func(ctx context.Context, process string) (net.Conn, string, error) {
			return d.dial(ctx, port, service, process)
		},
		Release: func(ctx context.Context, process string) { d.release(ctx, service, process) },
		Report:  func(event debug.Event) { d.session.env().settings.Term.Say("%s  %s", service, event) },
	}
	if kind == plan.Delve {
		options.Dial = func(ctx context.Context, _ string) (net.Conn, string, error) { return d.dialDelve(ctx, service) }
		options.Release = func(ctx context.Context, _ string) { d.releaseDelve(ctx, service) }
	}
	port.proxy = debug.New(options)
	d.ports[service] = port
	d.running.Go(func() { _ = port.proxy.Run(d.ctx) }) // its only end is ctx
}

// dial makes a process listen for a debugger and connects to it. While no process serves, it waits for one.
func (d *debuggers) dial(ctx context.Context, port *debugPort, service, process string) (net.Conn, string, error) {
	for {
		d.mu.Lock()
		changed := port.process
		d.mu.Unlock()
		conn, name, err := d.dialNow(ctx, service, process)
		if !errors.Is(err, errNotThere) {
			return conn, name, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, "", ctx.Err()
		}
	}
}

// errNotThere says that no process, or not the wanted one, can be debugged now.
var errNotThere = errors.New("no process to debug")

func (d *debuggers) dialNow(ctx context.Context, service, process string) (net.Conn, string, error) {
	s := d.session
	containers, err := s.containers(ctx, service)
	if err != nil {
		return nil, "", err
	}
	for _, c := range containers {
		link, err := s.agents.to(d.ctx, c)
		if err != nil {
			continue // it is ending; the next one will be told
		}
		listening, err := d.ask(ctx, c, link.Link)
		if errors.Is(err, agent.ErrLost) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		name := processName(c, listening.PID)
		if process != "" && process != name {
			continue
		}
		conn, err := s.env().engine.Stream(d.ctx, c.ID, engine.Command{Args: agent.Connect(listening.Port)})
		return conn, name, err
	}
	return nil, "", errNotThere
}

// ask has the serving process listen; where the image has no debugpy, it is brought.
func (d *debuggers) ask(ctx context.Context, c engine.Container, link *agent.Link) (agent.Listening, error) {
	listening, err := link.Debug(ctx, debugpyFolder)
	if err == nil || !errors.Is(err, agent.ErrNoDebugpy) {
		return listening, err
	}
	if err := d.session.bringDebugpy(ctx, c); err != nil {
		return listening, err
	}
	return link.Debug(ctx, debugpyFolder)
}

// processName tells the processes of a service apart, those of one container by their numbers.
func processName(c engine.Container, pid int) string { return fmt.Sprintf("%.12s %d", c.ID, pid) }

// release ends the tracing of a process that a debugger has left.
func (d *debuggers) release(ctx context.Context, service, process string) {
	containers, err := d.session.containers(ctx, service)
	if err != nil {
		return // the engine is away, and the tracing is not the worst of it
	}
	for _, c := range containers {
		link, err := d.session.agents.to(d.ctx, c)
		if err == nil && processName(c, link.now().Child) == process {
			_ = link.Release(ctx) // a process that is gone has nothing to release
		}
	}
}

// serves tells that a process of a service has begun to serve, or waits with its first request for the debugger.
func (d *debuggers) serves(c engine.Container, status agent.Status) {
	d.mu.Lock()
	defer d.mu.Unlock()
	port := d.ports[c.Service]
	if port == nil {
		return
	}
	close(port.process)
	port.process = make(chan struct{})
	d.running.Go(func() { d.follow(port, c, status) })
}

// follow has the debugger come to a process. That a process is left without one is no failure: the proxy goes on trying
// as long as an editor is there.
func (d *debuggers) follow(port *debugPort, c engine.Container, status agent.Status) {
	if status.Holding == 0 {
		ctx, cancel := context.WithTimeout(d.ctx, reconnectWithin)
		defer cancel()
		_ = port.proxy.Replaced(ctx, processName(c, status.Child))
		return
	}
	if status.Waits {
		d.session.env().settings.Term.Say("%s  waits for a debugger at %s", c.Service, port.address)
		_ = port.proxy.Configured(d.ctx)
	} else {
		ctx, cancel := context.WithTimeout(d.ctx, reconnectWithin)
		defer cancel()
		_ = port.proxy.Replaced(ctx, processName(c, status.Holding))
	}
	if link, err := d.session.agents.to(d.ctx, c); err == nil {
		_ = link.Proceed(d.ctx) // a process that is gone need not
	}
}

// reconnectWithin bounds the wait for a debugger to be attached to a new process.
const reconnectWithin = 10 * time.Second

// beforeReload says that threads which stand at a breakpoint run on, for the new code: the agent lets go of them.
func (d *debuggers) beforeReload(service string) {
	d.mu.Lock()
	port := d.ports[service]
	d.mu.Unlock()
	if port == nil {
		return
	}
	if stopped := port.proxy.Stopped(); len(stopped) > 0 {
		d.session.env().settings.Term.Say("%s  stopped at a breakpoint: %s runs on, for the new code", service, stopped[0])
	}
}

// close waits for the proxies, whose context has ended.
func (d *debuggers) close() { d.running.Wait() }

// debugpyFolder is where devenv puts a debugger into a container whose image has none.
const debugpyFolder = "/devenv/debugpy"

// bringDebugpy installs debugpy into a folder of the container that belongs to devenv: neither the image nor the
// project's environment or lock file changes.
func (s *session) bringDebugpy(ctx context.Context, c engine.Container) error {
	s.env().settings.Term.Say("%s  has no debugpy: devenv installs it beside the project's packages", c.Service)
	var failures []error
	for _, installer := range [][]string{
		{"uv", "pip", "install", "--quiet", "--target", debugpyFolder, "debugpy"},
		{"python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore", "--target", debugpyFolder, "debugpy"},
	} {
		err := s.run(ctx, c, engine.Command{Args: installer, User: "0", WorkingDir: "/"})
		if err == nil {
			return nil
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}
