package stack

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"time"

	"devenv/devenv/engine"
)

// What bounds an Undo: the whole, and the pause in which the engine may still finish what it was asked for before.
const (
	undoWithin = 30 * time.Second
	undoPause  = 500 * time.Millisecond
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
// what a cancelled request asked for, so Undo acts only when two looks in a row agree, and looks again after it acted.
func Undo(ctx context.Context, eng *engine.Client, snapshot Snapshot, report Report) error {
	ctx, cancel := context.WithTimeout(ctx, undoWithin)
	defer cancel()
	bus := newBus(report)
	var before look
	var failed error
	for {
		now, err := takeLook(ctx, eng, snapshot.project)
		if err != nil {
			return errors.Join(failed, err)
		}
		if now.settled(before) {
			plan := undoing(now, snapshot.before)
			if plan.empty() {
				return nil
			}
			failed = plan.execute(ctx, eng, bus)
			now = look{} // nothing is known any more
		}
		before = now
		select {
		case <-time.After(undoPause):
		case <-ctx.Done():
			return errors.Join(failed, ctx.Err())
		}
	}
}

// TakeBack is Undo where the engine is at rest, as nothing that it was asked for was cancelled.
func TakeBack(ctx context.Context, eng *engine.Client, snapshot Snapshot, report Report) error {
	now, err := takeLook(ctx, eng, snapshot.project)
	if err != nil {
		return err
	}
	return undoing(now, snapshot.before).execute(ctx, eng, newBus(report))
}

// look is what a project has at one moment.
type look struct {
	engine.Holdings
	all []engine.Container
}

func takeLook(ctx context.Context, eng *engine.Client, project string) (look, error) {
	holdings, err := eng.Holdings(ctx, project)
	if err != nil {
		return look{}, err
	}
	all, err := eng.Containers(ctx, project)
	return look{Holdings: holdings, all: all}, err
}

// settled: the engine is at rest, as nothing has changed since the look before and nothing is being removed.
func (l look) settled(before look) bool {
	for i := range l.all {
		if l.all[i].State == engine.Removing {
			return false
		}
	}
	return before.Containers != nil && maps.Equal(l.Containers, before.Containers) &&
		maps.Equal(l.Networks, before.Networks) && maps.Equal(l.Volumes, before.Volumes)
}

// undoPlan is what has to be done, by ID.
type undoPlan struct {
	rename                        map[string]string // to the new name
	containers, networks, volumes map[string]string // to remove, with their names
}

func (p undoPlan) empty() bool {
	return len(p.rename)+len(p.containers)+len(p.networks)+len(p.volumes) == 0
}

// undoing decides what brings a project back to what it had.
func undoing(now look, before engine.Holdings) undoPlan {
	plan := undoPlan{
		rename:     map[string]string{},
		containers: added(now.Containers, before.Containers),
		networks:   added(now.Networks, before.Networks),
		volumes:    added(now.Volumes, before.Volumes),
	}
	for i := range now.all {
		c := &now.all[i]
		name, takesOver := successor(c, now.Containers)
		if !takesOver || plan.containers[c.ID] == "" {
			continue
		}
		delete(plan.containers, c.ID)
		if name != c.Name {
			plan.rename[c.ID] = name
		}
		plan.networks, plan.volumes = nil, nil // it may use them
	}
	return plan
}

// execute does it, containers before what they use.
func (p undoPlan) execute(ctx context.Context, eng *engine.Client, bus *bus) error {
	var failed error
	for id, name := range p.rename {
		failed = errors.Join(failed, eng.Rename(ctx, id, name))
	}
	return errors.Join(failed,
		removeAll(ctx, bus, "Container", p.containers, eng.RemoveContainer),
		removeAll(ctx, bus, "Network", p.networks, eng.RemoveNetwork),
		removeAll(ctx, bus, "Volume", p.volumes, eng.RemoveVolume))
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
func removeAll(
	ctx context.Context, bus *bus, kind string, things map[string]string, remove func(context.Context, string) error,
) error {
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
