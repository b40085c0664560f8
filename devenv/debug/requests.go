package debug

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/google/go-dap"
)

// fromClient takes a message of the client.
func (c *conversation) fromClient(m message) {
	switch {
	case m.kind == "response":
		c.answerProcess(m)
	case m.kind != "request":
	case m.name == "disconnect":
		c.tell(newResponse(m, nil))
		c.release("")
	case c.phase == ended:
		c.tell(newRefusal(m, "the session has ended"))
	case m.name == "terminate":
		c.end(m)
	case c.phase == live:
		c.forward(m, theClient)
	default:
		c.enqueue(m)
	}
}

// end is a terminate request: it ends the session and leaves the service alone, whose life is devenv's. The client hangs up when it has seen it.
func (c *conversation) end(request message) {
	if c.attached() {
		c.part(true)
	} else {
		c.do(undial{})
	}
	c.tell(newResponse(request, nil))
	c.tell(newEvent("terminated", map[string]any{}))
	if c.configured {
		c.say(Released, nil)
	}
	c.phase = ended
}

// forward asks the process. Who asks about something of a process that is gone is told so.
func (c *conversation) forward(request message, by asker) {
	own, ok := c.toProcess(request)
	switch {
	case ok:
	case by == theClient:
		c.tell(leftBehind(request, "this belongs to a process of "+c.service+" that was replaced by a reload"))
		return
	default: // breakpoints in a generated source of the old process: there is no such source now
		return
	}
	if request.name == "cancel" {
		own = c.cancelled(own)
	}
	c.seq.toProcess++
	own.seq = c.seq.toProcess
	c.pending[own.seq] = asked{request: request, by: by, resumed: c.resume(request)}
	c.do(ask{own})
}

// toProcess replaces the client's ids by the process's own; not ok if one of them is of a process that is gone.
func (c *conversation) toProcess(m message) (own message, ok bool) {
	field, raw := m.payload()
	if c.ids.base == 0 || len(raw) == 0 || !carriesIDs(m) {
		return m, true
	}
	ok = true
	raw = rewrite(raw, func(is sort, id int) int {
		if is != objectID {
			return id
		}
		own, known := c.ids.resolve(id)
		ok = ok && known
		return own
	})
	return m.with(field, raw), ok
}

// cancelled names the request that is to be cancelled as the process knows it.
func (c *conversation) cancelled(m message) message {
	var arguments map[string]any
	m.take("arguments", &arguments)
	id, ok := number(arguments["requestId"])
	if !ok {
		return m
	}
	delete(arguments, "requestId") // unless it is under way, there is nothing to cancel
	for seq, asked := range c.pending {
		if asked.by == theClient && asked.request.seq == id {
			arguments["requestId"] = seq
		}
	}
	return m.with("arguments", arguments)
}

// settled says whether a client, if there is one, has its whole configuration in the process.
func (c *conversation) settled() bool {
	for _, asked := range c.pending {
		if configures(asked.request) {
			return false
		}
	}
	return c.phase != waiting && c.phase != replaying
}

// resume counts the threads as running that a request lets run: before its answer, which the next stop may overtake.
func (c *conversation) resume(request message) map[int]stop {
	if !resumes(request) {
		return nil
	}
	var arguments dap.ContinueArguments
	request.take("arguments", &arguments)
	resumed := maps.Clone(c.stopped)
	if arguments.SingleThread {
		maps.DeleteFunc(resumed, func(id int, _ stop) bool { return id != arguments.ThreadId })
	}
	maps.DeleteFunc(c.stopped, func(id int, _ stop) bool { _, runs := resumed[id]; return runs })
	return resumed
}

func resumes(request message) bool {
	switch request.name {
	case "continue", "next", "stepIn", "stepOut", "stepBack", "reverseContinue":
		return true
	}
	return false
}

// leftBehind answers a request for a process that the debugger has left. Its threads run on, so whoever wants them to has
// no failure to be shown: as a rule the request and the reload crossed.
func leftBehind(request message, reason string) message {
	if resumes(request) {
		return newResponse(request, map[string]any{"allThreadsContinued": true})
	}
	return newRefusal(request, reason)
}

// answerProcess passes the client's answer to a request of the process.
func (c *conversation) answerProcess(m message) {
	own, ok := c.reverse[m.requestSeq]
	if !ok || !c.attached() {
		return
	}
	delete(c.reverse, m.requestSeq)
	c.seq.toProcess++
	m.seq, m.requestSeq = c.seq.toProcess, own
	c.do(ask{m})
}

// connect begins to tell a process what the client has configured.
func (c *conversation) connect(process string) {
	if c.phase != waiting {
		return
	}
	c.phase, c.process, c.late = replaying, process, ""
	c.replay = slices.DeleteFunc(c.memory.script(), func(known message) bool {
		return setKey(known) != "" && slices.ContainsFunc(c.queue, func(m message) bool { return setKey(m) == setKey(known) })
	})
	c.proceed()
}

// proceed tells as much as may be told now. The protocol has two places to wait: for the answer to initialize, and for the event initialized
// after attach, whose own answer may come after configurationDone.
func (c *conversation) proceed() {
	for len(c.replay) > 0 && !c.held() {
		if c.replay[0].name == "configurationDone" {
			c.setQueued()
		}
		c.told, c.replay = c.replay[0], c.replay[1:]
		c.forward(c.told, theReplay)
	}
	if len(c.replay) == 0 && !c.owed() {
		c.resumeClient()
	}
}

// setQueued sets the breakpoints that the client has set meanwhile, before the process runs on.
func (c *conversation) setQueued() {
	c.queue = slices.DeleteFunc(c.queue, func(request message) bool {
		if setKey(request) == "" {
			return false
		}
		c.forward(request, theClient)
		return true
	})
}

func (c *conversation) held() bool {
	if begins(c.told) {
		return !c.initialized
	}
	return c.told.name == "initialize" && len(c.pending) > 0
}

func (c *conversation) owed() bool {
	for _, asked := range c.pending {
		if asked.by == theReplay && !begins(asked.request) {
			return true
		}
	}
	return false
}

func begins(m message) bool { return m.name == "attach" || m.name == "launch" }

// resumeClient lets the client's messages pass to the process that is configured now.
func (c *conversation) resumeClient() {
	c.phase = live
	if c.configured {
		c.say(Reconnected, nil)
		c.forward(newRequest("threads", nil), theProxy)
	}
	queue := c.queue
	c.queue = nil
	for _, request := range queue {
		c.forward(request, theClient)
	}
}

// note remembers a request that the process has acknowledged.
func (c *conversation) note(request message, body json.RawMessage) {
	if !configures(request) {
		return
	}
	c.memory = c.memory.remember(request)
	if key := setKey(request); key != "" {
		c.breakpoints.told(key, body)
	}
	if request.name == "configurationDone" && !c.configured {
		c.configured = true
		c.say(Attached, nil)
	}
}
