package devenv

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"devenv/devenv/debug/delve"
	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/plan"
	"devenv/devenv/reload"
)

// delveWithin bounds a question to Delve, which answers at once or not at all.
const delveWithin = 2 * time.Second

// restartUnderDelve is how long a container has to end: Delve kills the program as it ends, and a shell before it would
// sit out the whole time.
const restartUnderDelve = 3 * time.Second

// delveServer is a Delve server in a running container, as it can be reached from here until the container ends.
type delveServer struct {
	service, container string
	address            string // HOST:PORT
}

// delves are the Delve servers of the project's running containers.
func (e *Environment) delves(ctx context.Context) ([]delveServer, error) {
	containers, err := e.engine.Containers(ctx, e.project.Compose.Name)
	if err != nil {
		return nil, err
	}
	var all []delveServer
	for _, c := range containers {
		port, there := delvePort(c)
		if there && !c.Oneoff && c.State == engine.Running && port.HostPort != 0 {
			address := net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port.HostPort)))
			all = append(all, delveServer{c.Service, c.ID, address})
		}
	}
	return all, nil
}

// delvePort is the port of a container that is not for its users but for devenv, to reach Delve.
func delvePort(c engine.Container) (engine.Port, bool) {
	for _, port := range c.Ports {
		if label := c.Labels[plan.DebugLabel]; label != "" && label == strconv.Itoa(int(port.ContainerPort)) {
			return port, true
		}
	}
	return engine.Port{}, false
}

// delve is the Delve server of a service.
func (e *Environment) delve(ctx context.Context, service string) (delveServer, error) {
	all, err := e.delves(ctx)
	if err != nil {
		return delveServer{}, err
	}
	for _, server := range all {
		if server.service == service {
			return server, nil
		}
	}
	return delveServer{}, fault.New(fault.Failed, "%s: Delve does not run", service).WithHint("devenv up -d")
}

// dialDelve connects an editor's session to the Delve of a service that runs now. The connection ends with the container,
// and the proxy comes back for the next one.
func (d *debuggers) dialDelve(ctx context.Context, service string) (net.Conn, string, error) {
	server, err := d.session.env().delve(ctx, service)
	if err == nil {
		err = begun(ctx, server)
	}
	if err != nil {
		return nil, "", err
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", server.address)
	return conn, fmt.Sprintf("%.12s at %s", server.container, server.address), err
}

// begun is an error until there is a program to attach to. The port alone accepts as soon as the container runs, which may
// still be building.
func begun(ctx context.Context, server delveServer) error {
	ctx, cancel := context.WithTimeout(ctx, delveWithin)
	defer cancel()
	return delve.Begun(ctx, server.address)
}

// partDelve has an editor leave a Delve that is about to be told to end, which takes it some seconds with a client; the editor
// waits for the next one once again is called.
func (d *debuggers) partDelve(ctx context.Context, service string) (again func()) {
	d.mu.Lock()
	port := d.ports[service]
	d.mu.Unlock()
	if port == nil {
		return func() {}
	}
	leaving, cancel := context.WithTimeout(ctx, delveWithin)
	defer cancel()
	_ = port.proxy.LetGo(leaving) // else it takes the longer time
	return func() {
		d.running.Go(func() {
			ctx, cancel := context.WithTimeout(d.ctx, reconnectWithin)
			defer cancel()
			_ = port.proxy.Replaced(ctx, "") // the proxy goes on trying by itself
		})
	}
}

// releaseDelve lets the program of a service run that its editor has left halted, as by hanging up in the middle of attaching.
func (d *debuggers) releaseDelve(ctx context.Context, service string) {
	if server, err := d.session.env().delve(ctx, service); err == nil {
		_ = delve.Resume(ctx, server.address) // it may be gone
	}
}

// mayRestart is an error if what runs is to go on: for a goroutine that stands at a breakpoint and is waited for, or
// because what comes after it does not compile.
func (s *session) mayRestart(ctx context.Context, service string) error {
	if err := s.debuggers.mayReload(service); err != nil {
		return err
	}
	return s.compiles(ctx, service)
}

// compiles is an error if what a service would build at its next start does not compile: then the program that runs is the
// last good one. Where that cannot be asked, the start will show.
func (s *session) compiles(ctx context.Context, service string) error {
	seen := s.seen(service)
	containers, err := s.containers(ctx, service)
	if err != nil || len(containers) == 0 || seen.Compile == nil {
		return err
	}
	output, status, err := s.env().engine.Output(ctx, containers[0].ID, engine.Command{Args: seen.Compile})
	if err != nil || status == 0 || status >= cannotRun {
		return err
	}
	return fault.New(fault.Failed, "%s: its program does not compile", service).
		WithDetail(strings.Split(strings.TrimSpace(string(output)), "\n")...).
		WithHint("the last good program goes on; the next good save replaces it")
}

// cannotRun is the exit code from which on a command was not there, could not be run or was ended.
const cannotRun = 126

// failedToBuild tells of a Go service whose process did not get as far as its program, in a session that shows no logs. A
// process that was told to end has another exit code.
func (s *session) failedToBuild(ctx context.Context, event engine.Event) {
	if s.seen(event.Service).Style != reload.RestartContainer || event.Oneoff || event.ExitCode == 0 || event.ExitCode > signalled {
		return
	}
	e := s.env()
	lines, _ := e.engine.LastLogs(ctx, event.ID, shownLines) // without them there is still something to say
	e.settings.Term.Fail(fault.New(fault.Failed, "%s: its process ended with exit code %d", event.Service, event.ExitCode).
		WithDetail(lines...).WithHint("the next save starts it again"))
}

// signalled is the exit code from which on a signal has ended a process, as shells and the engine count.
const signalled = 128

// shownLines is how much of a log is shown.
const shownLines = 10
