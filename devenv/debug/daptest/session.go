package daptest

import (
	"github.com/google/go-dap"
)

// Breakpoints are those of one file, as an editor sends them.
type Breakpoints struct {
	Path string // as the debugged process sees it, or as the attach request's pathMappings map it
	At   []dap.SourceBreakpoint
}

// Lines are plain breakpoints.
func Lines(path string, lines ...int) Breakpoints {
	all := Breakpoints{Path: path}
	for _, line := range lines {
		all.At = append(all.At, dap.SourceBreakpoint{Line: line})
	}
	return all
}

// Attach is F5: the whole conversation of an editor that attaches, up to the answer to configurationDone. The arguments are those of the attach
// request, nil for none.
func (c *Client) Attach(arguments map[string]any, files ...Breakpoints) {
	c.t.Helper()
	if arguments == nil {
		arguments = map[string]any{"justMyCode": false}
	}
	Request[dap.Capabilities](c, "initialize", dap.InitializeRequestArguments{ClientID: c.ID, ClientName: c.ID, AdapterID: "debugpy",
		PathFormat: "path", LinesStartAt1: true, ColumnsStartAt1: true})
	attach := c.Send("attach", arguments)
	Event[struct{}](c, "initialized")
	for _, file := range files {
		c.Set(file)
	}
	c.Exceptions()
	done := c.Send("configurationDone", struct{}{})
	c.granted(c.Await(done))
	c.granted(c.Await(attach))
}

// Set sets the breakpoints of one file, instead of those that it had.
func (c *Client) Set(file Breakpoints) []dap.Breakpoint {
	c.t.Helper()
	return Request[dap.SetBreakpointsResponseBody](c, "setBreakpoints", dap.SetBreakpointsArguments{
		Source: dap.Source{Path: file.Path}, Breakpoints: file.At}).Breakpoints
}

// Exceptions sets the exception breakpoints: "raised", "uncaught", "userUnhandled" for debugpy.
func (c *Client) Exceptions(filters ...string) {
	c.t.Helper()
	if filters == nil {
		filters = []string{}
	}
	Request[struct{}](c, "setExceptionBreakpoints", dap.SetExceptionBreakpointsArguments{Filters: filters})
}

// Stop is where a thread stopped.
type Stop struct {
	dap.StoppedEventBody
	Frames []dap.StackFrame
}

// Top is the innermost frame.
func (s Stop) Top() dap.StackFrame { return s.Frames[0] }

// Stopped waits for a thread to stop and asks where.
func (c *Client) Stopped() Stop {
	c.t.Helper()
	stop := Stop{StoppedEventBody: Event[dap.StoppedEventBody](c, "stopped")}
	stop.Frames = Request[dap.StackTraceResponseBody](c, "stackTrace", dap.StackTraceArguments{ThreadId: stop.ThreadId}).StackFrames
	if len(stop.Frames) == 0 {
		c.t.Fatalf("thread %d stopped nowhere\n%s", stop.ThreadId, c.transcript())
	}
	return stop
}

// Resume continues all threads.
func (c *Client) Resume(thread int) {
	c.t.Helper()
	Request[dap.ContinueResponseBody](c, "continue", dap.ContinueArguments{ThreadId: thread})
}

// Evaluate is the value of an expression in a frame.
func (c *Client) Evaluate(frame int, expression string) string {
	c.t.Helper()
	return Request[dap.EvaluateResponseBody](c, "evaluate", dap.EvaluateArguments{Expression: expression, FrameId: frame, Context: "watch"}).Result
}

// Locals are the local variables of a frame, by name.
func (c *Client) Locals(frame int) map[string]dap.Variable {
	c.t.Helper()
	locals := map[string]dap.Variable{}
	scopes := Request[dap.ScopesResponseBody](c, "scopes", dap.ScopesArguments{FrameId: frame}).Scopes
	if len(scopes) == 0 {
		c.t.Fatalf("frame %d has no scopes\n%s", frame, c.transcript())
	}
	for _, variable := range c.Inside(scopes[0].VariablesReference) {
		locals[variable.Name] = variable
	}
	return locals
}

// Inside are the variables that a reference stands for.
func (c *Client) Inside(reference int) []dap.Variable {
	c.t.Helper()
	return Request[dap.VariablesResponseBody](c, "variables", dap.VariablesArguments{VariablesReference: reference}).Variables
}

// Disconnect says goodbye and waits for the port to hang up.
func (c *Client) Disconnect() {
	c.t.Helper()
	Request[struct{}](c, "disconnect", dap.DisconnectArguments{})
	<-c.closed
}
