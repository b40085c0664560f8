package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// status is what is used of `devenv status --format json`.
type status struct {
	Live struct {
		PID   int
		Since time.Time
	}
	Watching string
	Services []struct{ Service, Reload string }
}

// tell asks devenv how it took the saves in: in which way, which part of the time was its own, in how much memory.
func (h heat) tell(ctx context.Context, file string, times []time.Duration) (string, error) {
	var now status
	if err := h.json(ctx, &now, file, "status"); err != nil {
		return "", err
	}
	if len(now.Services) == 0 || now.Live.PID == 0 {
		return "", fmt.Errorf("nothing watches: %s", now.Watching)
	}
	own, err := h.own(ctx, file, len(times))
	if err != nil {
		return "", err
	}
	memory, err := resident(ctx, now.Live.PID)
	if err != nil {
		return "", err
	}
	socket, err := os.Stat(filepath.Join(h.dir, ".devenv", "state", "live.sock"))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("reload: %s; %s within %s of its start; of the %s at p50, %s from the first sign of the change to the end of the reload; resident memory %s",
		now.Services[0].Reload, now.Watching, milliseconds(socket.ModTime().Sub(now.Live.Since)), milliseconds(median(times)), milliseconds(own), memory), nil
}

// own is the median of what devenv says its last reloads took. It may know of fewer than there were saves: one that
// failed is not counted.
func (h heat) own(ctx context.Context, file string, last int) (time.Duration, error) {
	var entries []struct {
		Action, Result string
		Took           time.Duration `json:"took_ns"`
	}
	if err := h.json(ctx, &entries, file, "why", filepath.Join("src", h.contest.saved)); err != nil {
		return 0, err
	}
	var took []time.Duration
	for _, entry := range entries {
		if entry.Action == "reload" && entry.Result == "done" {
			took = append(took, entry.Took)
		}
	}
	if len(took) == 0 {
		return 0, fmt.Errorf("%d saves were answered, and devenv knows of no reload", last)
	}
	return median(took[max(0, len(took)-last):]), nil
}

func (h heat) json(ctx context.Context, to any, file string, args ...string) error {
	text, err := h.do(ctx, true, file, append(args, "--format", "json")...)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, to)
}

// resident says how much memory a process has.
func resident(ctx context.Context, pid int) (string, error) {
	text, err := exec.CommandContext(ctx, "ps", "-o", "rss=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return "", fmt.Errorf("ps: %w", err)
	}
	kilobytes, err := strconv.Atoi(strings.TrimSpace(string(text)))
	return fmt.Sprintf("%d MB", kilobytes/1024), err
}
