// Package engine is devenv's own client of the Engine API, for what Compose's SDK does not do: what an image
// holds, which containers a project has and how they are, their events as they happen, the end of a log, a
// hijacked connection for BuildKit, and removing by ID what an interrupted command left half made.
//
// It is the only importer of github.com/docker/docker (DESIGN 3.2). Which engine is meant, how it is reached and
// with which credentials is decided by docker/cli in devenv/stack and arrives here as an Endpoint, so that both
// clients always speak to the same engine.
package engine

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/docker/docker/client"

	"devenv/devenv/fault"
)

// answerWithin bounds the wait for the first answer of an engine that accepts connections.
const answerWithin = 10 * time.Second

// Endpoint says which engine is meant and how to reach it.
type Endpoint struct {
	Name string                                      // the docker context's name
	Host string                                      // as the user knows it: unix:///var/run/docker.sock, ssh://me@host
	Dial func(ctx context.Context) (net.Conn, error) // a raw connection to the API, TLS and ssh already done
}

// Local reports whether the engine's host ports are this machine's: it is reached through a socket or a pipe.
func (e Endpoint) Local() bool {
	return strings.HasPrefix(e.Host, "unix://") || strings.HasPrefix(e.Host, "npipe://")
}

// Client speaks to one engine. It is safe for concurrent use; whoever called Connect closes it.
type Client struct {
	api      *client.Client
	endpoint Endpoint
}

// Connect reaches the engine and negotiates the API version. An engine that cannot be reached is a fault.Error of
// class Engine with a hint.
func Connect(ctx context.Context, e Endpoint) (*Client, error) {
	probe, err := e.Dial(ctx)
	if err != nil {
		return nil, unreachable(e.Host, err)
	}
	d := &dialer{probe: make(chan net.Conn, 1), dial: e.Dial}
	d.probe <- probe
	transport := &http.Transport{DialContext: d.DialContext, MaxIdleConns: 6, IdleConnTimeout: 30 * time.Second}
	api, err := client.NewClientWithOpts(
		client.WithHTTPClient(&http.Client{Transport: transport, CheckRedirect: client.CheckRedirect}),
		client.WithScheme("http"), // the dialer has done TLS where there is any
		client.WithAPIVersionNegotiation(),
	)
	if err != nil {
		_ = probe.Close()
		return nil, unreachable(e.Host, err)
	}
	c := &Client{api: api, endpoint: e}
	if err := c.ping(ctx); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// dialer hands out the connection that proved the engine reachable before it dials again.
type dialer struct {
	probe chan net.Conn
	dial  func(context.Context) (net.Conn, error)
}

func (d *dialer) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	select {
	case conn := <-d.probe:
		return conn, nil
	default:
		return d.dial(ctx)
	}
}

func (c *Client) ping(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	answer, err := c.api.Ping(bounded)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Engine, "engine %s: no answer within %s", c.endpoint.Host, answerWithin).
			WithHint("restart Docker, or choose another engine with DOCKER_HOST or DOCKER_CONTEXT")
	case err != nil:
		return unreachable(c.endpoint.Host, err)
	}
	c.api.NegotiateAPIVersionPing(answer)
	return nil
}

// unreachable words why no connection came about.
func unreachable(host string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	failure := fault.New(fault.Engine, "engine %s: %s", host, reason(err))
	failure.Err = err
	if errors.Is(err, fs.ErrPermission) {
		return failure.WithHint("let your user use the socket: sudo usermod -aG docker $USER, then log in again")
	}
	return failure.WithHint("start Docker, or choose another engine with DOCKER_HOST or DOCKER_CONTEXT")
}

// reason is the innermost cause in the words of its own layer: the operating system's or the resolver's.
func reason(err error) string {
	var errno syscall.Errno
	var dns *net.DNSError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	case errors.As(err, &errno):
		return errno.Error()
	case errors.As(err, &dns):
		return "no such host"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "no answer"
	}
	return strings.TrimSpace(err.Error())
}

// awaitEvery is how often an engine that is away is asked whether it is back.
const awaitEvery = time.Second

// Await returns when the engine answers, or with the error of ctx.
func (c *Client) Await(ctx context.Context) error {
	again := time.NewTicker(awaitEvery)
	defer again.Stop()
	for c.ping(ctx) != nil {
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Close releases the idle connections.
func (c *Client) Close() error { return c.api.Close() }

// Endpoint is what the client was connected to.
func (c *Client) Endpoint() Endpoint { return c.endpoint }

// DialHijack opens a raw connection that the engine has upgraded to proto, such as /grpc to h2c for BuildKit. The
// caller closes it.
func (c *Client) DialHijack(ctx context.Context, url, proto string, meta map[string][]string) (net.Conn, error) {
	return c.api.DialHijack(ctx, url, proto, meta)
}

// failure turns a lost connection into a fault of class Engine and leaves every other error as it is.
func (c *Client) failure(err error) error {
	if !client.IsErrConnectionFailed(err) && !isCut(err) {
		return err
	}
	lost := fault.New(fault.Engine, "engine %s: the connection was lost", c.endpoint.Host)
	lost.Err = err
	return lost.WithHint("start Docker again; `docker info` shows whether it answers")
}

// isCut: the connection ended in the middle of an answer.
func isCut(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
