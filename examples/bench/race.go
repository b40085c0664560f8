package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// raced is what a contender has shown.
type raced struct {
	measured
	note string
}

// settling is how long everybody has after the start before the first save: some prepare for it.
const settling = 1500 * time.Millisecond

// race starts the project as one contender has it, makes its saves and removes what it started, also when ctx ends.
func (h heat) race(ctx context.Context, who contender, file string) (result raced, err error) {
	defer func() { err = errors.Join(err, h.end(ctx, who, file)) }()
	meter := h.meter()
	if err := h.begin(ctx, who, file, meter); err != nil {
		return result, err
	}
	saves := func() (err error) {
		if err := pause(ctx, settling); err != nil {
			return err
		}
		result.measured, err = meter.saves(ctx, max(1, who.saves*h.bench.percent/100))
		return err
	}
	switch {
	case who.ours:
		if err = saves(); err == nil {
			result.note, err = h.tell(ctx, file, result.times)
		}
	case who.watch != "":
		result.note, err = h.watched(ctx, file, saves)
		result.note = "resident memory " + result.note
	default:
		err = saves()
	}
	return result, err
}

func (h heat) meter() meter {
	return meter{
		url: fmt.Sprintf("http://127.0.0.1:%d/", h.port), file: h.contest.file(h.dir), beside: filepath.Dir(h.dir),
		text: h.text, mark: []byte(h.contest.mark), every: h.bench.every,
	}
}

// begin returns when the first version is served. A peer with a mount takes the image that devenv has built.
func (h heat) begin(ctx context.Context, who contender, file string, meter meter) error {
	if err := os.WriteFile(meter.file, h.text, 0o600); err != nil {
		return err
	}
	args := []string{"up", "-d"}
	if who.watch != "" {
		args = append(args, "--build")
	}
	if _, err := h.do(ctx, who.ours, file, args...); err != nil {
		return err
	}
	served, err := meter.until(ctx, h.contest.mark, time.Minute)
	if err == nil && !served {
		err = errors.New("it does not serve")
	}
	return err
}

func (h heat) end(ctx context.Context, who contender, file string) error {
	ctx, cancel := cleaning(ctx)
	defer cancel()
	_, err := h.do(ctx, who.ours, file, "down", "-v", "-t", "0")
	if err != nil && who.ours {
		_, peers := h.do(ctx, false, file, "down", "-v", "-t", "0")
		err = errors.Join(err, peers)
	}
	return err
}

// do runs devenv or Compose on the project and returns what it printed.
func (h heat) do(ctx context.Context, ours bool, file string, args ...string) (stdout []byte, err error) {
	tool := h.bench.compose
	if ours {
		tool = h.bench.devenv
	}
	var said strings.Builder
	cmd := h.command(ctx, tool, file, args...)
	cmd.Stderr = &said
	stdout, err = cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(tool), strings.Join(args, " "), err, stdout, said.String())
	}
	return stdout, nil
}

// command ends as by one Ctrl-C when ctx does, so that it can take back what it has begun. The terminal's own Ctrl-C
// does not reach it: two would mean now.
func (h heat) command(ctx context.Context, tool, file string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, tool, append([]string{"--file", file}, args...)...)
	cmd.Dir = h.dir
	cmd.Env = append(os.Environ(), "COMPOSE_PROJECT_NAME="+h.contest.project)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(os.Interrupt) }, 10*time.Second
	return cmd
}

// watched makes saves while `docker compose watch` runs, which copies them in, and says how much memory that has.
func (h heat) watched(ctx context.Context, file string, saves func() error) (memory string, err error) {
	log, err := os.Create(filepath.Join(h.dir, "watch.log"))
	if err != nil {
		return "", err
	}
	defer func() { _ = log.Close() }() // the program has its own copy
	watching, stop := context.WithCancel(ctx)
	cmd := h.command(watching, h.bench.compose, file, "watch", "--no-up")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		stop()
		return "", err
	}
	defer func() { stop(); _ = cmd.Wait() }() // interrupted, so its status says nothing
	if err := says(ctx, log.Name(), "Watch enabled"); err != nil {
		return "", err
	}
	if err := saves(); err != nil {
		return "", err
	}
	return resident(ctx, cmd.Process.Pid)
}

// says waits until a program has written words to its log.
func says(ctx context.Context, log, words string) error {
	for began := time.Now(); time.Since(began) < patience; {
		text, err := os.ReadFile(log)
		if err != nil {
			return err
		}
		if strings.Contains(string(text), words) {
			return nil
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s never said %q", filepath.Base(log), words)
}
