package live

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"devenv/devenv/fault"
	"devenv/devenv/reload"
)

// Request asks a running session something, as one line of JSON. Answer is the line that comes back.
type Request struct {
	Why   *string   `json:"why,omitempty"` // an absolute path, or "" for everything
	Adopt *Adoption `json:"adopt,omitempty"`
	Stop  bool      `json:"stop,omitempty"`
	// Provision is a service whose packages somebody has changed, without a file that tells.
	Provision string `json:"provision,omitempty"`
}

// Adoption tells a session that another devenv has changed the containers that it looks after.
type Adoption struct {
	Command string `json:"command"` // as typed
	Mode    string `json:"mode"`    // that it was given for this time, or ""
	Profile string `json:"profile"` // the same
	// DebugWait are the services that it was told to have wait for a debugger.
	DebugWait []string `json:"debugWait,omitempty"`
}

// Control is what a session can be asked and told besides what package live knows.
type Control struct {
	Styles    func(ctx context.Context) map[string]string // how each service takes in new code
	Debuggers func() map[string]Debugger
	Adopt     func(ctx context.Context, adoption Adoption)
	Provision func(ctx context.Context, service string)
	Stop      func()
}

// Answer is what a session says of itself.
type Answer struct {
	Watching  string              `json:"watching"` // "armed", "polling every ...", or why not
	Folders   int                 `json:"folders"`
	Services  map[string]string   `json:"services,omitempty"`  // how each service takes in new code: fork, restart (why)
	Debuggers map[string]Debugger `json:"debuggers,omitempty"` // by service
	Entries   []reload.Entry      `json:"entries,omitempty"`
	UnderWay  bool                `json:"underWay,omitempty"` // something is being done for what was asked about
}

// Debugger is the debug port of a service.
type Debugger struct {
	Address string   `json:"address"`           // HOST:PORT at which an editor attaches
	Client  string   `json:"client,omitempty"`  // who is attached
	Stopped []string `json:"stopped,omitempty"` // threads that stand at a breakpoint
}

// askWithin bounds a question: a session answers from memory.
const askWithin = 2 * time.Second

// Ask asks the session that listens at a socket.
func Ask(ctx context.Context, socket string, request Request) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return Answer{}, silent(err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := json.NewEncoder(conn).Encode(request); err != nil {
		return Answer{}, err
	}
	var answer Answer
	var other *json.UnmarshalTypeError
	if err := json.NewDecoder(conn).Decode(&answer); errors.As(err, &other) {
		return Answer{}, &fault.Error{Class: fault.Failed, Message: "the running `up` is of another version of devenv", Hint: "end it, or devenv down", Err: ErrOther}
	} else if err != nil {
		return Answer{}, err
	}
	return answer, nil
}

// silent is a session that cannot be asked. That there is no socket, or nobody at it, says all; another cause is told.
func silent(err error) error {
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return &fault.Error{
			Class: fault.Failed, Message: "no running `up` answers for this project",
			Hint: "`devenv up -d` watches, and tells from then on what a change leads to", Err: err,
		}
	}
	return fault.New(fault.Failed, "no running `up` answers for this project: %w", err).WithHint("devenv up")
}

// ErrOther is a session of a devenv that answers in other words. What it was told to do, it does.
var ErrOther = errors.New("another version of devenv")

// Listen makes the control socket, for this user alone. A socket that a killed session left behind is replaced: the
// caller holds the project's lock, so nobody listens there.
func Listen(ctx context.Context, socket string) (net.Listener, error) {
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	if unix, is := listener.(*net.UnixListener); is {
		unix.SetUnlinkOnClose(false)
	}
	made, err := os.Stat(socket)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return &ownSocket{listener, socket, made}, os.Chmod(socket, 0o600)
}

// ownSocket is a listener that removes its socket when it is closed, and leaves that of a later session.
type ownSocket struct {
	net.Listener
	path string
	made os.FileInfo
}

func (o *ownSocket) Close() error {
	if now, err := os.Stat(o.path); err == nil && os.SameFile(o.made, now) {
		_ = os.Remove(o.path) // one that stays is replaced by the next session
	}
	return o.Listener.Close()
}

// Serve answers at listener until ctx ends, and closes it. Goroutines: one a connection, ended by its answer or ctx.
func (s *Session) Serve(ctx context.Context, listener net.Listener, control Control) {
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go s.answer(ctx, conn, control)
	}
}

func (s *Session) answer(ctx context.Context, conn net.Conn, control Control) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	var request Request
	if json.NewDecoder(conn).Decode(&request) != nil {
		return
	}
	status := s.Watching()
	answer := Answer{Watching: "armed", Folders: status.Folders, Services: control.Styles(ctx), Debuggers: control.Debuggers()}
	switch {
	case !status.Armed:
		answer.Watching = "not armed: " + status.Reason.Error()
	case status.Polling > 0:
		answer.Watching = "polling every " + status.Polling.String()
	}
	if request.Why != nil {
		answer.Entries, answer.UnderWay = s.Why(ctx, *request.Why)
	}
	if request.Adopt != nil {
		control.Adopt(ctx, *request.Adopt)
	}
	if request.Provision != "" {
		control.Provision(ctx, request.Provision)
	}
	_ = json.NewEncoder(conn).Encode(answer) // an asker that went away needs no answer
	if request.Stop {
		control.Stop()
	}
}
