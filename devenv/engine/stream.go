package engine

import (
	"context"
	"io"
	"net"

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

// Close ends the stream in both directions.
func (s *Stream) Close() error {
	_ = s.output.Close()
	return s.conn.Close()
}
