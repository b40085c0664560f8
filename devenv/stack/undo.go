package stack

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"devenv/devenv/engine"
)

// What bounds an Undo: the whole, and the pause in which the engine may still finish what it was asked for before.
const (
	undoWithin = 30 * time.Second
	undoPause  = 200 * time.Millisecond
)

// Snapshot is what a project had on the engine before a Converge.
type Snapshot struct {
	project string
	before  engine.Holdings
}

// TakeSnapshot remembers what the project has, so that Undo knows what is new.
func TakeSnapshot(ctx context.Context, eng *engine.Client, project string) (Snapshot, error) {
	before, err := eng.Holdings(ctx, project)
	return Snapshot{project: project, before: before}, err
}

// Undo removes what the project has now and had not in the snapshot: containers, networks and volumes, and nothing
// else. A new container that had already replaced an old one stays and gets the old one's name, so that the service
// keeps its anonymous volumes. Containers that were stopped to be replaced stay stopped.
//
// ctx must be a living one, not the cancelled one of the Converge; Undo is bounded by itself. The engine finishes
// what a cancelled request asked for, so Undo looks again until a look finds nothing new.
func Undo(ctx context.Context, eng *engine.Client, snapshot Snapshot, report Report) error {
	ctx, cancel := context.WithTimeout(ctx, undoWithin)
	defer cancel()
	bus := newBus(report)
	for quiet := 0; quiet < 2; {
		removed, err := undoOnce(ctx, eng, snapshot, bus)
		if err != nil {
			return err
		}
		if removed > 0 {
			quiet = 0
			continue
		}
		quiet++
		select {
		case <-time.After(undoPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// undoOnce removes what is new in one look, containers before what they use.
func undoOnce(ctx context.Context, eng *engine.Client, snapshot Snapshot, bus *bus) (removed int, err error) {
	now, err := eng.Holdings(ctx, snapshot.project)
	if err != nil {
		return 0, err
	}
	containers, err := eng.Containers(ctx, snapshot.project)
	if err != nil {
		return 0, err
	}
	kept := false
	doomed := added(now.Containers, snapshot.before.Containers)
	for i := range containers {
		c := &containers[i]
		if name, takesOver := successor(c, now.Containers); takesOver && doomed[c.ID] != "" {
			kept = true
			delete(doomed, c.ID)
			if name != c.Name {
				err = errors.Join(err, eng.Rename(ctx, c.ID, name))
			}
		}
	}
	networks, volumes := added(now.Networks, snapshot.before.Networks), added(now.Volumes, snapshot.before.Volumes)
	if kept {
		networks, volumes = nil, nil // the replacement may use them
	}
	err = errors.Join(err,
		removeAll(ctx, bus, "Container", doomed, eng.RemoveContainer),
		removeAll(ctx, bus, "Network", networks, eng.RemoveNetwork),
		removeAll(ctx, bus, "Volume", volumes, eng.RemoveVolume))
	return len(doomed) + len(networks) + len(volumes), err
}

// added are the entries of now that before has not.
func added(now, before map[string]string) map[string]string {
	fresh := map[string]string{}
	for id, name := range now {
		if _, old := before[id]; !old {
			fresh[id] = name
		}
	}
	return fresh
}

// successor decides whether a container is the replacement of one that is already gone, and its final name. Compose
// creates a replacement as OLDID_NAME, removes the old container and renames the new one (pkg/compose/reconcile.go).
func successor(c *engine.Container, now map[string]string) (name string, takesOver bool) {
	if c.Labels[engine.LabelReplace] == "" {
		return "", false
	}
	old, final, temporary := strings.Cut(c.Name, "_")
	if !temporary || len(old) != 12 {
		return c.Name, true // renamed already
	}
	for id := range now {
		if strings.HasPrefix(id, old) {
			return "", false
		}
	}
	return final, true
}

// removeAll removes things side by side.
func removeAll(ctx context.Context, bus *bus, kind string, things map[string]string, remove func(context.Context, string) error) error {
	failures := make(chan error, len(things))
	var group sync.WaitGroup
	for id, name := range things {
		group.Go(func() {
			err := remove(ctx, id)
			if err == nil {
				bus.tell(Event{Kind: kind, Name: name, Text: "Removed", State: Done})
			}
			failures <- err
		})
	}
	group.Wait()
	close(failures)
	var all error
	for err := range failures {
		all = errors.Join(all, err)
	}
	return all
}
