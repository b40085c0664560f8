package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"devenv/examples/editor"
)

// debuggerName is in the names of these rows.
const debuggerName = "debugger"

// debugged are the rows of the debugger: what it costs while nobody is attached, and what a save takes with an editor.
func (b bench) debugged(ctx context.Context, work string, out io.Writer) (err error) {
	contest := contests()[0]
	contest.what, contest.project = "debugger, FastAPI example", "devenv-bench-debug"
	contest.contenders = []contender{{what: "devenv", command: debugged, ours: true}, {what: "compose", command: uvicorn}}
	h := heat{bench: b, contest: contest, dir: filepath.Join(work, "debugged")}
	if h.port, err = freePort(ctx); err != nil {
		return err
	}
	if h.text, err = contest.prepare(h.dir, h.port); err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "what\tp50\tworst\tbudget\ttimes")
	defer func() { err = errors.Join(err, table.Flush()) }()
	with, err := h.attended(ctx, table)
	if err != nil {
		return err
	}
	without, err := h.plain(ctx)
	if err != nil {
		return err
	}
	row(table, "a request, devenv, nobody attached", "as without", with)
	row(table, "a request, uvicorn without devenv", "", without)
	return nil
}

func row(table io.Writer, what, budget string, times []time.Duration) {
	short := func(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }
	fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\n", what, short(median(times)), short(slices.Max(times)), budget, len(times))
}

// attended measures under devenv: requests before anybody attaches, then saves with an editor.
func (h heat) attended(ctx context.Context, table io.Writer) (requests []time.Duration, err error) {
	ours, file := h.contest.contenders[0], composeFile(0)
	fmt.Fprintf(h.bench.progress, "bench: %s: %s\n", h.contest.what, ours.what)
	defer func() { err = errors.Join(err, h.end(ctx, ours, file)) }()
	m := h.meter()
	if err := errors.Join(h.begin(ctx, ours, file, m), pause(ctx, settling)); err != nil {
		return nil, err
	}
	if requests, err = m.requests(ctx); err != nil {
		return nil, err
	}
	if _, err := h.do(ctx, true, file, "debug", "vscode"); err != nil {
		return nil, err
	}
	e, err := editor.Attach(ctx, h.dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	saves := max(1, 20*h.bench.percent/100)
	answered, err := m.saves(ctx, saves)
	if err != nil {
		return nil, err
	}
	row(table, "save to answer, an editor attached", "150 ms", answered.times)
	trips, err := trips(e)
	if err != nil {
		return nil, err
	}
	row(table, "a round trip to debugpy by way of devenv", "2 ms", trips)
	hits, err := m.hits(ctx, e, saves)
	if err != nil {
		return nil, err
	}
	row(table, "save to breakpoint", "400 ms", hits)
	return requests, nil
}

// plain measures the same requests in the same image without devenv.
func (h heat) plain(ctx context.Context) (requests []time.Duration, err error) {
	peer, file := h.contest.contenders[1], composeFile(1)
	fmt.Fprintf(h.bench.progress, "bench: %s: %s\n", h.contest.what, peer.what)
	defer func() { err = errors.Join(err, h.end(ctx, peer, file)) }()
	if err := errors.Join(h.begin(ctx, peer, file, h.meter()), pause(ctx, settling)); err != nil {
		return nil, err
	}
	return h.meter().requests(ctx)
}

// requests asks again and again over one connection.
func (m meter) requests(ctx context.Context) (times []time.Duration, err error) {
	client := &http.Client{Timeout: oneQuestion, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for range 1000 {
		began := time.Now()
		if !m.shows(ctx, client, string(m.mark)) {
			return nil, errors.Join(ctx.Err(), errors.New("a request was not answered"))
		}
		times = append(times, time.Since(began))
	}
	return times, nil
}

// trips are requests that debugpy answers from memory: nearly all of the time is the way.
func trips(e *editor.Editor) (times []time.Duration, err error) {
	for range 300 {
		began := time.Now()
		if _, err := e.Ask("threads", map[string]any{}); err != nil {
			return nil, err
		}
		times = append(times, time.Since(began))
	}
	return times, nil
}

// hits are saves that move the line that answers, which is the file's last: a stop at its new place is one of the new code.
func (m meter) hits(ctx context.Context, e *editor.Editor, n int) (times []time.Duration, err error) {
	last := bytes.Count(bytes.TrimSpace(m.text), []byte("\n")) + 1
	for i := 1; i <= n+1; i++ {
		if err := pause(ctx, quiet); err != nil {
			return nil, err
		}
		began := time.Now()
		content := append([]byte(strings.Repeat("# a line\n", i)), m.text...)
		if err := os.WriteFile(m.file, content, 0o600); err != nil {
			return nil, err
		}
		at, err := m.hit(ctx, e, last+i)
		if err != nil {
			return nil, fmt.Errorf("save %d: %w", i, err)
		}
		if i > 1 { // the first one fills caches
			times = append(times, at.Sub(began))
		}
	}
	return times, nil
}

// hit sets the breakpoint, asks until it is hit, and lets the request go on; it returns when the process stopped.
func (m meter) hit(ctx context.Context, e *editor.Editor, line int) (at time.Time, err error) {
	if err := e.Break(m.file, line); err != nil {
		return at, err
	}
	asking, enough := context.WithCancel(ctx)
	asked := make(chan struct{})
	go func() { // ends with enough, once the request under way is answered
		defer close(asked)
		client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
		for asking.Err() == nil && pause(asking, m.every) == nil {
			_ = m.shows(ctx, client, "")
		}
	}()
	thread, err := e.Stopped()
	at = time.Now()
	enough()
	if err == nil {
		err = passed(e, thread, line)
	}
	<-asked
	return at, err
}

// passed makes sure that a thread stopped in the new code, and lets it go on.
func passed(e *editor.Editor, thread, line int) error {
	got, err := e.Line(thread)
	if err == nil && got != line {
		err = fmt.Errorf("stopped at line %d, not %d", got, line)
	}
	return errors.Join(err, e.Continue(thread))
}
