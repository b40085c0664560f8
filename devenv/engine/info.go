package engine

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Info is what an engine says of itself and of its machine.
type Info struct {
	Version  string
	API      string // the version that was negotiated
	System   string // of its machine: Docker Desktop, Ubuntu 24.04 LTS
	CPUs     int
	Memory   int64 // bytes
	Root     string
	Rootless bool
	Clock    time.Duration // how far the engine's clock is ahead of ours
	// HTTPProxy, HTTPSProxy and NoProxy are what it pulls images through.
	HTTPProxy, HTTPSProxy, NoProxy string
}

// Info asks the engine.
func (c *Client) Info(ctx context.Context) (Info, error) {
	asked := time.Now()
	got, err := c.api.Info(ctx)
	if err != nil {
		return Info{}, c.failure(err)
	}
	info := Info{
		Version: got.ServerVersion, API: c.api.ClientVersion(), System: got.OperatingSystem, CPUs: got.NCPU, Memory: got.MemTotal,
		Root: got.DockerRootDir, HTTPProxy: got.HTTPProxy, HTTPSProxy: got.HTTPSProxy, NoProxy: got.NoProxy,
		Rootless: slices.ContainsFunc(got.SecurityOptions, func(option string) bool { return strings.Contains(option, "rootless") }),
	}
	if at, err := time.Parse(time.RFC3339Nano, got.SystemTime); err == nil {
		info.Clock = offset(asked, at, time.Now())
	}
	return info, nil
}

// offset is how far a clock that was read between two moments of ours is ahead; within them it is not.
func offset(before, at, after time.Time) time.Duration {
	switch {
	case at.Before(before):
		return at.Sub(before)
	case at.After(after):
		return at.Sub(after)
	}
	return 0
}
