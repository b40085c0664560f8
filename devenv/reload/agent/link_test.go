package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("internal/poll.runtime_pollWait")) // pooled engine connections
}

// end is an agent's end of a link: what it is asked comes as lines, and it says what a test wants.
type end struct {
	*testing.T
	conn  net.Conn
	lines *bufio.Scanner
}

func pair(t *testing.T, notice Notice) (*Link, *end) {
	t.Helper()
	ours, theirs := net.Pipe()
	link := NewLink(ours, notice)
	t.Cleanup(func() {
		_ = link.Close()
		_ = theirs.Close()
		<-link.Done()
	})
	return link, &end{t, theirs, bufio.NewScanner(theirs)}
}

// asked is the next request: its kind, number and body.
func (e *end) asked() (kind string, id int, body string) {
	e.Helper()
	if !e.lines.Scan() {
		e.Fatal("nothing was asked")
	}
	var line map[string]json.RawMessage
	if err := json.Unmarshal(e.lines.Bytes(), &line); err != nil {
		e.Fatal(err)
	}
	for kind, raw := range line {
		var number struct{ ID int }
		if err := json.Unmarshal(raw, &number); err != nil {
			e.Fatal(err)
		}
		return kind, number.ID, string(raw)
	}
	e.Fatal("an empty request")
	return "", 0, ""
}

func (e *end) say(format string, args ...any) {
	e.Helper()
	if _, err := fmt.Fprintf(e.conn, format+"\n", args...); err != nil {
		e.Fatal(err)
	}
}

// call runs a request beside the test, which plays the agent.
func call[T any](request func() (T, error)) <-chan result[T] {
	got := make(chan result[T], 1)
	go func() {
		value, err := request()
		got <- result[T]{value, err}
	}()
	return got
}

type result[T any] struct {
	value T
	err   error
}

func TestReloadIsAnswered(t *testing.T) {
	link, agent := pair(t, Notice{})
	got := call(func() (*Reloaded, error) { return link.Reload(t.Context(), []string{"/src/a.py"}) })
	kind, id, body := agent.asked()
	if kind != "reload" || body != `{"id":1,"files":["/src/a.py"]}` {
		t.Errorf("asked %s %s", kind, body)
	}
	agent.say(`{"reloaded":{"id":%d,"mode":"fork","generation":3,"ms":{"total":28}}}`, id)
	answer := <-got
	if answer.err != nil || answer.value.Generation != 3 || answer.value.Milliseconds["total"] != 28 {
		t.Errorf("got %+v, %v", answer.value, answer.err)
	}
}

func TestAnswersComeInAnyOrder(t *testing.T) {
	link, agent := pair(t, Notice{})
	first := call(func() (*Reloaded, error) { return link.Reload(t.Context(), nil) })
	_, one, _ := agent.asked()
	second := call(func() (*Reloaded, error) { return link.Refresh(t.Context()) })
	kind, two, _ := agent.asked()
	if kind != "refresh" {
		t.Errorf("asked %s", kind)
	}
	third := call(func() (Listening, error) { return link.Debug(t.Context(), "/devenv/debugpy") })
	kind, three, body := agent.asked()
	if kind != "debug" || body != `{"id":3,"path":"/devenv/debugpy"}` {
		t.Errorf("asked %s %s", kind, body)
	}
	agent.say(`{"debugging":{"id":%d,"pid":7,"port":41234}}`, three)
	agent.say(`{"reloaded":{"id":%d,"generation":2}}`, two)
	agent.say(`{"reloaded":{"id":%d,"generation":1}}`, one)
	if got := <-third; got.value != (Listening{PID: 7, Port: 41234}) || got.err != nil {
		t.Errorf("debug: %v", got)
	}
	if got := <-second; got.err != nil || got.value.Generation != 2 {
		t.Errorf("refresh: %v", got)
	}
	if got := <-first; got.err != nil || got.value.Generation != 1 {
		t.Errorf("reload: %v", got)
	}
}

func TestWhatAnAgentRefuses(t *testing.T) {
	for _, c := range []struct{ says, want string }{
		{`{"failed":{"id":%d,"error":"SyntaxError: x","file":"/src/a.py","line":3,"serving":true}}`, "SyntaxError: x"},
		{`{"refused":{"id":%d,"why":"stopping"}}`, "the agent refused: stopping"},
		{`{"debugging":{"id":%d,"error":"no debugpy"}}`, "no debugpy"},
	} {
		link, agent := pair(t, Notice{})
		got := call(func() (answer, error) { return link.ask(t.Context(), "reload", request{}) })
		_, id, _ := agent.asked()
		agent.say(c.says, id)
		if answer := <-got; answer.err == nil || answer.err.Error() != c.want {
			t.Errorf("%s: got %v", c.says, answer.err)
		}
	}
}

func TestAFailureTellsWhere(t *testing.T) {
	link, agent := pair(t, Notice{})
	got := call(func() (*Reloaded, error) { return link.Reload(t.Context(), nil) })
	_, id, _ := agent.asked()
	agent.say(`{"failed":{"id":%d,"error":"E","file":"/src/a.py","line":3,"serving":true}}`, id)
	var failure *Failure
	if answer := <-got; !errors.As(answer.err, &failure) || failure.File != "/src/a.py" || failure.Line != 3 || !failure.Serving {
		t.Errorf("got %+v", failure)
	}
}

// Where no agent runs, a request for new code ends at once, and one for a debugger waits for an agent.
func TestAbsent(t *testing.T) {
	link, agent := pair(t, Notice{})
	reloading := call(func() (*Reloaded, error) { return link.Reload(t.Context(), nil) })
	agent.asked()
	debugging := call(func() (Listening, error) { return link.Debug(t.Context(), "") })
	_, id, _ := agent.asked()
	agent.say(`{"relay":{"state":"absent","program":"python -m other"}}`)
	if answer := <-reloading; !errors.Is(answer.err, Absent{"python -m other"}) {
		t.Errorf("got %v", answer.err)
	}
	agent.say(`{"debugging":{"id":%d,"pid":7,"port":4711}}`, id)
	if answer := <-debugging; answer.err != nil {
		t.Error(answer.err)
	}
}

func TestUnasked(t *testing.T) {
	statuses, failures := make(chan Status, 1), make(chan *Failure, 1)
	_, agent := pair(t, Notice{Status: func(s Status) { statuses <- s }, Failed: func(f *Failure) { failures <- f }})
	agent.say(`what is not JSON is passed over`)
	agent.say(`{"status":{"agent":1,"mode":"restart","why":"gevent patches modules","child":12,"generation":3,"debug":{"listen":"0.0.0.0:5678"}}}`)
	if s := <-statuses; s.Mode != "restart" || s.Child != 12 || s.Generation != 3 || s.Debugpy.Listen != "0.0.0.0:5678" {
		t.Errorf("status %+v", s)
	}
	agent.say(`{"failed":{"id":0,"error":"no good version yet"}}`)
	if f := <-failures; f.Message != "no good version yet" {
		t.Errorf("failure %+v", f)
	}
}

// A connection that ends fails what waits, and what is asked afterwards.
func TestALostConnection(t *testing.T) {
	link, agent := pair(t, Notice{})
	got := call(func() (*Reloaded, error) { return link.Reload(t.Context(), nil) })
	agent.asked()
	_ = agent.conn.Close()
	if answer := <-got; !errors.Is(answer.err, ErrLost) {
		t.Errorf("got %v", answer.err)
	}
	<-link.Done()
	if _, err := link.Reload(t.Context(), nil); !errors.Is(err, ErrLost) {
		t.Errorf("afterwards: got %v", err)
	}
}

func TestCloseEndsTheGoroutine(t *testing.T) {
	link, agent := pair(t, Notice{})
	got := call(func() (*Reloaded, error) { return link.Reload(t.Context(), nil) })
	agent.asked()
	if err := link.Close(); err != nil {
		t.Fatal(err)
	}
	if answer := <-got; !errors.Is(answer.err, ErrLost) {
		t.Errorf("got %v", answer.err)
	}
	<-link.Done()
	if _, err := agent.conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the other end: %v", err)
	}
}

// Whoever gives up leaves nothing behind; the late answer is dropped and the next one arrives.
func TestGivingUp(t *testing.T) {
	link, agent := pair(t, Notice{})
	ctx, cancel := context.WithCancel(t.Context())
	got := call(func() (*Reloaded, error) { return link.Reload(ctx, nil) })
	_, late, _ := agent.asked()
	cancel()
	if answer := <-got; !errors.Is(answer.err, context.Canceled) {
		t.Errorf("got %v", answer.err)
	}
	agent.say(`{"reloaded":{"id":%d}}`, late)
	next := call(func() (*Reloaded, error) { return link.Reload(t.Context(), nil) })
	_, id, _ := agent.asked()
	agent.say(`{"reloaded":{"id":%d,"generation":9}}`, id)
	if answer := <-next; answer.err != nil || answer.value.Generation != 9 {
		t.Errorf("got %v", answer)
	}
	link.mu.Lock()
	defer link.mu.Unlock()
	if len(link.pending) != 0 {
		t.Errorf("%d requests are still kept", len(link.pending))
	}
}
