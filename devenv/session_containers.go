package devenv

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/reload"
)

// follow looks after containers that come and go by whatever hand, until ctx ends. An engine that goes away is waited
// for: what it starts again is met, and what failed meanwhile is done.
func (s *session) follow(ctx context.Context, untilEmpty bool, stop func()) {
	for first := true; ctx.Err() == nil; first = false {
		err := s.followEngine(ctx, first, untilEmpty, stop)
		if ctx.Err() != nil {
			return
		}
		t := s.env().settings.Term
		t.Warn("%s; waiting for it", err)
		if s.env().engine.Await(ctx) == nil {
			t.Say("the engine is back")
			s.running.Retry(ctx)
		}
	}
}

// followEngine ends when the engine goes away, and says why.
func (s *session) followEngine(ctx context.Context, first bool, untilEmpty bool, stop func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events, broken := s.env().engine.Watch(ctx, s.env().project.Compose.Name)
	present, err := s.containers(ctx, "")
	if err != nil {
		return err
	}
	for _, c := range present {
		s.arrived(ctx, c, first)
	}
	for ended := true; ; {
		if ended && untilEmpty && s.emptied(ctx) {
			stop()
		}
		select {
		case event, open := <-events:
			if !open {
				return <-broken
			}
			ended = event.Action == engine.ActionDestroy
			s.happened(ctx, event)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *session) happened(ctx context.Context, event engine.Event) {
	if event.Action != engine.ActionStart || event.Oneoff {
		return
	}
	if c, found, err := s.env().engine.Container(ctx, event.ID); err == nil && found {
		s.arrived(ctx, c, false)
	}
}

// emptied says that the project has no container left: somebody took it down, with whatever tool.
func (s *session) emptied(ctx context.Context) bool {
	left, err := s.env().engine.Containers(ctx, s.env().project.Compose.Name)
	return err == nil && len(left) == 0
}

// arrived connects to the agent of a container that runs now, so that the first save need not wait for it, and brings
// in the files of develop.watch that it has not. first says that the session begins: what was there before it counts
// as up to date, save for what initial_sync asks for.
func (s *session) arrived(ctx context.Context, c engine.Container, first bool) {
	if style := s.style(c.Service); style == reload.Fork || style == reload.Replace {
		_, _ = s.agents.to(ctx, c) // a container that cannot be reached will be told of at the first reload
	}
	s.mu.Lock()
	missed, known := s.missed[c.Service], s.known[c.ID]
	s.known[c.ID] = true
	delete(s.missed, c.Service)
	copied := slices.Collect(maps.Values(s.copied[c.Service]))
	s.mu.Unlock()
	if !known {
		initial, err := s.seen(c.Service).InitialSync(walk)
		if err != nil {
			s.env().settings.Term.Fail(fault.New(fault.Failed, "%s: initial_sync: %w", c.Service, err))
		}
		copied = append(initial, copied...)
	}
	if missed {
		s.running.Retry(ctx)
	}
	if (!known || missed) && len(copied) > 0 {
		s.running.Act(ctx, s.View().Arrived(c.Service, copied)...)
	}
}

// walk is filepath.WalkDir for a folder that need not exist.
func walk(root string, visit fs.WalkDirFunc) error {
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return filepath.WalkDir(root, visit)
}
