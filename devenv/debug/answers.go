package debug

import (
	"maps"
	"slices"

	"github.com/google/go-dap"
)

// fromProcess takes a message of the process.
func (c *conversation) fromProcess(m message) {
	if !c.attached() {
		return
	}
	switch m.kind {
	case "response":
		c.answer(m)
	case "event":
		c.event(m)
	case "request":
		c.seq.toClient++
		c.reverse[c.seq.toClient] = m.seq
		m.seq = c.seq.toClient
		c.do(tell{m})
	}
	if c.phase == replaying {
		c.proceed()
	}
}

func (c *conversation) answer(m message) {
	asked, ok := c.pending[m.requestSeq]
	if !ok {
		return
	}
	delete(c.pending, m.requestSeq)
	if !m.success {
		maps.Copy(c.stopped, asked.resumed)
	}
	switch asked.by {
	case theClient:
		c.answerClient(asked.request, m)
	case theReplay:
		c.replayed(asked.request, m)
	case theProxy:
		c.greetThreads(m)
	}
}

func (c *conversation) answerClient(request, m message) {
	_, own := m.payload()
	m = c.toClient(m)
	m.requestSeq = request.seq
	switch {
	case !m.success:
	case request.name == "initialize":
		m = withoutEnding(m)
	case request.name == "threads":
		c.know(m)
	case request.name == "stackTrace":
		c.locate(request, m)
	}
	c.tell(m)
	if m.success {
		c.note(request, own)
	}
}

// replayed takes the answer to something that the client was answered before: only what differs is news.
func (c *conversation) replayed(request, m message) {
	if !m.success {
		switch request.name {
		case "initialize", "attach", "launch", "configurationDone":
			c.redial("") // the process would not have a client; another attempt, or another process, may
		}
		return
	}
	key := setKey(request)
	if key == "" {
		return
	}
	for _, changed := range c.breakpoints.again(key, m.fields["body"]) {
		c.tell(newEvent("breakpoint", map[string]any{"reason": "changed", "breakpoint": changed}))
	}
}

// toClient replaces the process's ids by those that the client knows.
func (c *conversation) toClient(m message) message {
	field, raw := m.payload()
	if len(raw) == 0 || !carriesIDs(m) {
		return m
	}
	return m.with(field, rewrite(raw, func(is sort, id int) int {
		if is == breakpointID {
			return c.breakpoints.id(id)
		}
		return c.ids.issue(id)
	}))
}

// withoutEnding takes from the capabilities, an object or what holds one, what the proxy does not pass: the life of the service is devenv's, a
// session only ends itself.
func withoutEnding(m message) message {
	body := map[string]any{}
	m.take("body", &body)
	capabilities := body
	if inner, ok := body["capabilities"].(map[string]any); ok {
		capabilities = inner
	}
	for _, name := range []string{"supportsTerminateRequest", "supportTerminateDebuggee", "supportSuspendDebuggee", "supportsRestartRequest"} {
		delete(capabilities, name)
	}
	return m.with("body", body)
}

func (c *conversation) event(m message) {
	switch m.name {
	case "exited":
		return
	case "terminated": // the service goes on, in another process
		c.redial("")
		return
	case "initialized":
		c.initialized = true
		if c.announced {
			return
		}
		c.announced = true
	case "capabilities":
		m = withoutEnding(m)
	}
	m = c.toClient(m)
	c.follow(m)
	c.tell(m)
}

// follow keeps account of the threads that the client sees.
func (c *conversation) follow(m message) {
	switch m.name {
	case "breakpoint":
		c.breakpoints.happened(m.fields["body"])
	case "thread":
		var body dap.ThreadEventBody
		m.take("body", &body)
		if body.Reason == "exited" {
			delete(c.threads, body.ThreadId)
			delete(c.stopped, body.ThreadId)
		} else if _, known := c.threads[body.ThreadId]; !known {
			c.threads[body.ThreadId] = ""
		}
	case "stopped":
		var body dap.StoppedEventBody
		m.take("body", &body)
		c.stopped[body.ThreadId] = stop{reason: body.Reason}
	case "continued":
		var body dap.ContinuedEventBody
		m.take("body", &body)
		delete(c.stopped, body.ThreadId)
		if body.AllThreadsContinued {
			clear(c.stopped)
		}
	}
}

// locate takes from an answer that the client gets where a thread stands.
func (c *conversation) locate(request, m message) {
	var asked dap.StackTraceArguments
	var body dap.StackTraceResponseBody
	request.take("arguments", &asked)
	m.take("body", &body)
	stop, stands := c.stopped[asked.ThreadId]
	if !stands || asked.StartFrame > 0 || len(body.StackFrames) == 0 || body.StackFrames[0].Source == nil {
		return
	}
	stop.file, stop.line = body.StackFrames[0].Source.Path, body.StackFrames[0].Line
	c.stopped[asked.ThreadId] = stop
}

// know takes the names of threads from an answer that the client gets.
func (c *conversation) know(m message) []int {
	var body dap.ThreadsResponseBody
	m.take("body", &body)
	var fresh []int
	for _, thread := range body.Threads {
		if _, known := c.threads[thread.Id]; !known && thread.Id > 0 {
			fresh = append(fresh, thread.Id)
		}
		c.threads[thread.Id] = thread.Name
	}
	return fresh
}

// greetThreads tells the client of the new process's threads, as far as the process has not.
func (c *conversation) greetThreads(m message) {
	if !m.success {
		return
	}
	for _, id := range slices.Sorted(slices.Values(c.know(c.toClient(m)))) {
		c.tell(newEvent("thread", map[string]any{"reason": "started", "threadId": id}))
	}
}
