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
	"devenv/devenv/project"
	"devenv/devenv/reload/agent"
)

// debuggers are the debug ports of a session, one for each service that a debugger can come to. A port stays open until
// the session ends, also while its service is in a mode without a debugger: the editor waits with it.
//
// Goroutines: one for each proxy, one for each process that is told to it, one for a relay that is started ahead, one for
// a reload that waits; all end with the session's context, and close waits for them.
type debuggers struct {
	session *session
	ctx     context.Context // the session's
	running sync.WaitGroup

	mu    sync.Mutex
	ports map[string]*debugPort // by service
}

type debugPort struct {
	wanted  uint16 // which may have been taken
	end     func()
	proxy   *debug.Proxy
	address string
	process chan struct{} // closed, and made anew, when another process of the service serves

	ahead ahead

	mu      sync.Mutex       // guards brought, and holds others up while debugpy is being brought
	brought map[string]error // by container: how bringing debugpy ended, until the editor leaves
}

// all are where editors connect, and who does, by service.
func (d *debuggers) all() map[string]live.Debugger {
	d.mu.Lock()
	ports := maps.Clone(d.ports)
	d.mu.Unlock()
	all := map[string]live.Debugger{}
	for service, port := range ports {
		debugger := live.Debugger{Address: port.address, Client: port.proxy.Client()}
		for _, thread := range d.shown(port.proxy.Stopped()) {
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
		if !debug[service].Forwarded() {
			continue
		}
		if now := d.ports[service]; now != nil {
			if !debug[service].Chosen || now.wanted == ports[service] {
				continue
			}
			now.end() // the profile chooses another one now
		}
		listener, err := listenNear(d.ctx, ports[service])
		if err != nil {
			all = append(all, fault.New(fault.Failed, "%s: no port for a debugger: %w", service, err))
			continue
		}
		d.open(service, debug[service].Kind, listener, ports[service])
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

func (d *debuggers) open(service string, kind plan.Debugger, listener net.Listener, wanted uint16) {
	ctx, end := context.WithCancel(d.ctx)
	port := &debugPort{address: listener.Addr().String(), wanted: wanted, end: end, process: make(chan struct{}), brought: map[string]error{}}
	port.ahead.relay = func(container string) (*engine.Stream, error) {
		return d.session.env().engine.Stream(d.ctx, container, engine.Command{Args: agent.Connect()})
	}
	options := debug.Options{
		Service: service, Listener: listener,
		Dial: func(ctx context.Context, process string) (net.Conn, string, error) {
			return d.dial(ctx, port, service, process)
		},
		Release: func(ctx context.Context, process string) {
			port.forget()
			d.release(ctx, service, process)
		},
		Report: func(event debug.Event) { d.report(port, event) },
	}
	if kind == plan.Delve {
		options.Dial = func(ctx context.Context, _ string) (net.Conn, string, error) { return d.dialDelve(ctx, service) }
		options.Release = func(ctx context.Context, _ string) { d.releaseDelve(ctx, service) }
	}
	port.proxy = debug.New(options)
	d.ports[service] = port
	d.running.Go(func() { _ = port.proxy.Run(ctx) }) // its only end is ctx
}

func (d *debuggers) report(port *debugPort, event debug.Event) {
	switch event.Kind {
	case debug.Attached, debug.Reconnected:
		port.ahead.start(d.running.Go)
	case debug.Released:
		port.ahead.end()
	case debug.Refused, debug.LetGo, debug.Waiting:
	}
	event.Threads = d.shown(event.Threads)
	d.session.env().settings.Term.Say("%s  %s", event.Service, event)
}

// forget makes the next editor worth another attempt to bring debugpy.
func (p *debugPort) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.brought)
}

// dial makes a process listen for a debugger and connects to it. While no process serves, it waits for one.
func (d *debuggers) dial(ctx context.Context, port *debugPort, service, process string) (net.Conn, string, error) {
	for {
		d.mu.Lock()
		changed := port.process
		d.mu.Unlock()
		conn, name, err := d.dialNow(ctx, port, service, process)
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

func (d *debuggers) dialNow(ctx context.Context, port *debugPort, service, process string) (net.Conn, string, error) {
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
		listening, err := d.ask(ctx, port, c, link.Link)
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
		conn, err := port.ahead.connect(c.ID, listening.Port)
		return conn, name, err
	}
	return nil, "", errNotThere
}

// ask has the serving process listen; where the image has no debugpy, it is brought.
func (d *debuggers) ask(ctx context.Context, port *debugPort, c engine.Container, link *agent.Link) (agent.Listening, error) {
	listening, err := link.Debug(ctx, debugpyFolder)
	if err == nil || !errors.Is(err, agent.ErrNoDebugpy) {
		return listening, err
	}
	if err := d.bring(port, c); err != nil {
		return listening, err
	}
	return link.Debug(ctx, debugpyFolder)
}

// bring brings debugpy into a container once, however often the proxy dials, which may give a dial up meanwhile.
func (d *debuggers) bring(port *debugPort, c engine.Container) error {
	port.mu.Lock()
	defer port.mu.Unlock()
	if err, done := port.brought[c.ID]; done {
		return err
	}
	err := d.session.bringDebugpy(d.ctx, c)
	port.brought[c.ID] = err
	if err != nil && d.ctx.Err() == nil {
		d.session.env().settings.Term.Fail(err)
	}
	return err
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
	link, err := d.session.agents.to(d.ctx, c)
	if err != nil {
		return // it is gone
	}
	if now := link.now(); now.Holding != status.Holding || status.Holding == 0 && now.Child != status.Child {
		return // another one has come since, and is followed too
	}
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
	_ = link.Proceed(d.ctx) // a process that is gone need not
}

// reconnectWithin bounds the wait for a debugger to be attached to a new process.
const reconnectWithin = 10 * time.Second

// standing is why a reload waits, by the service's own setting.
type standing struct{ service, thread string }

func (s *standing) Error() string {
	return fmt.Sprintf("%s  the reload waits for %s to go on (x-devenv.debug.on_save)", s.service, s.thread)
}

// mayReload is an error while a thread of the service stands at a breakpoint and the reload is to wait for it: it is
// tried again when the thread goes on. By default the process that is replaced lets go of its threads, and its proxy says so.
func (d *debuggers) mayReload(service string) error {
	d.mu.Lock()
	port := d.ports[service]
	d.mu.Unlock()
	if port == nil || d.session.env().project.Services[service].Debug.OnSave != project.OnSaveWait {
		return nil
	}
	stopped := d.shown(port.proxy.Stopped())
	if len(stopped) == 0 {
		return nil
	}
	d.running.Go(func() {
		if port.goesOn(d.ctx) {
			d.session.running.Retry(d.ctx)
		}
	})
	return &standing{service, stopped[0].String()}
}

// aStep is how long a thread must run to have gone on: one that only makes a step stands again before.
const aStep = 500 * time.Millisecond

// goesOn waits until no thread stands any more; false if ctx ended before.
func (p *debugPort) goesOn(ctx context.Context) bool {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for p.proxy.Running(ctx) == nil {
		timer.Reset(aStep)
		select {
		case <-timer.C:
		case <-ctx.Done():
			return false
		}
		if len(p.proxy.Stopped()) == 0 {
			return true
		}
	}
	return false
}

// shown are threads with the places where they stand as a developer types them.
func (d *debuggers) shown(threads []debug.Thread) []debug.Thread {
	for i := range threads {
		if threads[i].File != "" {
			threads[i].File = d.session.env().project.Rel(threads[i].File)
		}
	}
	return threads
}

// close waits for the proxies, whose context has ended.
func (d *debuggers) close() { d.running.Wait() }
