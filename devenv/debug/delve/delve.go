// Package delve is the client side of Delve, for Go services whose process runs under `dlv --headless`: what state it is in, and Delve's own
// terminal on it. It is built from go-delve's packages, so a developer finds what `dlv connect` has.
//
// Editors do not come here: they speak DAP, which the same port of Delve understands (1.7.3 and newer tell the protocols apart by the first byte),
// through debug.Proxy. Everything here expects a server that accepts several clients (--accept-multiclient): one that does not ends its process
// when its first client goes.
package delve

import (
	"context"
	"fmt"
	"net"

	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/rpc2"

	"devenv/devenv/fault"
)

// State is what the program under a Delve server does.
type State string

// The states.
const (
	Starting State = "starting" // nobody has let it run yet: with --continue, Delve does so itself when it serves already
	Running  State = "running"
	Halted   State = "halted" // at a breakpoint, or because a client wants it so
	Exited   State = "exited" // Delve is still there
)

// Status is a Delve server as it is now.
type Status struct {
	State       State
	Where       string       // FUNCTION at FILE:LINE of the container; "" unless halted
	Breakpoints []Breakpoint // of all clients; nil while running, for Delve tells them only when the program is halted
}

// Breakpoint is one that some client has set.
type Breakpoint struct {
	Function string
	File     string // of the container
	Line     int
	Hits     uint64
}

func (b Breakpoint) String() string { return fmt.Sprintf("%s:%d", b.File, b.Line) }

// ask connects to the server at HOST:PORT, asks it, and hangs up, which leaves its program as the question left it.
func ask(ctx context.Context, address string, question func(*rpc2.RPCClient) error) error {
	conn, client, err := connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	return question(client)
}

// connect waits for the server's first answer: a forwarded port also accepts while nobody listens behind it. The caller closes the connection.
func connect(ctx context.Context, address string) (net.Conn, *rpc2.RPCClient, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, nil, fault.New(fault.Failed, "no Delve answers: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	client := rpc2.NewClientFromConn(conn)
	_, err = client.GetStateNonBlocking()
	stop()
	if err != nil && !exited(err) {
		_ = conn.Close()
		return nil, nil, fault.New(fault.Failed, "no Delve answers: %w", err)
	}
	return conn, client, nil
}

// Look asks the server at HOST:PORT how its program is. It does not disturb it.
func Look(ctx context.Context, address string) (Status, error) {
	var status Status
	err := ask(ctx, address, func(client *rpc2.RPCClient) error {
		state, err := client.GetStateNonBlocking()
		switch {
		case err != nil && exited(err), err == nil && state.Exited:
			status.State = Exited
			return nil
		case err != nil:
			return err
		case state.Running:
			status.State = Running
			return nil
		case !begun(state):
			status.State = Starting
			return nil
		}
		status.State, status.Where = Halted, where(state)
		set, err := client.ListBreakpoints(false)
		for _, one := range set {
			if own(one) {
				status.Breakpoints = append(status.Breakpoints, Breakpoint{one.FunctionName, one.File, one.Line, one.TotalHitCount})
			}
		}
		return err
	})
	return status, err
}

// Begun is an error until the program of the server at HOST:PORT has begun. Whoever comes earlier meets the client by which Delve carries out its
// own --continue: it lets a program run that this one believes to have halted, and takes the next stop for itself.
func Begun(ctx context.Context, address string) error {
	status, err := Look(ctx, address)
	if err == nil && status.State == Starting {
		err = fault.New(fault.Failed, "Delve has not let the program begin, which its flag --continue does")
	}
	return err
}

// begun tells a program by its threads: before main, Go's runtime starts one that watches the others.
func begun(state *api.DebuggerState) bool { return len(state.Threads) > 1 }

// Resume lets the program run on if it is halted, and returns when it does.
func Resume(ctx context.Context, address string) error {
	status, err := Look(ctx, address)
	if err != nil || status.State != Halted {
		return err
	}
	err = ask(ctx, address, func(client *rpc2.RPCClient) error { return client.Disconnect(true) })
	for err == nil && status.State == Halted { // nobody answers to a farewell
		status, err = Look(ctx, address)
	}
	return err
}

func where(state *api.DebuggerState) string {
	thread := state.CurrentThread
	switch {
	case thread == nil:
		return ""
	case thread.Function == nil:
		return fmt.Sprintf("%s:%d", thread.File, thread.Line)
	default:
		return fmt.Sprintf("%s at %s:%d", thread.Function.Name(), thread.File, thread.Line)
	}
}

// own tells breakpoints that a client has set from those that Delve sets itself, on panics and fatal errors.
func own(b *api.Breakpoint) bool { return b.ID > 0 }
