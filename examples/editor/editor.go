// Package editor is an editor's end of a debug session, for the demonstration and the measurements: it attaches by the launch.json that
// `devenv debug vscode` wrote, and asks one thing at a time.
package editor

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-dap"
)

// Patience is how long an Editor waits for what it was promised.
const Patience = time.Minute

// Editor is one session. It is its caller's alone: its methods are for one goroutine.
type Editor struct {
	conn net.Conn
	in   *bufio.Reader
	seq  int
	kept []message // heard while something else was waited for
}

type message struct {
	Event      string          `json:"event"`
	RequestSeq int             `json:"request_seq"`
	Success    bool            `json:"success"`
	Message    string          `json:"message"`
	Body       json.RawMessage `json:"body"`
}

// Attach is what F5 does in folder, with the first configuration of its launch.json.
func Attach(ctx context.Context, folder string) (*Editor, error) {
	configuration, err := configurationOf(folder)
	if err != nil {
		return nil, err
	}
	to, _ := configuration["connect"].(map[string]any)
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", fmt.Sprintf("%v:%v", to["host"], to["port"]))
	if err != nil {
		return nil, err
	}
	e := &Editor{conn: conn, in: bufio.NewReader(conn)}
	if err := e.begin(configuration); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return e, nil
}

func configurationOf(folder string) (map[string]any, error) {
	content, err := os.ReadFile(filepath.Join(folder, ".vscode", "launch.json"))
	if err != nil {
		return nil, err
	}
	var launch struct{ Configurations []map[string]any }
	err = json.Unmarshal([]byte(strings.ReplaceAll(string(content), "${workspaceFolder}", folder)), &launch)
	if err == nil && len(launch.Configurations) == 0 {
		err = errors.New("launch.json has no configuration")
	}
	if err != nil {
		return nil, err
	}
	return launch.Configurations[0], nil
}

// begin is the order of VS Code: debugpy answers attach only after configurationDone.
func (e *Editor) begin(configuration map[string]any) error {
	_, err := e.Ask("initialize", map[string]any{"adapterID": "debugpy", "clientName": "example", "linesStartAt1": true, "pathFormat": "path"})
	if err != nil {
		return err
	}
	attached, err := e.send("attach", configuration)
	if err == nil {
		_, err = e.event("initialized")
	}
	if err == nil {
		_, err = e.Ask("configurationDone", map[string]any{})
	}
	if err == nil {
		_, err = e.answer(attached)
	}
	return err
}

// Close hangs up.
func (e *Editor) Close() error { return e.conn.Close() }

// Ask sends a request and returns the body of its answer; a refusal is an error.
func (e *Editor) Ask(command string, arguments any) (json.RawMessage, error) {
	seq, err := e.send(command, arguments)
	if err != nil {
		return nil, err
	}
	return e.answer(seq)
}

// Break sets the one breakpoint of a file; lines count from 1.
func (e *Editor) Break(path string, line int) error {
	_, err := e.Ask("setBreakpoints", map[string]any{"source": map[string]any{"path": path}, "breakpoints": []any{map[string]any{"line": line}}})
	return err
}

// Stopped waits for a stop and returns its thread.
func (e *Editor) Stopped() (thread int, err error) {
	body, err := e.event("stopped")
	if err != nil {
		return 0, err
	}
	var at struct{ ThreadID int }
	err = json.Unmarshal(body, &at)
	return at.ThreadID, err
}

// Line is where a stopped thread stands. It is an error if its process has gone meanwhile.
func (e *Editor) Line(thread int) (int, error) {
	body, err := e.Ask("stackTrace", map[string]any{"threadId": thread, "levels": 1})
	if err != nil {
		return 0, err
	}
	var stack struct{ StackFrames []struct{ Line int } }
	err = json.Unmarshal(body, &stack)
	if err == nil && len(stack.StackFrames) == 0 {
		err = errors.New("the thread stands nowhere")
	}
	if err != nil {
		return 0, err
	}
	return stack.StackFrames[0].Line, nil
}

// Continue lets a stopped thread run.
func (e *Editor) Continue(thread int) error {
	_, err := e.Ask("continue", map[string]any{"threadId": thread})
	return err
}

func (e *Editor) send(command string, arguments any) (seq int, err error) {
	e.seq++
	content, err := json.Marshal(map[string]any{"seq": e.seq, "type": "request", "command": command, "arguments": arguments})
	if err == nil {
		err = dap.WriteBaseMessage(e.conn, content)
	}
	return e.seq, err
}

func (e *Editor) answer(seq int) (json.RawMessage, error) {
	m, err := e.next(func(m message) bool { return m.RequestSeq == seq })
	if err == nil && !m.Success {
		err = errors.New(m.Message)
	}
	return m.Body, err
}

func (e *Editor) event(name string) (json.RawMessage, error) {
	m, err := e.next(func(m message) bool { return m.Event == name })
	return m.Body, err
}

// next waits for the first message of a kind; others are kept.
func (e *Editor) next(wanted func(message) bool) (message, error) {
	if at := slices.IndexFunc(e.kept, wanted); at >= 0 {
		m := e.kept[at]
		e.kept = slices.Delete(e.kept, at, at+1)
		return m, nil
	}
	for {
		m, err := e.read()
		if err != nil || wanted(m) {
			return m, err
		}
		e.kept = append(e.kept, m)
	}
}

func (e *Editor) read() (m message, err error) {
	if err := e.conn.SetReadDeadline(time.Now().Add(Patience)); err != nil {
		return m, err
	}
	content, err := dap.ReadBaseMessage(e.in)
	if errors.Is(err, io.EOF) {
		err = errors.New("the session was ended by the other side")
	}
	if err == nil {
		err = json.Unmarshal(content, &m)
	}
	return m, err
}
