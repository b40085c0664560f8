// Command demo is F5 without an editor: it attaches by the configuration that `devenv debug vscode` wrote, has a
// breakpoint hit, moves the line by a save, and has it hit again in the new code, in the same session.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-dap"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: demo FILE TEXT URL    in the folder of .vscode; URL runs the line that has TEXT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(file, text, url string) error {
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	editor, err := attach()
	if err != nil {
		return err
	}
	defer editor.conn.Close()
	for _, save := range []bool{false, true} {
		began := time.Now()
		if save {
			if err := pushDown(path); err != nil {
				return err
			}
		}
		line, err := lineOf(path, text)
		if err != nil {
			return err
		}
		if err := editor.breakpoint(path, line); err != nil {
			return err
		}
		if err := editor.hit(url, line); err != nil {
			return err
		}
		if save {
			fmt.Printf("saved, and %d ms later the same session stops at %s:%d\n", time.Since(began).Milliseconds(), file, line)
		} else {
			fmt.Printf("attached; stopped at %s:%d\n", file, line)
		}
	}
	return nil
}

// pushDown saves a file with a line more at its top.
func pushDown(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append([]byte("# one line more\n"), content...), 0o600)
}

func lineOf(path, text string) (int, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for i, line := range strings.Split(string(content), "\n") {
		if strings.Contains(line, text) {
			return i + 1, nil
		}
	}
	return 0, fmt.Errorf("%s: no line has %q", path, text)
}

// editor is the client's end of one debug session.
type editor struct {
	conn net.Conn
	in   *bufio.Reader
	seq  int
	kept []message // heard while something else was waited for
}

type message struct {
	Seq        int             `json:"seq"`
	Type       string          `json:"type"`
	Command    string          `json:"command,omitempty"`
	Arguments  any             `json:"arguments,omitempty"`
	Event      string          `json:"event,omitempty"`
	RequestSeq int             `json:"request_seq,omitempty"`
	Success    bool            `json:"success,omitempty"`
	Message    string          `json:"message,omitempty"`
	Body       json.RawMessage `json:"body,omitempty"`
}

// attach is what an editor does with the first configuration of launch.json.
func attach() (*editor, error) {
	folder, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(filepath.Join(".vscode", "launch.json"))
	if err != nil {
		return nil, err
	}
	var launch struct{ Configurations []map[string]any }
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(content), "${workspaceFolder}", folder)), &launch); err != nil {
		return nil, err
	}
	configuration := launch.Configurations[0]
	to, _ := configuration["connect"].(map[string]any)
	conn, err := net.Dial("tcp", fmt.Sprintf("%v:%v", to["host"], to["port"]))
	if err != nil {
		return nil, err
	}
	e := &editor{conn: conn, in: bufio.NewReader(conn)}
	if _, err := e.request("initialize", map[string]any{"adapterID": "debugpy", "clientName": "the demo", "linesStartAt1": true, "pathFormat": "path"}); err != nil {
		return nil, err
	}
	attached := e.send("attach", configuration)
	if _, err := e.event("initialized"); err != nil {
		return nil, err
	}
	if _, err := e.request("configurationDone", map[string]any{}); err != nil {
		return nil, err
	}
	_, err = e.answer(attached)
	return e, err
}

func (e *editor) breakpoint(path string, line int) error {
	_, err := e.request("setBreakpoints", map[string]any{"source": map[string]any{"path": path}, "breakpoints": []any{map[string]any{"line": line}}})
	return err
}

// hit asks url until the breakpoint is hit at a line: the answer may still be the old code's.
func (e *editor) hit(url string, line int) error {
	if err := e.conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	stop := make(chan struct{})
	defer close(stop)
	go func() { // it ends when the line was reached, after the request that is under way
		for {
			if response, err := http.Get(url); err == nil { //nolint:noctx // it stands at a breakpoint for as long as that takes
				_ = response.Body.Close()
			}
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	for {
		stopped, err := e.event("stopped")
		if err != nil {
			return err
		}
		var at struct{ ThreadID int }
		if err := json.Unmarshal(stopped.Body, &at); err != nil {
			return err
		}
		frames, err := e.request("stackTrace", map[string]any{"threadId": at.ThreadID})
		if err != nil {
			continue // that process is gone
		}
		_, err = e.request("continue", map[string]any{"threadId": at.ThreadID})
		if err != nil || strings.Contains(strings.ReplaceAll(string(frames.Body), " ", ""), fmt.Sprintf(`"line":%d,`, line)) {
			return err
		}
	}
}

func (e *editor) send(command string, arguments any) int {
	e.seq++
	content, err := json.Marshal(message{Seq: e.seq, Type: "request", Command: command, Arguments: arguments})
	if err == nil {
		_ = dap.WriteBaseMessage(e.conn, content) // what is not written is not answered, and that is told
	}
	return e.seq
}

func (e *editor) request(command string, arguments any) (message, error) {
	return e.answer(e.send(command, arguments))
}

// answer waits for the answer to a request.
func (e *editor) answer(seq int) (message, error) {
	m, err := e.next(func(m message) bool { return m.RequestSeq == seq })
	if err == nil && !m.Success {
		err = errors.New(m.Message)
	}
	return m, err
}

func (e *editor) event(name string) (message, error) {
	return e.next(func(m message) bool { return m.Event == name })
}

// next waits for the first message of a kind; others are kept.
func (e *editor) next(wanted func(message) bool) (message, error) {
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

func (e *editor) read() (m message, err error) {
	content, err := dap.ReadBaseMessage(e.in)
	if errors.Is(err, io.EOF) {
		err = errors.New("the session was ended by the other side")
	}
	if err == nil {
		err = json.Unmarshal(content, &m)
	}
	return m, err
}
