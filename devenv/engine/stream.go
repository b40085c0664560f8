package engine

import (
	"context"
	"io"
	"net"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// Stream is a command in a container whose standard input and output are ours: Write goes to its input, Read comes
// from its output. Its standard error is dropped. Close ends our side; the command sees the end of its input.
type Stream struct {
	conn   net.Conn
	output *io.PipeReader
}

// Stream starts a command in a running container and keeps it open. It ends with the command, the container, Close or
// ctx. Goroutine: one copies the output, ended by the connection's end.
func (c *Client) Stream(ctx context.Context, id string, command Command) (*Stream, error) {
	created, err := c.api.ContainerExecCreate(ctx, id, container.ExecOptions{
		Cmd: command.Args, Env: command.Env, User: command.User, WorkingDir: command.WorkingDir,
		AttachStdin: true, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return nil, c.failure(err)
	}
	attached, err := c.api.ContainerExecAttach(ctx, created.ID, container.ExecAttachOptions{})
	if err != nil {
		return nil, c.failure(err)
	}
	reader, writer := io.Pipe()
	stop := context.AfterFunc(ctx, attached.Close)
	go func() {
		_, err := stdcopy.StdCopy(writer, io.Discard, attached.Reader)
		stop()
		writer.CloseWithError(err) // nil is the end of the output
	}()
	return &Stream{conn: attached.Conn, output: reader}, nil
}

func (s *Stream) Read(p []byte) (int, error)  { return s.output.Read(p) }
func (s *Stream) Write(p []byte) (int, error) { return s.conn.Write(p) }

// LocalAddr is part of net.Conn, as are RemoteAddr and the deadlines: those of the connection to the engine. There is
// none for reading; Close ends a Read.
func (s *Stream) LocalAddr() net.Addr { return s.conn.LocalAddr() }

// RemoteAddr is part of net.Conn.
func (s *Stream) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }

// SetDeadline is part of net.Conn.
func (s *Stream) SetDeadline(t time.Time) error { return s.conn.SetWriteDeadline(t) }

// SetReadDeadline is part of net.Conn.
func (s *Stream) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline is part of net.Conn.
func (s *Stream) SetWriteDeadline(t time.Time) error { return s.conn.SetWriteDeadline(t) }

// Close ends the stream in both directions.
func (s *Stream) Close() error {
	_ = s.output.Close()
	return s.conn.Close()
}
