package debug_test

import (
	"strings"
	"testing"

	"github.com/google/go-dap"

	"devenv/devenv/debug/daptest"
)

// Everything else that an editor does works through the port, in the first process and in a later one.
func TestEverythingElse(t *testing.T) {
	p := newPort(t, newForker(t, app))
	child := p.start()
	client := daptest.Connect(t, p.address)
	client.Attach(nil)
	for range 2 {
		conditional(t, p, client)
		logpoint(t, p, client)
		exception(t, p, client)
		inspect(t, p, client)
		pause(t, p, client)
		child = p.reload(child)
	}
}

func conditional(t *testing.T, p *port, client *daptest.Client) {
	t.Helper()
	client.Set(daptest.Breakpoints{Path: p.path(), At: []dap.SourceBreakpoint{{Line: line(app, "here"), Condition: "number == 6"}}})
	if got := p.get("/abc"); got != "8" {
		t.Errorf("answered %q", got)
	}
	answer := p.ask("/abcde")
	client.Resume(client.Stopped().ThreadId)
	if got := <-answer; got != "12" {
		t.Errorf("answered %q", got)
	}
}

func logpoint(t *testing.T, p *port, client *daptest.Client) {
	t.Helper()
	client.Set(daptest.Breakpoints{Path: p.path(), At: []dap.SourceBreakpoint{{Line: line(app, "here"), LogMessage: "number is {number}"}}})
	p.get("/abc")
	for !strings.Contains(daptest.Event[dap.OutputEventBody](client, "output").Output, "number is 4") {
	}
	client.Set(daptest.Lines(p.path()))
}

func exception(t *testing.T, p *port, client *daptest.Client) {
	t.Helper()
	client.Exceptions("raised")
	answer := p.ask("/raise")
	stop := client.Stopped()
	if stop.Reason != "exception" || stop.Top().Line != line(app, "raised") {
		t.Errorf("%+v", stop)
	}
	info := daptest.Request[dap.ExceptionInfoResponseBody](client, "exceptionInfo", dap.ExceptionInfoArguments{ThreadId: stop.ThreadId})
	if info.ExceptionId != "ValueError" {
		t.Errorf("%+v", info)
	}
	client.Exceptions()
	client.Resume(stop.ThreadId)
	<-answer
}

func inspect(t *testing.T, p *port, client *daptest.Client) {
	t.Helper()
	client.Set(daptest.Lines(p.path(), line(app, "here")))
	answer := p.ask("/abc")
	stop := client.Stopped()
	if got := client.Evaluate(stop.Top().Id, "number + 1"); got != "5" {
		t.Errorf("evaluated %q", got)
	}
	scopes := daptest.Request[dap.ScopesResponseBody](client, "scopes", dap.ScopesArguments{FrameId: stop.Top().Id}).Scopes
	daptest.Request[dap.SetVariableResponseBody](client, "setVariable", dap.SetVariableArguments{
		VariablesReference: scopes[0].VariablesReference, Name: "number", Value: "50"})
	daptest.Request[struct{}](client, "next", dap.NextArguments{ThreadId: stop.ThreadId})
	step := client.Stopped()
	if step.Reason != "step" || step.Top().Line != line(app, "next") {
		t.Errorf("%+v", step)
	}
	if double := client.Locals(step.Top().Id)["double"].Value; double != "100" {
		t.Errorf("double is %q", double)
	}
	client.Set(daptest.Lines(p.path()))
	client.Resume(step.ThreadId)
	if got := <-answer; got != "100" {
		t.Errorf("answered %q", got)
	}
}

func pause(t *testing.T, p *port, client *daptest.Client) {
	t.Helper()
	threads := daptest.Request[dap.ThreadsResponseBody](client, "threads", struct{}{}).Threads
	daptest.Request[struct{}](client, "pause", dap.PauseArguments{ThreadId: threads[0].Id})
	stop := client.Stopped()
	if stop.Reason != "pause" {
		t.Errorf("%+v", stop)
	}
	client.Resume(stop.ThreadId)
	if got := p.get("/abc"); got != "8" {
		t.Errorf("answered %q", got)
	}
}
