package debug

import (
	"bufio"
	"net"
	"sync"
	"time"

	"github.com/google/go-dap"
)

// patience is how long a peer may take to read what was written to it before it counts as dead.
const patience = 30 * time.Second

// link is one connection that speaks DAP. Messages are written in the order of send by a goroutine of its own, so that a peer which does not read
// never holds up the proxy; it ends with the link.
type link struct {
	conn net.Conn
	in   *bufio.Reader

	mu     sync.Mutex
	wake   *sync.Cond
	outbox []message
	ending bool // hang up once the outbox is empty

	done chan struct{} // closed when the writer has ended and the connection is closed
}

// newLink takes conn over and starts its writer.
func newLink(conn net.Conn) *link {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3})
	}
	l := &link{conn: conn, in: bufio.NewReader(conn), done: make(chan struct{})}
	l.wake = sync.NewCond(&l.mu)
	go l.write()
	return l
}

// send queues a message; it never blocks.
func (l *link) send(m message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ending {
		l.outbox = append(l.outbox, m)
		l.wake.Signal()
	}
}

// finish hangs up once everything queued is written.
func (l *link) finish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ending = true
	l.wake.Signal()
}

// close hangs up now.
func (l *link) close() {
	l.conn.Close()
	l.finish()
}

// join closes the link and waits for its writer.
func (l *link) join() {
	l.close()
	<-l.done
}

func (l *link) write() {
	defer close(l.done)
	defer l.conn.Close()
	out := bufio.NewWriter(l.conn)
	for batch := l.next(); len(batch) > 0; batch = l.next() {
		_ = l.conn.SetWriteDeadline(time.Now().Add(patience))
		for _, m := range batch {
			if dap.WriteBaseMessage(out, m.encode()) != nil {
				return
			}
		}
		if out.Flush() != nil {
			return
		}
	}
}

// next waits for messages to write; none when the link is to end.
func (l *link) next() []message {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.outbox) == 0 && !l.ending {
		l.wake.Wait()
	}
	batch := l.outbox
	l.outbox = nil
	return batch
}

// read delivers every message until the peer hangs up, breaks the protocol or the link is closed, and closes it.
func (l *link) read(deliver func(message)) {
	defer l.close()
	for {
		m, err := read(l.in)
		if err != nil {
			return
		}
		deliver(m)
	}
}
