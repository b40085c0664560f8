package devenv

import (
	"context"
	"errors"
	"slices"

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
	if err := m.env.connect(ctx); err != nil {
		return err
	}
	all, err := m.remains(ctx)
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
	if err := m.confirmed(ctx, yes); err != nil {
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
func (m *Machine) confirmed(ctx context.Context, yes bool) error {
	if yes {
		return nil
	}
	if !m.env.settings.Interactive || !m.env.stack.Terminal() {
		return fault.New(fault.Usage, "prune: nothing was removed: there is no terminal to ask on").WithHint("devenv prune --yes removes it, the data in volumes too")
	}
	m.env.settings.Term.Say("remove all of it, the data in volumes too? Type yes")
	agreed, err := answersFrom(m.env.settings.In).yes(ctx)
	if err == nil && !agreed {
		err = fault.New(fault.Failed, "prune: nothing was removed")
	}
	return err
}

// remains are what is left, in the order in which it can be removed.
func (m *Machine) remains(ctx context.Context) ([]remains, error) {
	known, err := m.env.registry().Projects()
	if err != nil {
		return nil, err
	}
	made, err := m.belongings(ctx)
	if err != nil {
		return nil, err
	}
	images, err := m.env.engine.Marked(ctx, engine.LabelBuilt)
	if err != nil {
		return nil, err
	}
	var all []remains
	for _, name := range orphans(known) {
		if left := made[name]; !m.anothers(left, name, known) {
			for _, image := range images.Images {
				if image.Labels[engine.LabelProject] == name {
					left.Images = append(left.Images, image)
				}
			}
			all = append(all, m.of(name, left)...)
		}
	}
	return all, nil
}

// anothers says that somebody else has a project of the same name on this engine: a label names a folder that this list does
// not have and that may still be there. On an engine of another machine nobody here knows whether it is.
func (m *Machine) anothers(things engine.Belongings, name string, known []state.Project) bool {
	return slices.ContainsFunc(labelled(things), func(folder string) bool {
		ours := slices.ContainsFunc(known, func(p state.Project) bool { return p.Name == name && p.Folder == folder })
		there := !m.env.engine.Endpoint().Local() || !(state.Project{Folder: folder}).Gone()
		return !ours && there
	})
}

// orphans are the names of projects whose folders are gone, and that are in no other folder now.
func orphans(known []state.Project) []string {
	var names []string
	for _, project := range known {
		if own, _ := knownAs(project.Name, known); orphan(own) && !slices.Contains(names, own.Name) {
			names = append(names, own.Name)
		}
	}
	return names
}

// of are things of a project, each with how it is removed.
func (m *Machine) of(project string, left engine.Belongings) []remains {
	client := m.env.engine
	var all []remains
	for i := range left.Containers {
		c := left.Containers[i]
		all = append(all, remains{project, "container", c.Name, func(ctx context.Context) error { return client.RemoveContainer(ctx, c.ID) }})
	}
	for _, n := range left.Networks {
		all = append(all, remains{project, "network", n.Name, func(ctx context.Context) error { return client.RemoveNetwork(ctx, n.ID) }})
	}
	for _, v := range left.Volumes {
		all = append(all, remains{project, "volume", v.Name, func(ctx context.Context) error { return client.RemoveVolume(ctx, v.Name) }})
	}
	for _, image := range left.Images {
		all = append(all, remains{project, "image", image.Name, func(ctx context.Context) error { return client.RemoveImage(ctx, image.Name) }})
	}
	return all
}

// forget takes projects whose folders are gone off this machine's list, as far as they were on this engine.
func (m *Machine) forget(ctx context.Context) error {
	here := m.env.engine.Endpoint().Host
	return m.env.registry().Change(ctx, func(known []state.Project) ([]state.Project, error) {
		return slices.DeleteFunc(known, func(p state.Project) bool { return orphan(p) && p.Engine == here }), nil
	})
}
