// Package daptest is an editor's side of a debug session, for tests: a client that speaks the Debug Adapter Protocol over TCP as VS Code does,
// waits for what it expects, and fails its test with everything it heard.
package daptest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-dap"
)

// Patience is how long a Client waits for an answer or an event before its test fails.
const Patience = 20 * time.Second

// Message is what a client hears, with its content as it came.
type Message struct {
	Seq        int             `json:"seq"`
	Type       string          `json:"type"`
	RequestSeq int             `json:"request_seq"`
	Command    string          `json:"command"`
	Event      string          `json:"event"`
	Success    bool            `json:"success"`
	Reason     string          `json:"message"`
	Body       json.RawMessage `json:"body"`
}

func (m Message) String() string {
	switch {
	case m.Type == "event":
		return "event " + m.Event + " " + string(m.Body)
	case m.Success:
		return fmt.Sprintf("response %s to %d %s", m.Command, m.RequestSeq, m.Body)
	default:
		return fmt.Sprintf("response %s to %d failed %q %s", m.Command, m.RequestSeq, m.Reason, m.Body)
	}
}

// Client is one connection to a debug port. Its methods are for the goroutine of the test; one goroutine of its own reads, until Close or the
// end of the test.
type Client struct {
	t    testing.TB
	conn net.Conn
	seq  int
	ID   string // how it introduces itself, "vscode" by default

	mu     sync.Mutex
	heard  []Message // all of it, for the report of a failure
	open   []Message // not waited for yet
	news   chan struct{}
	closed chan struct{}
}

// Connect connects to a debug port; the connection is closed at the end of the test.
func Connect(t testing.TB, address string) *Client {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: Patience}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatalf("connect to the debug port: %v", err)
	}
	c := &Client{t: t, conn: conn, ID: "vscode", news: make(chan struct{}, 1), closed: make(chan struct{})}
	go c.read()
	t.Cleanup(c.Close)
	return c
}

// Close hangs up without a goodbye, as a killed editor does.
func (c *Client) Close() {
	c.conn.Close()
	<-c.closed
}

// Closed is closed once the other side has hung up, or Close was called.
func (c *Client) Closed() <-chan struct{} { return c.closed }

func (c *Client) read() {
	defer close(c.closed)
	for in := bufio.NewReader(c.conn); ; {
		raw, err := dap.ReadBaseMessage(in)
		if err != nil {
			return
		}
		var m Message
		if err := json.Unmarshal(raw, &m); err != nil {
			c.t.Errorf("not a DAP message: %s", raw)
			return
		}
		c.mu.Lock()
		c.heard, c.open = append(c.heard, m), append(c.open, m)
		c.mu.Unlock()
		select {
		case c.news <- struct{}{}:
		default:
		}
	}
}

// Send asks without waiting for the answer, and returns the number to Await.
func (c *Client) Send(command string, arguments any) int {
	c.t.Helper()
	c.seq++
	raw, err := json.Marshal(map[string]any{"seq": c.seq, "type": "request", "command": command, "arguments": arguments})
	if err == nil {
		err = dap.WriteBaseMessage(c.conn, raw)
	}
	if err != nil {
		c.t.Fatalf("%s: %v", command, err)
	}
	return c.seq
}

// Await is the answer to a request, also a refusal.
func (c *Client) Await(seq int) Message {
	c.t.Helper()
	return c.next(fmt.Sprintf("the answer to %d", seq), func(m Message) bool { return m.Type == "response" && m.RequestSeq == seq })
}

// Try asks and returns the answer, also a refusal.
func (c *Client) Try(command string, arguments any) Message {
	c.t.Helper()
	return c.Await(c.Send(command, arguments))
}

// Request asks, fails the test if it is refused, and decodes the answer's body.
func Request[Body any](c *Client, command string, arguments any) Body {
	c.t.Helper()
	return decode[Body](c, c.granted(c.Try(command, arguments)))
}

// Event waits for the next event of a name that was not waited for yet.
func Event[Body any](c *Client, name string) Body {
	c.t.Helper()
	return decode[Body](c, c.next("event "+name, func(m Message) bool { return m.Type == "event" && m.Event == name }))
}

// Heard says whether an event came that was not waited for yet.
func (c *Client) Heard(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.open {
		if m.Event == name {
			return true
		}
	}
	return false
}

func decode[Body any](c *Client, m Message) Body {
	c.t.Helper()
	var body Body
	if len(m.Body) > 0 {
		if err := json.Unmarshal(m.Body, &body); err != nil {
			c.t.Fatalf("%v: %v", m, err)
		}
	}
	return body
}

func (c *Client) granted(m Message) Message {
	c.t.Helper()
	if !m.Success {
		c.t.Fatalf("%v\n%s", m, c.transcript())
	}
	return m
}

// next takes the first message that matches, and leaves the others.
func (c *Client) next(what string, matches func(Message) bool) Message {
	c.t.Helper()
	late := time.NewTimer(Patience)
	defer late.Stop()
	for hungUp := false; ; {
		if m, ok := c.take(matches); ok {
			return m
		}
		if hungUp {
			c.t.Fatalf("the debug port hung up; expected %s\n%s", what, c.transcript())
		}
		select {
		case <-c.news:
		case <-c.closed:
			hungUp = true
		case <-late.C:
			c.t.Fatalf("no %s in %v\n%s", what, Patience, c.transcript())
		}
	}
}

func (c *Client) take(matches func(Message) bool) (Message, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, m := range c.open {
		if matches(m) {
			c.open = append(c.open[:i:i], c.open[i+1:]...)
			return m, true
		}
	}
	return Message{}, false
}

func (c *Client) transcript() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out strings.Builder
	out.WriteString("heard:\n")
	for _, m := range c.heard {
		fmt.Fprintf(&out, "  %v\n", m)
	}
	return out.String()
}
