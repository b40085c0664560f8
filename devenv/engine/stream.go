package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
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

// CopyFiles brings host files into a container: the keys are absolute paths there, the values paths here. Folders that
// are missing are made; a file that vanished meanwhile is left out, as its deletion will be told.
func (c *Client) CopyFiles(ctx context.Context, id string, files map[string]string) error {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	for _, place := range slices.Sorted(maps.Keys(files)) {
		if err := addFile(writer, place, files[place]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := writer.Close(); err != nil {
		return err
	}
	return c.failure(c.api.CopyToContainer(ctx, id, "/", &archive, container.CopyToContainerOptions{}))
}

// CopyIn unpacks an archive, as CopyOut gives it, in a folder of a container; the folder is made if it is missing.
func (c *Client) CopyIn(ctx context.Context, id, folder string, archive io.Reader) error {
	var empty bytes.Buffer
	writer := tar.NewWriter(&empty)
	err := writer.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: strings.TrimPrefix(folder, "/") + "/", Mode: 0o755})
	if err = errors.Join(err, writer.Close()); err != nil {
		return err
	}
	err = c.api.CopyToContainer(ctx, id, "/", &empty, container.CopyToContainerOptions{})
	if err == nil {
		err = c.api.CopyToContainer(ctx, id, folder, archive, container.CopyToContainerOptions{})
	}
	return c.failure(err)
}

// CopyOut gives take an archive of a folder of a container, in which the folder's own name is the first.
func (c *Client) CopyOut(ctx context.Context, id, folder string, take func(archive io.Reader) error) error {
	archive, _, err := c.api.CopyFromContainer(ctx, id, folder)
	if err != nil {
		return c.failure(err)
	}
	return errors.Join(take(archive), archive.Close())
}

func addFile(writer *tar.Writer, place, path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	header := &tar.Header{Name: strings.TrimPrefix(place, "/"), Size: int64(len(content)), Mode: int64(info.Mode().Perm()), ModTime: info.ModTime()}
	if err := writer.WriteHeader(header); err != nil {
		return err
	}
	_, err = writer.Write(content)
	return err
}
