package engine

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"devenv/devenv/fault"
)

// withBash is an image with bash and without busybox.
const withBash = "python:3.13-slim-bookworm"

// servers answer two ports of 127.0.0.1: the first with what it is sent, the second with a farewell, and hangs up.
var servers = map[string][]string{
	image: {"sh", "-c", `busybox nc -ll -p 7000 -e cat & exec busybox nc -ll -p 7001 -e sh -c "read word; echo bye"`},
	withBash: {"python", "-c", `
import socket, threading
def serve(port, answer):
    listener = socket.create_server(("127.0.0.1", port))
    while True:
        answer(listener.accept()[0])
def echo(conn):
    while data := conn.recv(65536):
        conn.sendall(data)
def bye(conn):
    with conn:
        conn.recv(1)
        conn.sendall(b"bye\n")
threading.Thread(target=serve, args=(7001, bye)).start()
serve(7000, echo)
`},
}

// A port of a container's loopback device, which is not published, is reached by what its image has; all bytes pass, either
// side's end ends the other, and no process of the relay stays in the container, alive or unburied.
func TestDial(t *testing.T) {
	t.Parallel()
	for from, server := range servers {
		name, _, _ := strings.Cut(from, ":")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := connect(t)
			id, _ := box(t, c, container.Config{Image: from, Cmd: server, User: "65534"})
			before := started(t, c, id)
			echo, bye := dialled(t, c, id, 7000), dialled(t, c, id, 7001)
			sent := make([]byte, 1<<20)
			_, _ = rand.Read(sent)
			go func() { _, _ = echo.Write(sent) }() // what is missing is seen where it should come back
			got := make([]byte, len(sent))
			if _, err := io.ReadFull(echo, got); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("not what was sent comes back, %v", err)
			}
			if _, err := io.WriteString(bye, "\n"); err != nil {
				t.Error(err)
			}
			if said, err := io.ReadAll(bye); err != nil || string(said) != "bye\n" {
				t.Errorf("got %q, %v", said, err)
			}
			if alone(t, c, id) == before {
				t.Error("a connection has no process that could be seen")
			}
			_ = echo.Close()
			_ = bye.Close()
			if after := settled(t, c, id, before); after != before {
				t.Errorf("left:\n%s\nbefore:\n%s", after, before)
			}
		})
	}
}

// Why a port cannot be reached is told apart.
func TestDialRefusals(t *testing.T) {
	t.Parallel()
	c := connect(t)
	for name, test := range map[string]struct{ image, setup, want string }{
		"bash":     {withBash, "true", "nothing listens on 127.0.0.1:7000 in the container"},
		"busybox":  {image, "true", "nothing listens on 127.0.0.1:7000 in the container"},
		"neither":  {withBash, "rm -f /bin/bash", "127.0.0.1:7000 in the container cannot be reached: its image has neither bash nor busybox"},
		"no shell": {withBash, "rm -f /bin/sh /bin/bash", "127.0.0.1:7000 in the container cannot be reached: its image has neither bash nor busybox"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, _ := box(t, c, container.Config{Image: test.image, Cmd: []string{"sleep", "1000"}})
			if output, exit, err := c.Output(t.Context(), id, Command{Args: []string{"sh", "-c", test.setup}}); exit != 0 || err != nil {
				t.Fatalf("%s, %v", output, err)
			}
			conn, err := c.Dial(t.Context(), id, 7000)
			var known *fault.Error
			if conn != nil || !errors.As(err, &known) || known.Message != test.want {
				t.Errorf("got %v, %v", conn, err)
			}
		})
	}
}

// The context bounds a dial that hangs, and not the connection.
func TestDialContext(t *testing.T) {
	t.Parallel()
	c := connect(t)
	id, _ := box(t, c, container.Config{Cmd: servers[image]})
	ctx, cancel := context.WithCancel(t.Context())
	dialled(t, c, id, 7000)
	conn, err := c.Dial(ctx, id, 7000)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.WriteString(conn, "a"); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Error(err)
	}
	_ = conn.Close()
	if conn, err := c.Dial(ctx, id, 7000); conn != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", conn, err)
	}
}

// dialled connects as soon as the server listens.
func dialled(t *testing.T, c *Client, id string, port uint16) net.Conn {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		conn, err := c.Dial(t.Context(), id, port)
		if err == nil {
			t.Cleanup(func() { _ = conn.Close() })
			return conn
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// alone are the processes of a container, one a line, dead ones too.
func alone(t *testing.T, c *Client, id string) string {
	t.Helper()
	top, err := c.api.ContainerTop(t.Context(), id, []string{"-o", "pid,args"})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, process := range top.Processes {
		all.WriteString(strings.Join(process, " ") + "\n")
	}
	return all.String()
}

// started are the processes of a container when its command runs: before, there is the engine's own program for a moment.
func started(t *testing.T, c *Client, id string) string {
	t.Helper()
	now := alone(t, c, id)
	for deadline := time.Now().Add(10 * time.Second); strings.Contains(now, "runc init") && time.Now().Before(deadline); now = alone(t, c, id) {
		<-time.After(20 * time.Millisecond)
	}
	return now
}

// settled waits for the processes to be those of before, and returns those that are.
func settled(t *testing.T, c *Client, id, before string) string {
	t.Helper()
	now := alone(t, c, id)
	for deadline := time.Now().Add(10 * time.Second); now != before && time.Now().Before(deadline); now = alone(t, c, id) {
		<-time.After(20 * time.Millisecond)
	}
	return now
}
