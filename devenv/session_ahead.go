package devenv

import (
	"errors"
	"fmt"
	"net"
	"sync"

	"devenv/devenv/engine"
)

// ahead keeps a relay in the container that an editor debugs, started before it is needed: to start a command in a
// container takes longer than all that is then said over it. Safe for concurrent use.
type ahead struct {
	relay func(container string) (*engine.Stream, error) // starts one; it ends with the session too

	mu        sync.Mutex
	container string         // where the last connection went
	wanted    bool           // an editor is attached
	waiting   *engine.Stream // for the number of a port
}

// connect connects to a port of a container's loopback device. The connection is the caller's.
func (a *ahead) connect(container string, port int) (net.Conn, error) {
	if conn := a.take(container); conn != nil {
		if _, err := fmt.Fprintf(conn, "%d\n", port); err == nil {
			return conn, nil
		}
		_ = conn.Close() // its container has ended
	}
	conn, err := a.relay(container)
	if err != nil {
		return nil, err
	}
	if _, err = fmt.Fprintf(conn, "%d\n", port); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// take gives what waits in a container, or nil.
func (a *ahead) take(container string) *engine.Stream {
	a.mu.Lock()
	defer a.mu.Unlock()
	conn, same := a.waiting, a.container == container
	a.waiting, a.container = nil, container
	if conn != nil && !same {
		_ = conn.Close() // its container is being replaced
		return nil
	}
	return conn
}

// start starts the relay for the next connection, because an editor is attached; run runs a function as a goroutine.
func (a *ahead) start(run func(func())) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wanted = true
	container := a.container
	if container == "" {
		return // Delve is reached by a port
	}
	run(func() {
		if conn, err := a.relay(container); err == nil { // else the next connection starts its own
			a.keep(container, conn)
		}
	})
}

// keep keeps a relay if it may still be needed.
func (a *ahead) keep(container string, conn *engine.Stream) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waiting != nil || !a.wanted || a.container != container {
		_ = conn.Close() // nothing was said over it
		return
	}
	a.waiting = conn
}

// end ends the relay that waits, because the editor has left.
func (a *ahead) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wanted = false
	if a.waiting != nil {
		_ = a.waiting.Close() // nothing was said over it
		a.waiting = nil
	}
}
