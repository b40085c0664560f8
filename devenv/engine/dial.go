package engine

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"

	"devenv/devenv/fault"
)

// Dial connects to a TCP port of 127.0.0.1 inside a running container, which nobody else needs to reach: not another
// container, and not this machine, so it works on a remote engine too. ctx bounds the dial; the connection lasts until
// Close, the end of the server's side or of the container, and its processes in the container end with it. Deadlines for
// reading have no effect on it, see Stream.
func (c *Client) Dial(ctx context.Context, id string, port uint16) (net.Conn, error) {
	living, end := context.WithCancel(context.WithoutCancel(ctx))
	bounded := context.AfterFunc(ctx, end)
	stream, err := c.Stream(living, id, Command{Args: []string{"sh", "-c", relay, strconv.Itoa(int(port))}, User: "0"})
	if err != nil {
		bounded()
		end()
		return nil, err
	}
	err = c.connected(stream, port)
	if !bounded() {
		err = ctx.Err()
	}
	if err != nil {
		_ = stream.Close()
		end()
		return nil, err
	}
	return stream, nil
}

// relay joins its input and output to a port, $0. First it says how far it came, in lines: what a shell writes on its
// standard error is lost. No POSIX shell can connect, so it is bash that does, as in Debian's images, or busybox, as in
// Alpine's. Two cats copy, and the end of one ends the other; the shell stays to bury both, for the first process of a
// container seldom buries the children of others. Busybox's cat is replaced by dd: by sendfile from a socket it was seen to
// hold bytes back. A server that hangs up as soon as it has accepted may be noticed by busybox's shell only at Close.
const relay = `
exec 8<&0 9>&1
join='echo connected >&9; cat <&8 >&3 & in=$!; cat <&3 >&9 & out=$!; wait -n; kill $in $out; wait'
if command -v bash >&2; then echo dials; exec bash -c "exec 3<>/dev/tcp/127.0.0.1/$0 && { $join; }"; fi
if command -v busybox >&2; then echo dials; exec busybox nc 127.0.0.1 "$0" -e sh -c "cat() { exec dd bs=64k 2>/dev/null; }; exec 3<&0; $join"; fi
echo cannot
`

// connected reads what the relay says, and not a byte of what the server does.
func (c *Client) connected(relay io.Reader, port uint16) error {
	var said strings.Builder
	for letter := make([]byte, 1); !strings.HasSuffix(said.String(), "connected\n"); said.Write(letter) {
		_, err := io.ReadFull(relay, letter)
		switch {
		case errors.Is(err, io.EOF) && said.String() == "dials\n":
			return fault.New(fault.Failed, "nothing listens on 127.0.0.1:%d in the container", port)
		case errors.Is(err, io.EOF):
			return fault.New(fault.Failed, "127.0.0.1:%d in the container cannot be reached: its image has neither bash nor busybox", port).
				WithHint("install one of them in the image's local stage")
		case err != nil:
			return c.failure(err)
		}
	}
	return nil
}
