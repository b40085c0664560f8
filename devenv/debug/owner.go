package debug

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-dap"
)

// owner is what the goroutine of Run alone touches: it hands to the conversation what happens, and does what that decides.
type owner struct {
	proxy        *Proxy
	options      Options
	ctx          context.Context // ends when everything is done
	group        sync.WaitGroup  // every goroutine
	conversation *conversation
	ending       bool

	client    *link
	adapter   *link
	leaving   map[*link]*leave // adapters that were told to disconnect
	releasing bool             // a process is being rid of its debugger
	postponed *dial            // the dial that waits for it
	waiters   []waiter

	attempt   *attempt  // the dial under way
	abandoned *attempt  // the dial whose client left: what it made listen is to be released
	attempts  int       // dials since a process was configured
	since     time.Time // when the last process was lost
}

// attempt is a dial under way.
type attempt struct {
	ctx     context.Context
	cancel  context.CancelFunc
	process string
	pause   time.Duration // before it
	mention *time.Timer   // of its delay
	cause   string        // why it failed last; the owner's
}

// leave is a farewell under way.
type leave struct {
	farewell
	timer *time.Timer
}

// waiter is someone who waits for a condition.
type waiter struct {
	ctx       context.Context
	condition func(*owner) bool
	reached   chan struct{}
}

// step lets the conversation decide, and does it.
func (o *owner) step(happened any) {
	for _, effect := range o.conversation.step(happened) {
		o.apply(effect)
	}
	o.wake()
}

func (o *owner) apply(effect effect) {
	switch e := effect.(type) {
	case tell:
		o.client.send(e.message)
	case ask:
		o.adapter.send(e.message)
	case dial:
		o.dial(e)
	case undial:
		o.abandon()
	case farewell:
		o.farewell(e)
	case hangUp:
		o.client.finish()
		o.client = nil
	case report:
		o.report(e.event)
	}
}

// wake tells everyone whose condition holds now.
func (o *owner) wake() {
	o.waiters = slices.DeleteFunc(o.waiters, func(w waiter) bool {
		if w.condition(o) {
			close(w.reached)
			return true
		}
		return w.ctx.Err() != nil
	})
}

// end begins the end of Run.
func (o *owner) end(reason string) {
	if !o.ending {
		o.ending = true
		_ = o.options.Listener.Close()
		o.step(closed{reason})
	}
}

// busy says whether a process has yet to be left in order.
func (o *owner) busy() bool { return len(o.leaving) > 0 || o.releasing }

func (o *owner) arrive(client *link, first message) {
	if o.conversation.phase == ended { // it was told, and has not hung up
		o.step(left{})
	}
	name := clientName(client, first)
	switch {
	case o.ending:
		client.finish()
	case o.client != nil:
		cause := fmt.Sprintf("%s is being debugged by %s already", o.options.Service, o.conversation.client)
		client.send(newRefusal(first, cause))
		client.finish()
		o.report(Event{Kind: Refused, Service: o.options.Service, Client: name, Cause: cause})
	default:
		o.client, o.attempts = client, 0
		o.step(arrived{name, first})
	}
}

// clientName is how an editor introduces itself, with its address.
func clientName(client *link, first message) string {
	var arguments dap.InitializeRequestArguments
	first.take("arguments", &arguments)
	address := client.conn.RemoteAddr().String()
	for _, name := range []string{arguments.ClientName, arguments.ClientID} {
		if name = strings.TrimSpace(name); name != "" {
			return name + " (" + address + ")"
		}
	}
	return address
}

func (o *owner) heard(client *link, m message) {
	if client == o.client {
		o.step(heard{m})
	}
}

func (o *owner) left(client *link) {
	if client == o.client {
		o.step(left{})
	}
}

// dial begins to connect, once a process that is being released has been.
func (o *owner) dial(e dial) {
	o.undial()
	if o.releasing {
		o.postponed = &e
		return
	}
	a := &attempt{process: e.process}
	a.ctx, a.cancel = context.WithCancel(o.ctx)
	a.mention = time.AfterFunc(slow, func() { o.proxy.post(func(o *owner) { o.late(a) }) })
	if o.attempts > 0 && e.process == "" { // the last one was lost before it was configured
		a.pause = pauseMax
	}
	o.attempts++
	o.attempt = a
	o.group.Go(func() { o.proxy.connect(o.ctx, a) })
}

func (o *owner) undial() {
	o.postponed = nil
	if o.attempt != nil {
		o.attempt.mention.Stop()
		o.attempt.cancel()
		o.attempt = nil
	}
}

// abandon ends a dial because its client left.
func (o *owner) abandon() {
	if o.attempt != nil {
		o.abandoned, o.releasing = o.attempt, true
	}
	o.undial()
}

func (o *owner) late(a *attempt) {
	if a == o.attempt {
		o.step(delayed{a.cause})
	}
}

func (o *owner) connected(a *attempt, adapter *link, process string) {
	if a != o.attempt { // it came too late
		adapter.close()
		return
	}
	o.undial()
	o.adapter = adapter
	o.step(connected{process})
}

// dialled ends an attempt; process is the one that it reached, if it did.
func (o *owner) dialled(a *attempt, process string) {
	if a == o.abandoned {
		o.abandoned = nil
		o.free(process)
	}
}

func (o *owner) answered(adapter *link, m message) {
	switch {
	case adapter == o.adapter:
		o.step(answered{m})
	case o.leaving[adapter] != nil && m.kind == "response" && m.name == "disconnect":
		adapter.finish()
	}
}

func (o *owner) lost(adapter *link) {
	if leave := o.leaving[adapter]; leave != nil {
		o.parted(adapter, leave)
	} else if adapter == o.adapter {
		o.adapter, o.since = nil, time.Now()
		o.step(lost{})
	}
}

// farewell tells the process to run on without a debugger.
func (o *owner) farewell(e farewell) {
	adapter := o.adapter
	adapter.send(e.request)
	o.leaving[adapter] = &leave{timer: time.AfterFunc(goodbye, adapter.close), farewell: e}
	o.adapter, o.since = nil, time.Now()
	o.releasing = o.releasing || e.release
}

// parted ends a farewell; a process that serves on is rid of its tracing too.
func (o *owner) parted(adapter *link, leave *leave) {
	leave.timer.Stop()
	delete(o.leaving, adapter)
	if leave.release {
		o.free(leave.process)
	}
	o.wake()
}

// free rids a process of its debugger.
func (o *owner) free(process string) {
	o.group.Go(func() {
		ctx, cancel := context.WithTimeout(o.ctx, untrace)
		defer cancel()
		o.options.Release(ctx, process)
		o.proxy.post((*owner).released)
	})
}

// released lets a client connect that came in the meantime.
func (o *owner) released() {
	o.releasing = false
	if o.postponed != nil {
		o.dial(*o.postponed)
	}
	o.wake()
}

func (o *owner) report(event Event) {
	if event.Kind == Reconnected {
		event.Took = time.Since(o.since)
	}
	if event.Kind == Reconnected || event.Kind == Attached {
		o.attempts = 0
	}
	o.options.Report(event)
}
