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
	before  look
}

// TakeSnapshot remembers what the project has, so that Undo knows what is new.
func TakeSnapshot(ctx context.Context, eng *engine.Client, project string) (Snapshot, error) {
	before, err := takeLook(ctx, eng, project)
	return Snapshot{project, before}, err
}

// Undo removes what the project has now and had not in the snapshot: containers, networks and volumes. A new container
// that had already replaced an old one stays and gets the old one's name, so that the service keeps its anonymous
// volumes. Containers that ran and were stopped to be replaced are started again, once.
//
// ctx must be a living one, not the cancelled one of the Converge; Undo is bounded by itself. The engine finishes
// what a cancelled request asked for, so Undo acts only when two looks in a row agree, and looks again after it acted.
func Undo(ctx context.Context, eng *engine.Client, snapshot Snapshot, report Report) error {
	ctx, cancel := context.WithTimeout(ctx, undoWithin)
	defer cancel()
	bus := newBus(report)
	var before look
	var failed error
	started := map[string]bool{}
	for {
		now, err := takeLook(ctx, eng, snapshot.project)
		if err != nil {
			return errors.Join(failed, err)
		}
		if now.settled(before) {
			plan := undoing(now, snapshot.before)
			refused := false
			maps.DeleteFunc(plan.start, func(id, _ string) bool {
				refused = refused || started[id]
				return started[id]
			})
			if plan.empty() && refused {
				return failed
			} else if plan.empty() {
				return nil
			}
			for id := range plan.start {
				started[id] = true
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
	plan := undoing(now, snapshot.before)
	plan.start = nil // it stopped nothing
	return plan.execute(ctx, eng, newBus(report))
}

// look is what a project has at one moment.
type look struct {
	engine.Holdings
	all []engine.Container
}

// running are the containers that run, as they were set up by Compose: by ID, with their names.
func (l look) running() map[string]string {
	running := map[string]string{}
	for i := range l.all {
		if c := &l.all[i]; c.State == engine.Running && !c.Oneoff {
			running[c.ID] = c.Name
		}
	}
	return running
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
	start                         map[string]string // again, with their names
	containers, networks, volumes map[string]string // to remove, with their names
}

func (p undoPlan) empty() bool {
	return len(p.rename)+len(p.start)+len(p.containers)+len(p.networks)+len(p.volumes) == 0
}

// undoing decides what brings a project back to what it had.
func undoing(now, before look) undoPlan {
	plan := undoPlan{
		rename:     map[string]string{},
		start:      added(before.running(), now.running()),
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
	maps.DeleteFunc(plan.start, func(id, _ string) bool { return now.Containers[id] == "" })
	return plan
}

// execute does it, containers before what they use, and what is to run when the ports of the others are free.
func (p undoPlan) execute(ctx context.Context, eng *engine.Client, bus *bus) error {
	var failed error
	for id, name := range p.rename {
		failed = errors.Join(failed, eng.Rename(ctx, id, name))
	}
	return errors.Join(failed,
		forAll(ctx, bus, "Container", "Removed", p.containers, eng.RemoveContainer),
		forAll(ctx, bus, "Container", "Started", p.start, eng.Start),
		forAll(ctx, bus, "Network", "Removed", p.networks, eng.RemoveNetwork),
		forAll(ctx, bus, "Volume", "Removed", p.volumes, eng.RemoveVolume))
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

// forAll does something with things side by side.
func forAll(
	ctx context.Context, bus *bus, kind, done string, things map[string]string, do func(context.Context, string) error,
) error {
	failures := make(chan error, len(things))
	var group sync.WaitGroup
	for id, name := range things {
		group.Go(func() {
			err := do(ctx, id)
			if err == nil {
				bus.tell(Event{Kind: kind, Name: name, Text: done, State: Done})
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
