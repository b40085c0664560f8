package devenv

import (
	"bufio"
	"context"
	"errors"
	"slices"
	"strings"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/state"
)

// remains is one thing that is left of a project whose folder is gone.
type remains struct {
	project, kind, name string
	remove              func(context.Context) error
}

// Prune removes what is left on the engine of projects whose folders are gone, and forgets them: what devenv has made for
// them, by its labels, and nothing else. It shows what that is, and asks, unless yes was said before.
func (m *Machine) Prune(ctx context.Context, yes bool) error {
	projects, err := m.projects(ctx)
	if err != nil {
		return err
	}
	all, err := m.remains(ctx, slices.DeleteFunc(projects, func(p ListedProject) bool { return !p.Orphan }))
	if err != nil {
		return err
	}
	if len(all) == 0 {
		m.env.settings.Term.Say("nothing is left of folders that are gone")
		return m.forget(ctx)
	}
	var rows [][]string
	for _, thing := range all {
		rows = append(rows, []string{thing.project, thing.kind, thing.name})
	}
	if err := m.env.settings.Term.Table([]string{"PROJECT", "KIND", "NAME"}, rows); err != nil {
		return err
	}
	if err := m.confirmed(yes); err != nil {
		return err
	}
	var failed []error
	for _, thing := range all {
		if err := thing.remove(ctx); err != nil {
			failed = append(failed, fault.New(fault.Failed, "%s %s: %w", thing.kind, thing.name, err))
			continue
		}
		m.env.settings.Term.Step(thing.kind, thing.name, "removed", 0)
	}
	if failed != nil {
		return errors.Join(failed...)
	}
	return m.forget(ctx)
}

// confirmed asks on a terminal. Data may be lost, so elsewhere only the flag counts.
func (m *Machine) confirmed(yes bool) error {
	if yes {
		return nil
	}
	if !m.env.settings.Interactive || !m.env.stack.Terminal() {
		return fault.New(fault.Usage, "prune: nothing was removed: there is no terminal to ask on").WithHint("devenv prune --yes removes it, the data in volumes too")
	}
	m.env.settings.Term.Say("remove all of it, the data in volumes too? Type yes")
	answer := bufio.NewScanner(m.env.settings.In)
	if !answer.Scan() || !slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(answer.Text()))) {
		return fault.New(fault.Failed, "prune: nothing was removed")
	}
	return nil
}

// remains are what is left, in the order in which it can be removed. Networks, volumes and images of a project belong to
// it only if devenv has made them.
func (m *Machine) remains(ctx context.Context, orphans []ListedProject) ([]remains, error) {
	images, err := m.env.engine.Marked(ctx, engine.LabelBuilt)
	if err != nil {
		return nil, err
	}
	client := m.env.engine
	var all []remains
	for _, p := range orphans {
		for i := range p.things.Containers {
			c := p.things.Containers[i]
			all = append(all, remains{p.Project, "container", c.Name, func(ctx context.Context) error { return client.RemoveContainer(ctx, c.ID) }})
		}
		for _, n := range p.things.Networks {
			all = append(all, remains{p.Project, "network", n.Name, func(ctx context.Context) error { return client.RemoveNetwork(ctx, n.ID) }})
		}
		for _, v := range p.things.Volumes {
			all = append(all, remains{p.Project, "volume", v.Name, func(ctx context.Context) error { return client.RemoveVolume(ctx, v.Name) }})
		}
		for _, image := range images.Images {
			if image.Labels[engine.LabelProject] == p.Project {
				all = append(all, remains{p.Project, "image", image.Name, func(ctx context.Context) error { return client.RemoveImage(ctx, image.Name) }})
			}
		}
	}
	return all, nil
}

// forget takes projects whose folders are gone off this machine's list, as far as they were on this engine.
func (m *Machine) forget(ctx context.Context) error {
	here := m.env.engine.Endpoint().Host
	return m.env.registry().Change(ctx, func(known []state.Project) ([]state.Project, error) {
		return slices.DeleteFunc(known, func(p state.Project) bool { return orphan(p) && p.Engine == here }), nil
	})
}
