package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-dap"
)

// editor is the client's end of a debug session, attached by the launch.json that devenv has written. It asks one thing
// at a time and drops what it did not wait for.
type editor struct {
	conn net.Conn
	in   *bufio.Reader
	seq  int
	at   time.Time // of the last stop
}

type said struct {
	Event      string          `json:"event"`
	RequestSeq int             `json:"request_seq"`
	Success    bool            `json:"success"`
	Message    string          `json:"message"`
	Body       json.RawMessage `json:"body"`
}

func attach(ctx context.Context, dir string) (*editor, error) {
	content, err := os.ReadFile(filepath.Join(dir, ".vscode", "launch.json"))
	if err != nil {
		return nil, err
	}
	var launch struct{ Configurations []map[string]any }
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(content), "${workspaceFolder}", dir)), &launch); err != nil {
		return nil, err
	}
	to, _ := launch.Configurations[0]["connect"].(map[string]any)
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", fmt.Sprintf("%v:%v", to["host"], to["port"]))
	if err != nil {
		return nil, err
	}
	e := &editor{conn: conn, in: bufio.NewReader(conn)}
	err = e.ask("initialize", map[string]any{"adapterID": "debugpy", "clientName": "bench", "linesStartAt1": true, "pathFormat": "path"})
	if err == nil {
		err = e.ask("attach", launch.Configurations[0])
	}
	if err == nil {
		err = e.ask("configurationDone", map[string]any{})
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return e, nil
}

// ask sends a request and waits for its answer.
func (e *editor) ask(command string, arguments any) error {
	e.seq++
	seq := e.seq
	content, err := json.Marshal(map[string]any{"seq": seq, "type": "request", "command": command, "arguments": arguments})
	if err == nil {
		err = dap.WriteBaseMessage(e.conn, content)
	}
	if err != nil {
		return err
	}
	answer, err := e.hear(func(m said) bool { return m.RequestSeq == seq })
	if err == nil && !answer.Success {
		err = fmt.Errorf("%s: %s", command, answer.Message)
	}
	return err
}

// hear waits for a message.
func (e *editor) hear(wanted func(said) bool) (m said, err error) {
	if err := e.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return m, err
	}
	for {
		content, err := dap.ReadBaseMessage(e.in)
		if err != nil {
			return m, err
		}
		m = said{}
		if err := json.Unmarshal(content, &m); err != nil || wanted(m) {
			return m, err
		}
	}
}

// stopped waits for a stop and returns its thread.
func (e *editor) stopped() (thread int, err error) {
	m, err := e.hear(func(m said) bool { return m.Event == "stopped" })
	if err != nil {
		return 0, err
	}
	var at struct{ ThreadID int }
	err = json.Unmarshal(m.Body, &at)
	return at.ThreadID, err
}
