package engine

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// LogRequest says which part of a container's log is wanted.
type LogRequest struct {
	Follow     bool   // go on until the container stops
	Tail       string // a number of lines; "" and "all": everything
	Since      string // RFC 3339, a Unix time, or a duration back such as 10m
	Timestamps bool   // each line begins with its time
}

// Logs hands over a container's log line by line, without line ends and with the last line even where it has no
// end, until the log or ctx ends. line is called from this goroutine, or with a terminal's output all as stdout. A
// container whose logging driver keeps nothing has no lines.
func (c *Client) Logs(ctx context.Context, id string, request LogRequest, line func(stderr bool, text string)) error {
	detail, found, err := c.Inspect(ctx, id)
	if err != nil || !found {
		return err
	}
	stream, err := c.api.ContainerLogs(ctx, id, container.LogsOptions{
		ShowStdout: true, ShowStderr: true, Follow: request.Follow, Tail: request.Tail,
		Since: request.Since, Timestamps: request.Timestamps,
	})
	if errdefs.IsNotImplemented(err) || notFound(err) {
		return nil
	}
	if err != nil {
		return c.failure(err)
	}
	defer func() { _ = stream.Close() }()
	out := &lineWriter{line: func(text string) { line(false, text) }}
	errs := &lineWriter{line: func(text string) { line(true, text) }}
	defer out.flush()
	defer errs.flush()
	if detail.TTY {
		_, err = io.Copy(out, stream)
	} else {
		_, err = stdcopy.StdCopy(out, errs, stream)
	}
	if cause := ctx.Err(); cause != nil {
		return cause
	}
	return c.failure(err)
}

// lineWriter hands over what is written to it by lines.
type lineWriter struct {
	rest []byte
	line func(string)
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		before, after, found := bytes.Cut(w.rest, []byte{'\n'})
		if !found {
			return len(p), nil
		}
		w.line(strings.TrimSuffix(string(before), "\r"))
		w.rest = after
	}
}

func (w *lineWriter) flush() {
	if len(w.rest) > 0 {
		w.line(string(w.rest))
		w.rest = nil
	}
}

// LastLogs are the last n lines that a container wrote, stdout and stderr, without trailing empty ones.
func (c *Client) LastLogs(ctx context.Context, id string, n int) ([]string, error) {
	var all []string
	err := c.Logs(ctx, id, LogRequest{Tail: strconv.Itoa(n)}, func(_ bool, text string) { all = append(all, text) })
	for len(all) > 0 && strings.TrimSpace(all[len(all)-1]) == "" {
		all = all[:len(all)-1]
	}
	return all, err
}

// Since words a time for LogRequest.
func Since(t time.Time) string { return t.Format(time.RFC3339Nano) }

// Probe is the last run of a healthcheck.
type Probe struct {
	Output        string
	ExitCode      int
	FailingStreak int // how many runs in a row failed
}

// LastHealth is the last run of a container's healthcheck; none yet, or no healthcheck, is found false.
func (c *Client) LastHealth(ctx context.Context, id string) (_ Probe, found bool, err error) {
	got, err := c.api.ContainerInspect(ctx, id)
	if notFound(err) {
		return Probe{}, false, nil
	}
	if err != nil {
		return Probe{}, false, c.failure(err)
	}
	health := got.State.Health
	if health == nil || len(health.Log) == 0 {
		return Probe{}, false, nil
	}
	last := health.Log[len(health.Log)-1]
	return Probe{
		Output: strings.TrimSpace(last.Output), ExitCode: last.ExitCode, FailingStreak: health.FailingStreak,
	}, true, nil
}
