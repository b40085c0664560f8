package delve

import (
	"context"
	"strings"
	"time"

	"github.com/go-delve/delve/pkg/config"
	"github.com/go-delve/delve/pkg/terminal"
	"github.com/go-delve/delve/service/rpc2"

	"devenv/devenv/fault"
)

// Mount is a folder of the host and where the container, and with it the program's debug information, has it.
type Mount struct{ Host, Container string }

// Attach opens Delve's terminal on the server at HOST:PORT, as `dlv connect` does, and returns when the developer leaves it or ctx ends. The
// program is halted meanwhile, unless the developer lets it run; afterwards it runs on, without the breakpoints that were set here.
//
// pkg/terminal takes the terminal of this process and SIGINT, by which it halts the program: ctx should not end with that signal. The
// developer's own configuration of Delve holds (aliases, colors), with the mounts behind its rules for paths.
//
// Goroutines: one runs the terminal; if ctx ends first it is left reading standard input, until the process ends.
func Attach(ctx context.Context, address string, mounts []Mount) error {
	if err := Begun(ctx, address); err != nil {
		return err
	}
	conn, client, err := connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close()
	g, err := enter(client)
	if err != nil {
		return err
	}
	term := terminal.New(g, configured(mounts), false)
	ended := make(chan error, 1)
	go func() {
		_, err := term.Run()
		ended <- err
	}()
	select {
	case err = <-ended:
	case <-ctx.Done():
		term.Close() // gives the terminal its modes back
		err = g.Detach(false)
	}
	if err == nil {
		err = resume(ctx, address)
	}
	if err != nil && !exited(err) {
		return fault.New(fault.Failed, "delve: %w", err)
	}
	return nil
}

// resume lets the program run also if ctx has ended.
func resume(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resumeWithin)
	defer cancel()
	return Resume(ctx, address)
}

// resumeWithin is how long a program may take to run again, which costs Delve milliseconds.
const resumeWithin = 5 * time.Second

// configured is the developer's configuration of Delve. One that cannot be read is as none, as for dlv.
func configured(mounts []Mount) *config.Config {
	own, err := config.LoadConfig()
	if err != nil {
		own = &config.Config{}
	}
	for _, mount := range mounts {
		own.SubstitutePath = append(own.SubstitutePath, config.SubstitutePathRule{From: mount.Container, To: mount.Host})
	}
	return own
}

// guest is a client that leaves as it came: the program is the service's, its life is devenv's. To the terminal it is the only client, which asks
// no question when it leaves.
type guest struct {
	*rpc2.RPCClient
	found map[int]bool // the breakpoints of others, by ID
}

// enter halts the program, for whoever types a command expects that.
func enter(client *rpc2.RPCClient) (*guest, error) {
	if err := halt(client); err != nil {
		return nil, err
	}
	g := &guest{RPCClient: client, found: map[int]bool{}}
	set, err := client.ListBreakpoints(false)
	for _, one := range set {
		g.found[one.ID] = true
	}
	return g, err
}

func halt(client *rpc2.RPCClient) error {
	state, err := client.GetStateNonBlocking()
	if err == nil && state.Running {
		_, err = client.Halt()
	}
	if err != nil {
		return fault.New(fault.Failed, "delve: the program cannot be halted: %w", err)
	}
	return nil
}

// IsMulticlient is part of service.Client.
func (g *guest) IsMulticlient() bool { return false }

// Detach is part of service.Client: the program is left as it was found but halted, whether the terminal wants it killed or not.
func (g *guest) Detach(bool) error {
	if err := halt(g.RPCClient); err != nil {
		return err
	}
	set, err := g.ListBreakpoints(false)
	if err != nil {
		return err
	}
	for _, one := range set {
		if own(one) && !g.found[one.ID] {
			if _, err := g.ClearBreakpoint(one.ID); err != nil {
				return err
			}
		}
	}
	return g.Disconnect(false)
}

// exited tells the error of a server whose program has ended; its type is lost on the way.
func exited(err error) bool { return strings.Contains(err.Error(), "has exited with status") }
