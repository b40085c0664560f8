package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"
)

// saves prints for each contest how long a save took with each contender. They run one after the other, each alone, in
// containers of the same image.
func (b bench) saves(ctx context.Context, contests []contest, work string, out io.Writer) (err error) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "what\tby\tp50\tworst\tdevenv faster at p50\tbudget\tsaves\tlost")
	var notes []string
	defer func() { // what was measured before an error is shown too
		err = errors.Join(err, table.Flush())
		for _, note := range notes {
			fmt.Fprintln(out, note)
		}
	}()
	for i, contest := range contests {
		heat := heat{bench: b, contest: contest, dir: filepath.Join(work, fmt.Sprintf("contest%d", i))}
		told, err := heat.rows(ctx, table)
		notes = append(notes, told...)
		if err != nil {
			return fmt.Errorf("%s: %w", contest.what, err)
		}
	}
	fmt.Fprintln(table)
	return nil
}

// heat is a contest that takes place in a folder.
type heat struct {
	bench   bench
	contest contest
	dir     string
	port    int
	text    []byte // the saved file's content as it was
}

// rows prints a row for each contender and returns what else is to be told of them.
func (h heat) rows(ctx context.Context, table io.Writer) (notes []string, err error) {
	if h.port, err = freePort(ctx); err != nil {
		return nil, err
	}
	if h.text, err = h.contest.prepare(h.dir, h.port); err != nil {
		return nil, err
	}
	var ours time.Duration
	for i, who := range h.contest.contenders {
		fmt.Fprintf(h.bench.progress, "bench: %s: %s\n", h.contest.what, who.what)
		result, err := h.race(ctx, who, composeFile(i))
		if err != nil {
			return notes, fmt.Errorf("%s: %w", who.what, err)
		}
		p50 := median(result.times)
		if who.ours {
			ours = p50
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%.1f\t%s\t%d\t%d\n", h.contest.what, who.what, milliseconds(p50),
			milliseconds(slices.Max(result.times)), p50.Seconds()/ours.Seconds(), who.budget, len(result.times)+result.lost, result.lost)
		if result.note != "" {
			notes = append(notes, fmt.Sprintf("%s, %s: %s", h.contest.what, who.what, result.note))
		}
	}
	return notes, nil
}

// freePort is a port of this machine that nobody listens at now. It stays the same when a container restarts.
func freePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
