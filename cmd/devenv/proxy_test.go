//go:build unix

package main

import (
	"bytes"
	"cmp"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// engineProxy stands between a script's devenv and the engine, so that the engine can go away for one script alone.
//
// Goroutines: one accepts, two copy for each connection; all end with away.
type engineProxy struct {
	socket, engine string

	mu       sync.Mutex
	thief    func() // called once, before the next start of a container reaches the engine
	listener net.Listener
	open     map[net.Conn]bool
	copying  sync.WaitGroup
}

// engine-proxy [away|back|steal PORT]: without a word DOCKER_HOST becomes a proxy of the engine, which then can go away
// and come back; the engine itself is at ENGINE. With steal this process listens on a port from the moment on at which a
// container is to be started, after all that was looked at before.
func proxied(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case neg || len(args) > 2 || len(args) == 2 && args[0] != "steal":
		ts.Fatalf("usage: engine-proxy [away|back|steal PORT]")
	case len(args) == 0:
		folder, err := os.MkdirTemp("", "engine") // a socket's path must be short
		ts.Check(err)
		proxy := &engineProxy{
			socket: filepath.Join(folder, "s"), engine: cmp.Or(os.Getenv("DOCKER_HOST"), "unix:///var/run/docker.sock"), open: map[net.Conn]bool{},
		}
		ts.Defer(func() { proxy.away(); _ = os.RemoveAll(folder) })
		ts.Check(proxy.back())
		ts.Setenv("DOCKER_HOST", "unix://"+proxy.socket)
		ts.Setenv("ENGINE", proxy.engine)
		proxies.Store(ts.Getenv("WORK"), proxy)
	default:
		found, ok := proxies.Load(ts.Getenv("WORK"))
		if !ok {
			ts.Fatalf("engine-proxy %s: no proxy was made", args[0])
		}
		proxy, _ := found.(*engineProxy)
		switch args[0] {
		case "steal":
			proxy.steal(func() {
				listener, err := net.Listen("tcp", "0.0.0.0:"+args[1])
				if err == nil { // else somebody else was faster, which is as good
					ts.Defer(func() { _ = listener.Close() })
				}
			})
		case "away":
			proxy.away()
		default:
			ts.Check(proxy.back())
		}
	}
}

// proxies are the proxies of the scripts, by their folders.
var proxies sync.Map

// back listens.
func (p *engineProxy) back() error {
	listener, err := net.Listen("unix", p.socket)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listener = listener
	p.copying.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			p.join(conn)
		}
	})
	return nil
}

// join copies between a connection and one to the engine.
func (p *engineProxy) join(conn net.Conn) {
	network, address, _ := strings.Cut(p.engine, "://")
	engine, err := net.Dial(network, address)
	if err != nil {
		_ = conn.Close()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, way := range [][2]net.Conn{{conn, engine}, {engine, conn}} {
		p.open[way[0]] = true
		var from io.Reader = way[0]
		if way[0] == conn {
			from = requests{conn, p}
		}
		p.copying.Go(func() {
			_, _ = io.Copy(way[1], from) // until either side ends
			if half, ok := way[1].(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite()
			}
		})
	}
}

// away ends everything, in the middle of whatever is said.
func (p *engineProxy) away() {
	p.mu.Lock()
	_ = p.listener.Close()
	for conn := range p.open {
		_ = conn.Close()
	}
	clear(p.open)
	p.mu.Unlock()
	p.copying.Wait()
}

// requests is what devenv says to the engine, overheard.
type requests struct {
	net.Conn
	proxy *engineProxy
}

func (r requests) Read(into []byte) (int, error) {
	n, err := r.Conn.Read(into)
	if bytes.Contains(into[:n], []byte("/start HTTP/1.")) {
		r.proxy.steal(nil)
	}
	return n, err
}

// steal lets the thief that waits do its work, and has another one wait.
func (p *engineProxy) steal(next func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.thief != nil && next == nil {
		p.thief()
	}
	p.thief = next
}
