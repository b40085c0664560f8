package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"
)

// scaleName is the row of what a session over a large project costs.
const scaleName = "watch 10,000 folders"

// scaleRuns is how often each program is started.
const scaleRuns = 5

// scaleRest is how long after its start a program is asked for its memory.
const scaleRest = 3 * time.Second

// scale prints how long it takes until 10,000 folders with 30,000 files are watched, and in how much memory they then are.
func (b bench) scale(ctx context.Context, work string, out io.Writer) (err error) {
	h := heat{bench: b, contest: contest{project: "devenv-bench-scale"}, dir: filepath.Join(work, "scale")}
	if err := large(h.dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.end(ctx, contender{ours: true}, scaleFile)) }()
	if _, err := h.do(ctx, true, scaleFile, "up", "-d"); err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "what\tby\tfrom its start to the watch\tand later\tbudget")
	for _, by := range []struct {
		what, budget string
		run          func(context.Context) (time.Duration, string, error)
	}{
		{"devenv", "200 ms to arm; 40 MB", h.scaleOurs},
		{"docker compose watch", "", h.scalePeer},
	} {
		fmt.Fprintf(b.progress, "bench: %s: %s\n", scaleName, by.what)
		var times []time.Duration
		var memory []string
		for range scaleRuns {
			took, resident, err := by.run(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", by.what, err)
			}
			times, memory = append(times, took), append(memory, resident)
		}
		slices.Sort(memory)
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", scaleName, by.what, milliseconds(median(times)), memory[scaleRuns/2], by.budget)
	}
	return table.Flush()
}

const scaleFile = "compose.yml"

func large(dir string) error {
	all := []error{
		write(dir, "Dockerfile", "FROM busybox:1.36\n"),
		write(dir, scaleFile, `services:
  api:
    build: .
    command: sleep infinity
    init: true
    volumes: ['./src:/src']
  synced:
    image: busybox:1.36
    build: .
    scale: 0
    develop: {watch: [{action: sync, path: ./src, target: /src}]}
`),
	}
	for i := range 10_000 {
		folder := filepath.Join(dir, "src", fmt.Sprint(i/100), fmt.Sprint(i%100))
		for _, name := range []string{"one.py", "two.py", "three.py"} {
			all = append(all, write(folder, name, "import os\n"))
		}
	}
	return errors.Join(all...)
}

// scaleOurs starts the background session again.
func (h heat) scaleOurs(ctx context.Context) (time.Duration, string, error) {
	for _, args := range [][]string{{"stop"}, {"up", "-d"}} {
		if _, err := h.do(ctx, true, scaleFile, args...); err != nil {
			return 0, "", err
		}
	}
	if err := pause(ctx, scaleRest); err != nil {
		return 0, "", err
	}
	var now status
	if err := h.json(ctx, &now, scaleFile, "status"); err != nil {
		return 0, "", err
	}
	socket, err := os.Stat(filepath.Join(h.dir, ".devenv", "state", "live.sock"))
	if err != nil {
		return 0, "", err
	}
	memory, err := resident(ctx, now.Live.PID)
	return socket.ModTime().Sub(now.Live.Since), memory, err
}

func (h heat) scalePeer(ctx context.Context) (took time.Duration, memory string, err error) {
	began := time.Now()
	memory, err = h.watched(ctx, scaleFile, func() error {
		took = time.Since(began)
		return pause(ctx, scaleRest)
	})
	return took, memory, err
}
