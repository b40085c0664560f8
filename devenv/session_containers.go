package devenv

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/watch"
)

// follow looks after containers that come and go by whatever hand, until ctx ends. An engine that goes away is waited
// for: what it starts again is met, and what failed meanwhile is done.
func (s *session) follow(ctx context.Context, untilEmpty bool, stop func()) {
	var lost time.Time
	for ctx.Err() == nil {
		err := s.followEngine(ctx, lost, untilEmpty, stop)
		if ctx.Err() != nil {
			return
		}
		lost = time.Now()
		t := s.env().settings.Term
		t.Warn("%s; waiting for it", err)
		if s.env().engine.Await(ctx) == nil {
			t.Say("the engine is back")
			s.running.Retry(ctx)
		}
	}
}

// followEngine ends when the engine goes away, and says why. lost is when it was lost before, zero the first time.
func (s *session) followEngine(ctx context.Context, lost time.Time, untilEmpty bool, stop func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events, broken := s.env().engine.Watch(ctx, s.env().project.Compose.Name)
	present, err := s.containers(ctx, "")
	if err != nil {
		return err
	}
	for _, c := range present {
		s.arrived(ctx, c)
		if lost.IsZero() {
			s.unwatched(ctx, c)
		}
	}
	if !lost.IsZero() {
		s.sayEnded(ctx, lost.Add(-engineStops))
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
			if event.Action == engine.ActionDie && untilEmpty {
				s.failedToBuild(ctx, event)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// engineStops is how long an engine gives its containers when it is stopped itself (dockerd --shutdown-timeout).
const engineStops = 15 * time.Second

// sayEnded names the services that ended with the engine and that no restart policy has brought back.
func (s *session) sayEnded(ctx context.Context, since time.Time) {
	all, err := s.env().engine.Containers(ctx, s.env().project.Compose.Name)
	if err != nil {
		return // the engine is gone again, which is said elsewhere
	}
	var ended []string
	for _, c := range all {
		if c.State != engine.Exited || c.Oneoff {
			continue
		}
		if detail, found, err := s.env().engine.Inspect(ctx, c.ID); err == nil && found && detail.FinishedAt.After(since) {
			ended = append(ended, c.Service)
		}
	}
	if slices.Sort(ended); len(ended) > 0 {
		s.env().settings.Term.Warn("%s: ended with the engine; `devenv up -d` starts it again", strings.Join(slices.Compact(ended), ", "))
	}
}

func (s *session) happened(ctx context.Context, event engine.Event) {
	if event.Action != engine.ActionStart || event.Oneoff {
		return
	}
	if c, found, err := s.env().engine.Container(ctx, event.ID); err == nil && found {
		s.arrived(ctx, c)
	}
}

// emptied says that the project has no container left: somebody took it down, with whatever tool.
func (s *session) emptied(ctx context.Context) bool {
	left, err := s.env().engine.Containers(ctx, s.env().project.Compose.Name)
	return err == nil && len(left) == 0
}

// arrived connects to the agent of a container that runs now, so that the first save need not wait for it, and brings
// in the files of develop.watch that it has not.
func (s *session) arrived(ctx context.Context, c engine.Container) {
	if s.hasAgent(c.Service) {
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
	if made, known := s.env().store.Environments()[environmentOf(c)]; known && made == "" && s.seen(c.Service).Dependencies != nil {
		s.provisionShared(ctx, c.Service)
	}
	if (!known || missed) && len(copied) > 0 {
		s.running.Act(ctx, s.View().Arrived(c.Service, copied)...)
	}
}

// startedBefore is how much earlier than the engine says a process may have read its files.
const startedBefore = time.Second

// unwatched has what changed while a container ran and nobody watched taken in now.
func (s *session) unwatched(ctx context.Context, c engine.Container) {
	if !s.hasAgent(c.Service) {
		return
	}
	detail, found, err := s.env().engine.Inspect(ctx, c.ID)
	if err != nil || !found {
		return // it is gone
	}
	since := detail.StartedAt.Add(-startedBefore)
	if taken := s.env().store.Taken(); taken.After(since) {
		since = taken
	}
	changes := watch.WrittenSince(ctx, s.Watch().Tree, since)
	if actions := s.View().Missed(c.Service, changes); len(actions) > 0 {
		s.running.Act(ctx, actions...)
	}
}

// walk is filepath.WalkDir for a folder that need not exist.
func walk(root string, visit fs.WalkDirFunc) error {
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return filepath.WalkDir(root, visit)
}
