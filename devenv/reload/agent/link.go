package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Status is where an agent says that things are.
type Status struct {
	Agent   int               `json:"agent"` // version of the protocol
	Mode    string            `json:"mode"`  // fork or restart
	Why     string            `json:"why"`   // of mode restart
	Python  string            `json:"python"`
	Program string            `json:"program"` // uvicorn, gunicorn, ...
	State   State             `json:"state"`
	LeftOut map[string]string `json:"left_out"` // modules that are not preloaded, and why

	// Child is the process that serves, as its container numbers processes; 0 while none does. Generation counts the
	// starts, and tells two children apart that got the same number.
	Child      int `json:"child"`
	Generation int `json:"generation"`

	// Holding is a process that has loaded new code and gives a debugger the time to come to it, before it serves; 0 is
	// none. It goes on at Proceed, or after five seconds; with Waits, only at Proceed.
	Holding int  `json:"holding"`
	Waits   bool `json:"waits"`

	Debugpy *Debugpy `json:"debug"` // nil where the program is not started through debugpy
}

// State is where a program is.
type State string

// The states of a program.
const (
	Starting State = "starting"
	Serving  State = "serving"
	Waiting  State = "waiting" // for a good version: there is none
)

// Debugpy is how the user's own command asked debugpy to listen, which the agent has taken out of it.
type Debugpy struct {
	Listen string `json:"listen"` // PORT or HOST:PORT, "" for none
	Wait   bool   `json:"wait"`   // --wait-for-client
}

// Reloaded is the good end of a reload: from now on new requests are answered by the new code.
type Reloaded struct {
	ID           int                `json:"id"`
	Mode         string             `json:"mode"`
	Generation   int                `json:"generation"`
	Milliseconds map[string]float64 `json:"ms"` // fork, import, bind, accept, total
}

// Failure is the other end: the new code could not be started.
type Failure struct {
	ID        int    `json:"id"`
	Message   string `json:"error"`
	File      string `json:"file"` // container path, or ""
	Line      int    `json:"line"`
	Traceback string `json:"traceback"`
	Serving   bool   `json:"serving"` // the last good version still answers
}

func (f *Failure) Error() string { return f.Message }

// ErrLost is a request whose connection ended before the answer: the container stopped, or its agent did.
var ErrLost = errors.New("the agent's connection ended")

// Absent is a request for new code or packages where no agent runs, because nothing in the container has become one.
type Absent struct {
	Program string // the command line of a Python program that the agent leaves alone; "" where none runs
}

func (a Absent) Error() string {
	if a.Program == "" {
		return "no Python server or worker runs in the container"
	}
	return a.Program + " is no program that can be reloaded in place"
}

// ErrNoDebugpy is Debug in a program whose environment has no debugpy.
var ErrNoDebugpy = errors.New(noDebugpy)

const noDebugpy = "no debugpy"

// Relay is the command that joins its standard streams to the agent of its container.
func Relay() []string {
	_, path := Archive()
	return []string{"python3", "-I", "-S", path}
}

// Connect is the command that joins its standard streams to a port of its container's loopback device, whose number is
// the first line of its input: so it can be started before that is known. It ends when the port's side does, and with
// status 1 and a reason on standard error if nothing listens there.
func Connect() []string { return append(Relay(), "connect") }

// Link is one connection to an agent, over the streams of a Relay.
//
// Goroutine: one reads, started by NewLink and ended by the stream's end; Done is closed then.
type Link struct {
	stream io.ReadWriteCloser
	notice Notice
	done   chan struct{}

	mu      sync.Mutex // guards what follows, and writing
	next    int
	pending map[int]question
}

// Notice receives what an agent says unasked, from the link's goroutine.
type Notice struct {
	Status func(Status)
	Failed func(*Failure) // a first start that failed
}

type question struct {
	kind  string
	reply chan answer
}

type answer struct {
	reloaded  *Reloaded
	listening Listening
	err       error
}

// NewLink talks to the agent behind stream, which it closes.
func NewLink(stream io.ReadWriteCloser, notice Notice) *Link {
	l := &Link{stream: stream, notice: notice, done: make(chan struct{}), pending: map[int]question{}}
	go l.read()
	return l
}

// Done is closed when the connection has ended.
func (l *Link) Done() <-chan struct{} { return l.done }

// Close ends the connection; what is pending fails with ErrLost.
func (l *Link) Close() error { return l.stream.Close() }

// Reload asks for the new code of files, which are container paths; nil is for what changed unknown.
func (l *Link) Reload(ctx context.Context, files []string) (*Reloaded, error) {
	got, err := l.ask(ctx, "reload", request{Files: files})
	return got.reloaded, err
}

// Refresh asks to forget what is preloaded, because the packages changed, and to reload.
func (l *Link) Refresh(ctx context.Context) (*Reloaded, error) {
	got, err := l.ask(ctx, "refresh", request{})
	return got.reloaded, err
}

// Debug makes the child that serves, or the one that is Holding, listen for a debugger (debugpy, in process): Connect
// leads there. While no child serves, it waits for one. Asked again it returns the same
// port; a child that replaces this one, which Notice.Status tells, listens only if it is asked again. path is a folder of
// the container where debugpy is if the program's own environment has none, or "".
func (l *Link) Debug(ctx context.Context, path string) (Listening, error) {
	got, err := l.ask(ctx, "debug", request{Path: path})
	return got.listening, err
}

// Proceed lets the process go on that is Holding.
func (l *Link) Proceed(ctx context.Context) error {
	_, err := l.ask(ctx, "debug", request{Proceed: true})
	return err
}

// Listening is a process in which a debugger listens.
type Listening struct {
	PID  int `json:"pid"`  // as its container numbers processes
	Port int `json:"port"` // of the loopback device of its container
}

// Release ends the tracing of the child that serves, whose debugger is gone: it runs as fast as before Debug.
func (l *Link) Release(ctx context.Context) error {
	_, err := l.ask(ctx, "debug", request{Release: true})
	return err
}

type request struct {
	ID      int      `json:"id"`
	Files   []string `json:"files,omitempty"`
	Path    string   `json:"path,omitempty"`
	Release bool     `json:"release,omitempty"`
	Proceed bool     `json:"proceed,omitempty"`
}

func (l *Link) ask(ctx context.Context, kind string, asked request) (answer, error) {
	id, reply, err := l.send(kind, asked)
	if err != nil {
		return answer{}, err
	}
	select {
	case got := <-reply:
		return got, got.err
	case <-l.done:
		return l.last(reply)
	case <-ctx.Done():
		l.mu.Lock()
		delete(l.pending, id)
		l.mu.Unlock()
		return answer{}, ctx.Err()
	}
}

// last is an answer that came right before the connection ended, or ErrLost.
func (l *Link) last(reply chan answer) (answer, error) {
	select {
	case got := <-reply:
		return got, got.err
	default:
		return answer{}, ErrLost
	}
}

func (l *Link) send(kind string, asked request) (id int, reply chan answer, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	asked.ID = l.next
	line, err := json.Marshal(map[string]request{kind: asked})
	if err != nil {
		return 0, nil, err
	}
	reply = make(chan answer, 1)
	l.pending[l.next] = question{kind, reply}
	if _, err := l.stream.Write(append(line, '\n')); err != nil {
		return 0, nil, errors.Join(ErrLost, err)
	}
	return l.next, reply, nil
}

// line is one thing that an agent, or the relay on the way to it, says.
type line struct {
	Status   *Status   `json:"status"`
	Reloaded *Reloaded `json:"reloaded"`
	Failed   *Failure  `json:"failed"`

	Relay *struct {
		State   string `json:"state"` // absent: what was asked for has nobody to do it
		Program string `json:"program"`
	} `json:"relay"`
	Debugging *struct {
		ID int `json:"id"`
		Listening
		Error string `json:"error"`
	} `json:"debugging"`
	Refused *struct {
		ID  int    `json:"id"`
		Why string `json:"why"`
	} `json:"refused"`
}

func (l *Link) read() {
	defer close(l.done)
	lines := bufio.NewScanner(l.stream)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var said line
		if json.Unmarshal(lines.Bytes(), &said) == nil {
			l.hear(said)
		}
	}
}

func (l *Link) hear(said line) {
	switch {
	case said.Relay != nil:
		l.absent(answer{err: Absent{said.Relay.Program}})
	case said.Status != nil && l.notice.Status != nil:
		l.notice.Status(*said.Status)
	case said.Reloaded != nil:
		l.settle(said.Reloaded.ID, answer{reloaded: said.Reloaded})
	case said.Failed != nil && said.Failed.ID == 0 && l.notice.Failed != nil:
		l.notice.Failed(said.Failed)
	case said.Failed != nil:
		l.settle(said.Failed.ID, answer{err: said.Failed})
	case said.Debugging != nil && said.Debugging.Error == noDebugpy:
		l.settle(said.Debugging.ID, answer{err: ErrNoDebugpy})
	case said.Debugging != nil && said.Debugging.Error != "":
		l.settle(said.Debugging.ID, answer{err: errors.New(said.Debugging.Error)})
	case said.Debugging != nil:
		l.settle(said.Debugging.ID, answer{listening: said.Debugging.Listening})
	case said.Refused != nil:
		l.settle(said.Refused.ID, answer{err: fmt.Errorf("the agent refused: %s", said.Refused.Why)})
	}
}

func (l *Link) settle(id int, got answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if asked, waiting := l.pending[id]; waiting {
		delete(l.pending, id)
		asked.reply <- got
	}
}

// absent settles what only a running agent can do. Who wants to debug waits for one.
func (l *Link) absent(got answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, asked := range l.pending {
		if asked.kind != "debug" {
			delete(l.pending, id)
			asked.reply <- got
		}
	}
}
