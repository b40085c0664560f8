package debug

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// phase is where a conversation stands.
type phase int

const (
	idle      phase = iota // no client: nothing is dialled, the debugger costs nothing
	waiting                // a client, and no connection to a process: it is being dialled, or parked
	replaying              // connected; the process is being told what the client had configured
	live                   // messages pass
	ended                  // the client ended its session and has yet to hang up
)

func (p phase) String() string {
	return [...]string{"idle", "waiting", "replaying", "live", "ended"}[p]
}

// conversation decides what the proxy does: step takes what happened and returns what to do about it. It does no I/O and knows no clock, so
// that testdata/*.txt can hold whole conversations; the executor is Proxy.
type conversation struct {
	service string
	phase   phase
	client  string // who is attached, as the others are told
	process string // the process that is connected, or that is to be dialled; "" for whichever serves

	ids         space
	breakpoints breakpoints
	memory      memory
	queue       []message      // the client's requests until the process is configured, in order
	pending     map[int]asked  // the requests that the process has not answered, by the seq it was given
	reverse     map[int]int    // the process's requests that the client has not answered: the seq given to the client -> the process's own
	replay      []message      // what is still to be told to a new process
	told        message        // what it was told last
	initialized bool           // the process has asked for the configuration
	threads     map[int]string // the client's ids of the threads it was told of -> their names
	stopped     map[int]stop   // the client's ids of the threads that it saw stop
	seq         struct{ toClient, toProcess int }
	late        string // what the client waits for, if that takes long
	announced   bool   // the client has had its initialized event
	configured  bool   // the client has been configured once: later processes are reconnections

	effects []effect
}

// asked is a request that the process has yet to answer.
type asked struct {
	request message      // as the client sent it: its seq, its ids
	by      asker        // who waits for the answer
	resumed map[int]stop // the threads that run if the request succeeds, which were counted as running at once
}

// stop is a thread that stands, as far as the client was told.
type stop struct {
	reason string
	file   string // where, once the client has asked
	line   int
}

type asker int

const (
	theClient asker = iota
	theReplay       // the answer is used, and not shown
	theProxy
)

// What happens to a conversation.
type (
	arrived struct {
		client string
		first  message
	} // a client said its first word
	heard     struct{ message message } // the client said something
	left      struct{}                  // the client hung up
	connected struct{ process string }  // a process listens, and its adapter was connected to
	answered  struct{ message message } // the adapter said something
	lost      struct{}                  // the adapter hung up
	replace   struct{ process string }  // another process serves, or is about to
	letGo     struct{}                  // the process is to run on without its debugger
	delayed   struct{ cause string }    // no process listens for a while
	closed    struct{ reason string }   // the service is gone for good
)

// What to do about it. A message is for one side; the others are for the executor.
type (
	effect   interface{ String() string }
	tell     struct{ message message } // to the client
	ask      struct{ message message } // to the process
	dial     struct{ process string }  // connect to a process: the named one, or whichever serves; instead of a dial under way
	undial   struct{}                  // nobody wants the connection any more that is being made
	hangUp   struct{}                  // end the client's connection once everything is sent
	report   struct{ event Event }     // say so
	farewell struct {                  // send the disconnect request, wait a moment for its answer, hang up
		request message
		process string
		release bool // the process serves on: its tracing is to end too
	}
)

func (e tell) String() string { return "client: " + e.message.text() }
func (e ask) String() string  { return "adapter: " + e.message.text() }
func (e dial) String() string { return strings.TrimSpace("dial " + e.process) }
func (e farewell) String() string {
	if e.release {
		return "farewell, release"
	}
	return "farewell"
}
func (undial) String() string   { return "undial" }
func (hangUp) String() string   { return "hang up" }
func (e report) String() string { return "report " + e.event.String() }

func newConversation(service string) *conversation {
	c := &conversation{service: service}
	c.reset()
	return c
}

// reset is a conversation before its client.
func (c *conversation) reset() {
	*c = conversation{service: c.service, effects: c.effects, breakpoints: breakpoints{sets: map[string][]breakpoint{}}}
	c.forget()
}

// forget drops what holds for one process only.
func (c *conversation) forget() {
	c.pending, c.reverse = map[int]asked{}, map[int]int{}
	c.threads, c.stopped = map[int]string{}, map[int]stop{}
	c.replay, c.told, c.initialized = nil, message{}, false
	c.ids.advance()
	c.breakpoints.advance()
}

// step takes one thing that happened and returns what to do, in order.
func (c *conversation) step(happened any) []effect {
	c.effects = nil
	switch in := happened.(type) {
	case arrived:
		c.begin(in)
	case heard:
		c.fromClient(in.message)
	case left:
		c.release("")
	case connected:
		c.connect(in.process)
	case answered:
		c.fromProcess(in.message)
	case lost:
		c.abandon("the process ended")
		c.redial("")
	case replace:
		c.replaceBy(in.process)
	case letGo:
		c.leave("the process was let go for a reload")
	case delayed:
		c.delay(in.cause)
	case closed:
		c.close(in.reason)
	default:
		panic(fmt.Sprintf("debug: %T happened", happened))
	}
	return c.effects
}

func (c *conversation) attached() bool { return c.phase == replaying || c.phase == live }

func (c *conversation) do(e effect) { c.effects = append(c.effects, e) }

func (c *conversation) tell(m message) {
	c.seq.toClient++
	m.seq = c.seq.toClient
	c.do(tell{m})
}

func (c *conversation) say(kind Kind, change func(*Event)) {
	event := Event{Kind: kind, Service: c.service, Client: c.client, Process: c.process}
	if change != nil {
		change(&event)
	}
	c.do(report{event})
}

func (c *conversation) begin(in arrived) {
	c.reset()
	c.phase, c.client = waiting, in.client
	c.do(dial{})
	c.fromClient(in.first)
}

// release lets the process run on as if there never was a debugger.
func (c *conversation) release(cause string) {
	switch {
	case c.attached():
		c.part(true)
	case c.phase == waiting:
		c.do(undial{})
	}
	if c.configured && c.phase != ended {
		c.say(Released, func(e *Event) { e.Cause = cause })
	}
	c.do(hangUp{})
	c.reset()
}

// close ends everything: the client is told that there is nothing more to debug.
func (c *conversation) close(reason string) {
	if c.phase == idle {
		return
	}
	if c.attached() {
		c.part(true)
		c.abandon(reason)
	}
	for _, request := range c.queue {
		c.tell(newRefusal(request, c.service+": "+reason))
	}
	c.tell(newEvent("output", console(c.service+": "+reason)))
	c.tell(newEvent("terminated", map[string]any{}))
	c.release(reason)
}

func (c *conversation) replaceBy(process string) {
	switch {
	case c.phase == idle || c.phase == ended:
	case c.attached() && process != "" && process == c.process: // the loss of the old one has led there already
	default:
		c.redial(process)
	}
}

// redial leaves the process, if there still is one, and connects to another.
func (c *conversation) redial(process string) {
	if c.phase == idle || c.phase == ended {
		return
	}
	c.leave("the process was replaced by a reload")
	c.phase, c.process = waiting, process
	c.do(dial{process})
}

// leave ends the connection to the process in front of the client: it is answered, its threads end, and it stays.
func (c *conversation) leave(reason string) {
	if !c.attached() {
		return
	}
	if len(c.stopped) > 0 {
		c.say(LetGo, func(e *Event) { e.Threads = c.stoppedThreads() })
	}
	c.part(false)
	c.abandon(reason)
}

// part tells the process that the debugger goes and that it is to run on. debugpy does all of it at disconnect; Delve, for one client of
// several, leaves breakpoints and a stopped process as they are.
func (c *conversation) part(release bool) {
	for _, request := range c.memory {
		if setKey(request) != "" {
			c.forward(emptied(request), theProxy)
		}
	}
	if stopped := slices.Sorted(maps.Keys(c.stopped)); len(stopped) > 0 {
		seen := maps.Clone(c.stopped)
		c.forward(newRequest("continue", map[string]any{"threadId": stopped[0]}), theProxy)
		c.stopped = seen // the client has not seen it run
	}
	c.seq.toProcess++
	request := newRequest("disconnect", map[string]any{"restart": false, "terminateDebuggee": false})
	request.seq = c.seq.toProcess
	c.do(farewell{request, c.process, release})
}

// abandon answers for a process that no longer will, if there was one, and waits for another.
func (c *conversation) abandon(reason string) {
	if !c.attached() {
		return
	}
	c.phase = waiting
	var again []message
	for _, seq := range slices.Sorted(maps.Keys(c.pending)) {
		switch asked := c.pending[seq]; {
		case asked.by != theClient:
		case configures(asked.request), asked.request.name == "threads": // as good when the next process answers
			again = append(again, asked.request)
		default:
			c.tell(leftBehind(asked.request, c.service+": "+reason))
		}
	}
	c.queue = append(again, c.queue...)
	if stopped := slices.Sorted(maps.Keys(c.stopped)); len(stopped) > 0 {
		c.tell(newEvent("continued", map[string]any{"threadId": stopped[0], "allThreadsContinued": true}))
	}
	for _, id := range slices.Sorted(maps.Keys(c.threads)) {
		c.tell(newEvent("thread", map[string]any{"reason": "exited", "threadId": id}))
	}
	c.forget()
}

// delay says that the client waits, once a while has passed, and answers what it cannot usefully wait for.
func (c *conversation) delay(cause string) {
	if c.phase != waiting {
		return
	}
	text := "waiting for " + c.service
	if cause != "" {
		text += ": " + cause
	}
	c.tell(newEvent("output", console(text)))
	c.late = text
	queue := c.queue
	c.queue = nil
	for _, request := range queue {
		c.enqueue(request)
	}
	c.say(Waiting, func(e *Event) { e.Cause = cause })
}

// enqueue keeps a request until a process is there. When that takes long, only what configures is worth keeping.
func (c *conversation) enqueue(request message) {
	if c.late != "" && c.configured && !configures(request) {
		c.tell(newRefusal(request, c.late))
		return
	}
	c.queue = append(c.queue, request)
}

// console is the body of an output event that shows a line of devenv's own in the debug console.
func console(line string) map[string]any {
	return map[string]any{"category": "console", "output": "devenv: " + line + "\n"}
}

func (c *conversation) stoppedThreads() []Thread {
	var threads []Thread
	for _, id := range slices.Sorted(maps.Keys(c.stopped)) {
		stop := c.stopped[id]
		threads = append(threads, Thread{ID: id, Name: c.threads[id], Reason: stop.reason, File: stop.file, Line: stop.line})
	}
	return threads
}
