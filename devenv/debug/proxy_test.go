package debug_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-dap"
	"go.uber.org/goleak"

	"devenv/devenv/debug"
	"devenv/devenv/debug/daptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// app is an application whose breakpoints are found by their comments, wherever an edit has moved them.
const app = `
def handle(path):
    number = len(path)
    if path == "/raise":
        caught()
    if path == "/slow":
        while not open(__file__).read().startswith("# go on"):
            number += 1
    assert path
    double = number * 2  # here
    return double  # next


def caught():
    try:
        raise ValueError("for the debugger")  # raised
    except ValueError:
        pass
`

func line(app, comment string) int {
	before, _, found := strings.Cut(app, "# "+comment)
	if !found {
		panic(comment)
	}
	return strings.Count(before, "\n") + 1
}

// port is a debug port of a forker's children.
type port struct {
	*debug.Proxy
	*forker
	address string

	mu     sync.Mutex
	events []debug.Event
}

func newPort(t *testing.T, f *forker) *port {
	t.Helper()
	p := &port{forker: f}
	p.run(f.dial)
	return p
}

// run opens the port, until the test ends.
func (p *port) run(dial func(context.Context, string) (net.Conn, string, error)) {
	t := p.t
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = listener.Addr().String()
	p.Proxy = debug.New(debug.Options{Service: "api", Listener: listener, Dial: dial, Release: p.release, Report: p.report})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func (p *port) report(event debug.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, event)
	p.t.Log(event)
}

// reported are the events of a kind until now.
func (p *port) reported(kind debug.Kind) (events []debug.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, event := range p.events {
		if event.Kind == kind {
			events = append(events, event)
		}
	}
	return events
}

// reload is what a save does: a new child is made, configured and serves, and the old one drains.
func (p *port) reload(old string) string {
	p.t.Helper()
	child := p.fork()
	if err := p.Replaced(p.t.Context(), child); err != nil {
		p.t.Fatal(err)
	}
	p.tell("retire", old)
	p.await("retired " + old)
	p.accept(child)
	return child
}

// eventually polls for what no event tells of.
func eventually(t *testing.T, because string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", because)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// A breakpoint that was set once is hit in the code of every save, at the line to which an edit above it moved it, with everything that belongs
// to a stop. Twenty saves; the editor sends the moved breakpoint before each, as VS Code does.
func TestTwentySaves(t *testing.T) {
	p := newPort(t, newForker(t, app))
	child := p.start()
	client := daptest.Connect(t, p.address)
	client.Attach(nil, daptest.Lines(p.path(), line(app, "here")))
	source, threads := app, map[int]bool{}
	var slowest time.Duration
	for range 20 {
		answer := p.ask("/abc")
		stop := client.Stopped()
		if stop.Top().Line != line(source, "here") || stop.Reason != "breakpoint" {
			t.Fatalf("stopped at %+v, not at line %d", stop, line(source, "here"))
		}
		if threads[stop.ThreadId] {
			t.Fatalf("thread %d stopped again in another process", stop.ThreadId)
		}
		threads[stop.ThreadId] = true
		if number := client.Locals(stop.Top().Id)["number"].Value; number != "4" {
			t.Fatalf("number is %q", number)
		}
		client.Resume(stop.ThreadId)
		if got := <-answer; got != "8" {
			t.Fatalf("answered %q", got)
		}
		source = "# one more line\n" + source
		p.write(source)
		client.Set(daptest.Lines(p.path(), line(source, "here")))
		saved := time.Now()
		child = p.reload(child)
		slowest = max(slowest, time.Since(saved))
	}
	for _, event := range p.reported(debug.Reconnected) {
		slowest = max(slowest, event.Took)
	}
	t.Logf("reload with a debugger attached, slowest of 20: %v", slowest)
}

// An editor that does not send its breakpoints again keeps them at the lines where they were; the stops in the old child are let go, and what is left of them is refused.
func TestReplacedWhileStopped(t *testing.T) {
	p := newPort(t, newForker(t, app))
	child := p.start()
	client := daptest.Connect(t, p.address)
	client.Attach(nil, daptest.Lines(p.path(), line(app, "here")))
	old := p.ask("/abc")
	stop := client.Stopped()
	if stopped := p.Stopped(); len(stopped) != 1 || stopped[0].ID != stop.ThreadId || stopped[0].Reason != "breakpoint" {
		t.Fatalf("stopped: %v", stopped)
	}
	p.write("\n" + app) // the breakpoint is now on the line above
	p.reload(child)
	if got := <-old; got != "8" {
		t.Errorf("the old child answered %q", got)
	}
	daptest.Event[dap.ContinuedEventBody](client, "continued")
	if exited := daptest.Event[dap.ThreadEventBody](client, "thread"); exited.Reason == "exited" && exited.ThreadId == 0 {
		t.Errorf("%+v", exited)
	}
	if len(p.Stopped()) != 0 || len(p.reported(debug.LetGo)) != 1 {
		t.Errorf("stopped: %v, let go: %v", p.Stopped(), p.reported(debug.LetGo))
	}
	for command, arguments := range map[string]any{"stackTrace": dap.StackTraceArguments{ThreadId: stop.ThreadId},
		"scopes": dap.ScopesArguments{FrameId: stop.Top().Id}, "evaluate": dap.EvaluateArguments{FrameId: stop.Top().Id, Expression: "1"}} {
		if refused := client.Try(command, arguments); refused.Success || !strings.Contains(refused.Reason, "replaced by a reload") {
			t.Errorf("%v", refused)
		}
	}
	answer := p.ask("/abc")
	stop = client.Stopped()
	if stop.Top().Line != line(app, "here") {
		t.Errorf("stopped at line %d", stop.Top().Line)
	}
	client.Resume(stop.ThreadId)
	<-answer
}

// A child that is killed, running or stopped, is followed into the next; whatever is asked meanwhile is answered.
func TestKilled(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		t.Run(fmt.Sprintf("stopped=%v", stopped), func(t *testing.T) {
			p := newPort(t, newForker(t, app))
			child := p.start()
			client := daptest.Connect(t, p.address)
			client.Attach(nil, daptest.Lines(p.path(), line(app, "here")))
			if stopped {
				p.ask("/abc")
				stop := client.Stopped()
				defer func() {
					if refused := client.Try("scopes", dap.ScopesArguments{FrameId: stop.Top().Id}); refused.Success {
						t.Errorf("%v", refused)
					}
				}()
			}
			kill(t, child)
			p.await("exited")
			asked := client.Send("threads", struct{}{})
			next := p.start()
			if err := p.Replaced(t.Context(), next); err != nil {
				t.Fatal(err)
			}
			client.Await(asked)
			answer := p.ask("/abc")
			stop := client.Stopped()
			client.Resume(stop.ThreadId)
			if got := <-answer; got != "8" {
				t.Errorf("answered %q", got)
			}
		})
	}
}

// Attaching before the application is ready waits for it; a look at the port dials nothing.
func TestAttachBeforeReady(t *testing.T) {
	p := newPort(t, newForker(t, app))
	daptest.Connect(t, p.address).Close()
	client := daptest.Connect(t, p.address)
	seq := client.Send("initialize", dap.InitializeRequestArguments{ClientID: "vim", AdapterID: "debugpy"})
	output := daptest.Event[dap.OutputEventBody](client, "output")
	if !strings.Contains(output.Output, "waiting for api") {
		t.Errorf("%q", output.Output)
	}
	p.start()
	if m := client.Await(seq); !m.Success {
		t.Errorf("%v", m)
	}
	if p.dials != 1 {
		t.Errorf("%d dials", p.dials)
	}
	client.Disconnect()
}

// A client that waits for long is told why, if there is a reason.
func TestWaitingCause(t *testing.T) {
	for want, failure := range map[string]error{
		"devenv: waiting for api\n":                   fmt.Errorf("exec: %w", context.Canceled),
		"devenv: waiting for api: no space on disk\n": errors.New("no space on disk"),
	} {
		f := newForker(t, app)
		p := &port{forker: f}
		p.run(func(context.Context, string) (net.Conn, string, error) { return nil, "", failure })
		client := daptest.Connect(t, p.address)
		client.Send("initialize", dap.InitializeRequestArguments{ClientID: "vim", AdapterID: "debugpy"})
		if got := daptest.Event[dap.OutputEventBody](client, "output").Output; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		client.Close()
	}
}

// An editor that is killed, or says goodbye, leaves a process that answers at full speed, also when it was stopped; and another can attach.
func TestClientGone(t *testing.T) {
	p := newPort(t, newForker(t, app))
	p.start()
	if tracing := p.get("/tracing"); tracing != "off" || p.dials != 0 {
		t.Fatalf("before anybody attached: %s, %d dials", tracing, p.dials)
	}
	for _, leave := range []func(*daptest.Client){(*daptest.Client).Close, (*daptest.Client).Disconnect,
		func(c *daptest.Client) {
			daptest.Request[struct{}](c, "terminate", struct{}{})
			daptest.Event[struct{}](c, "terminated")
		}} {
		client := daptest.Connect(t, p.address)
		client.Attach(nil, daptest.Lines(p.path(), line(app, "here")))
		if tracing := p.get("/tracing"); tracing == "off" {
			t.Errorf("attached, and tracing is %s", tracing)
		}
		answer := p.ask("/abc")
		client.Stopped()
		leave(client)
		if got := <-answer; got != "8" {
			t.Errorf("answered %q", got)
		}
		eventually(t, "tracing is off", func() bool { return p.get("/tracing") == "off" })
		if got := p.get("/abc"); got != "8" {
			t.Errorf("answered %q", got)
		}
	}
}

// A second client is told who is there, and the first keeps its session.
func TestTwoClients(t *testing.T) {
	p := newPort(t, newForker(t, app))
	p.start()
	first := daptest.Connect(t, p.address)
	first.ID = "Visual Studio Code"
	first.Attach(nil, daptest.Lines(p.path(), line(app, "here")))
	second := daptest.Connect(t, p.address)
	refused := second.Try("initialize", dap.InitializeRequestArguments{ClientID: "nvim"})
	if refused.Success || !strings.Contains(refused.Reason, "api is being debugged by Visual Studio Code (127.0.0.1:") {
		t.Errorf("%v", refused)
	}
	<-second.Closed()
	answer := p.ask("/abc")
	first.Resume(first.Stopped().ThreadId)
	<-answer
	if len(p.reported(debug.Refused)) != 1 {
		t.Error("nobody was told")
	}
	first.Disconnect()
	third := daptest.Connect(t, p.address)
	third.Attach(nil)
	if client := p.Client(); !strings.HasPrefix(client, "vscode (") {
		t.Errorf("attached: %q", client)
	}
}

// A request that the old process will never answer is refused when it is replaced.
func TestReplacedWhileAsking(t *testing.T) {
	p := newPort(t, newForker(t, app))
	child := p.start()
	client := daptest.Connect(t, p.address)
	client.Attach(nil, daptest.Lines(p.path(), line(app, "here")))
	p.ask("/abc")
	stop := client.Stopped()
	begun := filepath.Join(t.TempDir(), "begun")
	asked := client.Send("evaluate", dap.EvaluateArguments{
		FrameId: stop.Top().Id, Context: "repl",
		Expression: fmt.Sprintf("__import__('pathlib').Path(%q).touch() or __import__('threading').Event().wait()", begun),
	})
	eventually(t, "the process has the request", func() bool { _, err := os.Stat(begun); return err == nil })
	kill(t, child)
	if refused := client.Await(asked); refused.Success || !strings.Contains(refused.Reason, "the process ended") {
		t.Errorf("%v", refused)
	}
	if err := p.Replaced(t.Context(), p.start()); err != nil {
		t.Fatal(err)
	}
	answer := p.ask("/abc")
	client.Resume(client.Stopped().ThreadId)
	<-answer
}

// A stopped process is let go before there is another, as for a container that is recreated; a reload can also wait until it is not stopped. A
// breakpoint that the editor sets meanwhile is in the next process before it accepts.
func TestLetGo(t *testing.T) {
	p := newPort(t, newForker(t, app))
	child := p.start()
	client := daptest.Connect(t, p.address)
	configured := make(chan error, 1)
	go func() { configured <- p.Configured(t.Context()) }()
	client.Attach(nil, daptest.Lines(p.path(), line(app, "here")))
	if err := <-configured; err != nil {
		t.Error(err)
	}
	answer := p.ask("/abc")
	client.Stopped()
	running := make(chan error, 1)
	go func() { running <- p.Running(t.Context()) }()
	if err := p.LetGo(t.Context()); err != nil {
		t.Error(err)
	}
	if got := <-answer; got != "8" {
		t.Errorf("answered %q", got)
	}
	if err := <-running; err != nil {
		t.Error(err)
	}
	p.tell("retire", child)
	p.await("exited " + child)
	asked := client.Send("setBreakpoints", dap.SetBreakpointsArguments{Source: dap.Source{Path: p.path()},
		Breakpoints: []dap.SourceBreakpoint{{Line: line(app, "next")}}})
	next := p.fork()
	if err := p.Replaced(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	p.accept(next)
	client.Await(asked)
	p.ask("/abc")
	if stop := client.Stopped(); stop.Top().Line != line(app, "next") {
		t.Errorf("stopped at line %d", stop.Top().Line)
	}
}

// An editor that gives up before a process is ready leaves none that was made to listen for it.
func TestGoneBeforeReady(t *testing.T) {
	p := newPort(t, newForker(t, app))
	client := daptest.Connect(t, p.address)
	client.Send("initialize", dap.InitializeRequestArguments{ClientID: "vim", AdapterID: "debugpy"})
	eventually(t, "it is attached", func() bool { return p.Client() != "" })
	p.start()
	client.Close()
	eventually(t, "it is gone", func() bool { return p.Client() == "" })
	eventually(t, "tracing is off", func() bool { return p.get("/tracing") == "off" })
	again := daptest.Connect(t, p.address)
	again.Attach(nil, daptest.Lines(p.path(), line(app, "here")))
	p.ask("/abc")
	again.Stopped()
}

// With debugpy's adapter in a process of its own, which answers attach last and says terminated when its process ends, it is the same.
func TestAdapterProcess(t *testing.T) {
	p := newPort(t, newForker(t, app, "--adapter"))
	child := p.start()
	client := daptest.Connect(t, p.address)
	client.Attach(nil, daptest.Lines(p.path(), line(app, "here")))
	for range 3 {
		answer := p.ask("/abc")
		client.Resume(client.Stopped().ThreadId)
		if got := <-answer; got != "8" {
			t.Errorf("answered %q", got)
		}
		child = p.reload(child)
	}
	kill(t, child)
	p.await("exited")
	if err := p.Replaced(t.Context(), p.start()); err != nil {
		t.Fatal(err)
	}
	p.ask("/abc")
	client.Stopped()
	if client.Heard("terminated") {
		t.Error("the session was ended")
	}
}

// Run ends while an editor waits in a stopped process: the editor learns that it is over, the process goes on.
func TestClose(t *testing.T) {
	p := newPort(t, newForker(t, app))
	p.start()
	client := daptest.Connect(t, p.address)
	client.Attach(nil, daptest.Lines(p.path(), line(app, "here")))
	answer := p.ask("/abc")
	client.Stopped()
	p.Close("devenv down")
	daptest.Event[struct{}](client, "terminated")
	<-client.Closed()
	if got := <-answer; got != "8" {
		t.Errorf("answered %q", got)
	}
	eventually(t, "the tracing ends", func() bool { return p.get("/tracing") == "off" })
	if err := p.Replaced(t.Context(), "p"); err == nil {
		t.Error("a closed port was connected to a process")
	}
}

// A round trip through the proxy costs at most 2 ms more than one to debugpy itself.
func TestRoundTrip(t *testing.T) {
	f := newForker(t, app)
	p := newPort(t, f)
	f.start()
	through := roundTrip(t, p, p.address)
	eventually(t, "the debugger is released", func() bool { return f.get("/tracing") == "off" })
	conn, _, err := f.dial(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	address := conn.RemoteAddr().String()
	conn.Close()
	direct := roundTrip(t, p, address)
	t.Logf("a round trip, median of 500: %v through the proxy, %v without it, %v more", through, direct, through-direct)
	if through-direct > 2*time.Millisecond {
		t.Errorf("the proxy costs %v a round trip", through-direct)
	}
}

func roundTrip(t *testing.T, p *port, address string) time.Duration {
	t.Helper()
	client := daptest.Connect(t, address)
	client.Attach(nil, daptest.Lines(p.path(), line(app, "here")))
	answer := p.ask("/abc")
	stop := client.Stopped()
	times := make([]time.Duration, 500)
	for i := range times {
		start := time.Now()
		client.Evaluate(stop.Top().Id, "number")
		times[i] = time.Since(start)
	}
	client.Resume(stop.ThreadId)
	<-answer
	client.Close()
	return median(times)
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

func kill(t *testing.T, child string) {
	t.Helper()
	pid, err := strconv.Atoi(child)
	process, _ := os.FindProcess(pid) // it never fails on Unix, and Kill does if there is none
	if err == nil {
		err = process.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
}
