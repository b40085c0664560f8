package debug

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"devenv/devenv/fault"
)

const (
	firstWord = 10 * time.Second        // a connection that says nothing for so long is not an editor
	goodbye   = time.Second             // how long a process may take to answer disconnect
	untrace   = 3 * time.Second         // how long Options.Release may take
	slow      = 1500 * time.Millisecond // a dial that takes longer is mentioned to the client
	pauseMin  = 20 * time.Millisecond   // between attempts to connect to a process, doubled up to
	pauseMax  = 250 * time.Millisecond
)

// Options is what a Proxy needs. All fields but Release and Report are required.
type Options struct {
	Service  string
	Listener net.Listener // where editors connect; closed by Run

	// Dial makes a process listen for a debugger and connects to its adapter: the named process, or the one that serves if process is "". It
	// waits for one to be ready, until ctx ends, and returns the name of the process, which is any text that another process does not have. A
	// failure is tried again, as "" after a pause, for as long as a client is attached. The connection is the proxy's.
	Dial func(ctx context.Context, process string) (net.Conn, string, error)

	// Release ends the tracing of a process whose client is gone; the adapter has been told to disconnect. The next Dial comes after it. The
	// process is the one that Dial named, or the one that it was asked for if the client left before Dial returned, and then it may not listen.
	Release func(ctx context.Context, process string)

	Report func(Event) // called by the owner goroutine: must not block, nor call the Proxy
}

// Proxy is the debug port of one service. Its methods may be called from any goroutine while Run runs.
//
// Goroutines, all ended when Run returns:
//
//  1. Run: owns the conversation, and everything in owner; ends with ctx or Close
//  2. accept: takes connections; ends when the listener is closed
//  3. greet, one a connection: reads its first message, then all; ends with the connection
//  4. link.write, one a connection; ends with the connection
//  5. connect, at most one: dials, then reads from the adapter; ends with its context or the connection
//  6. release, at most one: Options.Release; ends with its context
type Proxy struct {
	options Options
	inputs  chan func(*owner)
	done    chan struct{} // closed when the owner takes nothing more
	ended   chan struct{} // closed when Run returns
}

// New is a proxy that does nothing until Run.
func New(options Options) *Proxy {
	if options.Report == nil {
		options.Report = func(Event) {}
	}
	if options.Release == nil {
		options.Release = func(context.Context, string) {}
	}
	return &Proxy{options: options, inputs: make(chan func(*owner), 64), done: make(chan struct{}), ended: make(chan struct{})}
}

// Run serves the port until ctx ends or Close is called; the client is told that its session has ended, and the process to run on.
func (p *Proxy) Run(ctx context.Context) error {
	defer close(p.ended)
	running, stop := context.WithCancel(context.WithoutCancel(ctx)) // the farewells outlive ctx
	o := &owner{proxy: p, options: p.options, ctx: running, conversation: newConversation(p.options.Service), leaving: map[*link]*leave{}}
	o.group.Go(func() { p.accept(running, &o.group) })
	over := ctx.Done()
	for !o.ending || o.busy() {
		select {
		case <-over:
			over = nil
			o.end("devenv stops")
		case input := <-p.inputs:
			input(o)
		}
	}
	close(p.done)
	stop()
	o.group.Wait()
	return nil
}

// Replaced says that another process of the service serves, or is about to. If a client is attached, it is connected to that process and
// everything that it configured is repeated; Replaced returns when that is done, so that a process which does not accept requests before has every
// breakpoint from its first request on. Saying it twice, or without a client, does nothing.
func (p *Proxy) Replaced(ctx context.Context, process string) error {
	return p.until(ctx, func(o *owner) bool { return o.conversation.settled() }, replace{process})
}

// LetGo lets the process run on without its debugger, as before a restart that waits for it; threads that are stopped continue. The client stays,
// and waits for Replaced.
func (p *Proxy) LetGo(ctx context.Context) error {
	return p.until(ctx, func(o *owner) bool { return len(o.leaving) == 0 }, letGo{})
}

// Configured returns when a client is attached and has set its breakpoints.
func (p *Proxy) Configured(ctx context.Context) error {
	return p.until(ctx, func(o *owner) bool {
		return o.conversation.configured && o.conversation.phase == live && o.conversation.settled()
	}, nil)
}

// Running returns when no thread is stopped in front of the client.
func (p *Proxy) Running(ctx context.Context) error {
	return p.until(ctx, func(o *owner) bool { return len(o.conversation.stopped) == 0 }, nil)
}

// Stopped is the threads that are stopped in front of the client.
func (p *Proxy) Stopped() []Thread {
	var threads []Thread
	p.ask(func(o *owner) { threads = o.conversation.stoppedThreads() })
	return threads
}

// Client is who is attached, "" if nobody is.
func (p *Proxy) Client() string {
	var client string
	p.ask(func(o *owner) { client = o.conversation.client })
	return client
}

// Close ends Run because the service is gone for good; the client is told why.
func (p *Proxy) Close(reason string) {
	p.ask(func(o *owner) { o.end(reason) })
	<-p.ended
}

// ask runs look on the owner and waits for it; it does nothing when Run has returned.
func (p *Proxy) ask(look func(*owner)) {
	looked := make(chan struct{})
	if p.post(func(o *owner) { look(o); close(looked) }) {
		select {
		case <-looked:
		case <-p.done:
		}
	}
}

// until makes something happen, if it is not nil, and waits for the condition.
func (p *Proxy) until(ctx context.Context, condition func(*owner) bool, happened any) error {
	reached := make(chan struct{})
	p.post(func(o *owner) {
		if happened != nil {
			o.step(happened)
		}
		o.waiters = append(o.waiters, waiter{ctx, condition, reached})
		o.wake()
	})
	select {
	case <-reached:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-p.done:
		return fault.New(fault.Failed, "%s: its debug port is closed", p.options.Service)
	}
}

// post gives the owner something to do; false when Run has returned.
func (p *Proxy) post(input func(*owner)) bool {
	select {
	case p.inputs <- input:
		return true
	case <-p.done:
		return false
	}
}

func (p *Proxy) accept(ctx context.Context, group *sync.WaitGroup) {
	for {
		conn, err := p.options.Listener.Accept()
		if err != nil {
			return
		}
		group.Go(func() { p.greet(ctx, conn) })
	}
}

// greet waits for the first word of a connection, so that a look at the port costs nothing and holds nothing, and delivers all.
func (p *Proxy) greet(ctx context.Context, conn net.Conn) {
	client := newLink(conn)
	defer client.join()
	defer context.AfterFunc(ctx, client.close)()
	_ = conn.SetReadDeadline(time.Now().Add(firstWord))
	first, err := read(client.in)
	if err != nil {
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	p.post(func(o *owner) { o.arrive(client, first) })
	client.read(func(m message) { p.post(func(o *owner) { o.heard(client, m) }) })
	p.post(func(o *owner) { o.left(client) })
}

// connect dials until a process answers or the attempt is over, and delivers what its adapter says.
func (p *Proxy) connect(running context.Context, a *attempt) {
	process := a.process
	defer func() { p.post(func(o *owner) { o.dialled(a, process) }) }()
	for pause := a.pause; wait(a.ctx, pause); pause, process = longer(pause), "" {
		conn, name, err := p.options.Dial(a.ctx, process)
		if err != nil {
			if !errors.Is(err, context.Canceled) { // a dial that was given up, as when its process is replaced, tells nobody anything
				p.post(func(*owner) { a.cause = err.Error() })
			}
			continue
		}
		process = name
		p.serve(running, a, newLink(conn), name)
		return
	}
}

// serve delivers what an adapter says until it hangs up.
func (p *Proxy) serve(running context.Context, a *attempt, adapter *link, process string) {
	defer adapter.join()
	defer context.AfterFunc(running, adapter.close)()
	p.post(func(o *owner) { o.connected(a, adapter, process) })
	adapter.read(func(m message) { p.post(func(o *owner) { o.answered(adapter, m) }) })
	p.post(func(o *owner) { o.lost(adapter) })
}

func longer(pause time.Duration) time.Duration { return min(max(2*pause, pauseMin), pauseMax) }

// wait is false if ctx ends before.
func wait(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
