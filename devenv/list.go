package devenv

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"devenv/devenv/checkout"
	"devenv/devenv/engine"
	"devenv/devenv/plan"
	"devenv/devenv/stack"
	"devenv/devenv/state"
)

// Machine is an engine and what this user's devenv knows of the projects that it has started. Close it.
type Machine struct{ env *Environment }

// OpenMachine needs no project.
func OpenMachine(ctx context.Context, settings Settings) (*Machine, error) {
	opened, err := stack.Open(ctx, settings.Env, stack.Streams{In: settings.In, Out: settings.Out, Err: settings.Err})
	if err != nil {
		return nil, err
	}
	return &Machine{&Environment{settings: settings, stack: opened, touched: map[string]bool{}}}, nil
}

// Close gives back the connections to the engine.
func (m *Machine) Close() { m.env.Close() }

// ListedProject is a project that devenv has made something of on the engine.
type ListedProject struct {
	Project   string    `json:"project"`
	Folder    string    `json:"folder"`
	Branch    string    `json:"branch,omitempty"`
	Mode      string    `json:"mode"` // of what runs; several where services differ
	Profile   string    `json:"profile,omitempty"`
	State     string    `json:"state"` // down, or how many of its containers run and are healthy
	Running   int       `json:"running"`
	Unhealthy int       `json:"unhealthy"`
	Addresses []Address `json:"addresses"`
	Orphan    bool      `json:"orphan"` // its folder was on this machine, and is gone
	Known     bool      `json:"known"`  // it was started from this machine by this user

	things engine.Belongings
}

// List prints every project that devenv has made something of.
func (m *Machine) List(ctx context.Context, format string) error {
	projects, err := m.projects(ctx)
	if err != nil {
		return err
	}
	if format == "json" {
		return m.env.settings.Term.JSON(append([]ListedProject{}, projects...))
	}
	var rows [][]string
	orphans := false
	for _, p := range projects {
		orphans = orphans || p.Orphan
		rows = append(rows, []string{p.Project, p.State, p.Mode, cmp.Or(p.Profile, "-"), cmp.Or(p.Branch, "-"), spaced(p.Addresses), p.place()})
	}
	if orphans {
		defer m.env.settings.Term.Hint("devenv prune removes what is left of folders that are gone")
	}
	return m.env.settings.Term.Table([]string{"PROJECT", "STATE", "MODE", "PROFILE", "BRANCH", "ADDRESS", "FOLDER"}, rows)
}

// place is the folder, and what is to be said of it.
func (p ListedProject) place() string {
	switch {
	case p.Orphan:
		return p.Folder + " (gone)"
	case p.Folder == "":
		return "not known"
	case !p.Known:
		return p.Folder + " (of another machine or user)"
	}
	return p.Folder
}

// projects are all projects with something of devenv's on the engine, sorted by name.
func (m *Machine) projects(ctx context.Context) ([]ListedProject, error) {
	if err := m.env.connect(ctx); err != nil {
		return nil, err
	}
	known, err := m.env.registry().Projects()
	if err != nil {
		return nil, err
	}
	all, err := m.belongings(ctx)
	if err != nil {
		return nil, err
	}
	var projects []ListedProject
	for _, name := range slices.Sorted(maps.Keys(all)) {
		projects = append(projects, m.project(name, all[name], known))
	}
	return projects, nil
}

// belongings are what devenv has made, by project. A project is one that has more than images.
func (m *Machine) belongings(ctx context.Context) (map[string]engine.Belongings, error) {
	made, err := m.env.engine.Marked(ctx, engine.LabelFolder)
	if err != nil {
		return nil, err
	}
	all := map[string]engine.Belongings{}
	for i := range made.Containers {
		c := made.Containers[i]
		of := all[c.Project]
		of.Containers = append(of.Containers, c)
		all[c.Project] = of
	}
	for _, network := range made.Networks {
		of := all[network.Labels[engine.LabelProject]]
		of.Networks = append(of.Networks, network)
		all[network.Labels[engine.LabelProject]] = of
	}
	for _, volume := range made.Volumes {
		of := all[volume.Labels[engine.LabelProject]]
		of.Volumes = append(of.Volumes, volume)
		all[volume.Labels[engine.LabelProject]] = of
	}
	return all, nil
}

func (m *Machine) project(name string, things engine.Belongings, known []state.Project) ListedProject {
	listed := ListedProject{Project: name, Folder: cmp.Or(labelled(things)...), Addresses: []Address{}, things: things}
	if own := state.In(listed.Folder).Project(); listed.Folder != "" && len(own) == 1 && own[0].Name == name {
		known = append(known, own...) // where the list was lost
	}
	if own, found := knownAs(name, known); found {
		listed.Folder, listed.Known, listed.Orphan = own.Folder, true, orphan(own)
	}
	if listed.Known && !listed.Orphan {
		listed.Branch = checkout.Find(listed.Folder).Branch()
		if remembered, err := state.In(listed.Folder).Load(); err == nil { // a damaged one is for the project's own commands to tell
			listed.Mode, listed.Profile = remembered.Mode, remembered.Profile
		}
	}
	listed.Mode = cmp.Or(modesOf(things.Containers), listed.Mode, plan.Local)
	for i := range things.Containers {
		listed.count(things.Containers[i])
		listed.Addresses = append(listed.Addresses, addresses(things.Containers[i], engineHost(m.env.engine.Endpoint()))...)
	}
	listed.State = listed.condition()
	return listed
}

func (p *ListedProject) count(c engine.Container) {
	if c.State == engine.Running {
		p.Running++
	}
	if c.Health == engine.Unhealthy {
		p.Unhealthy++
	}
}

func (p *ListedProject) condition() string {
	switch count := len(p.things.Containers); {
	case count == 0:
		return "down"
	case p.Running == 0:
		return "stopped"
	case p.Unhealthy > 0:
		return fmt.Sprintf("%d of %d running, %d unhealthy", p.Running, count, p.Unhealthy)
	case p.Running < count:
		return fmt.Sprintf("%d of %d running", p.Running, count)
	}
	return "running"
}

// labelled are the folders that the labels of a project's things name.
func labelled(things engine.Belongings) []string {
	var folders []string
	for i := range things.Containers {
		folders = append(folders, things.Containers[i].Labels[engine.LabelFolder])
	}
	for _, thing := range slices.Concat(things.Networks, things.Volumes) {
		folders = append(folders, thing.Labels[engine.LabelFolder])
	}
	return slices.DeleteFunc(folders, func(folder string) bool { return folder == "" })
}

// knownAs is what this machine knows of a project's name; a folder that is there goes before one that is gone.
func knownAs(name string, known []state.Project) (found state.Project, any bool) {
	for _, project := range known {
		if project.Name == name && (!any || orphan(found)) {
			found, any = project, true
		}
	}
	return found, any
}

// orphan says that the folder of a project is gone, and was not only moved by git.
func orphan(p state.Project) bool {
	return p.Gone() && (p.Git == "" || checkout.Moved(p.Git) == "")
}

// modesOf are the modes that containers were made for.
func modesOf(containers []engine.Container) string {
	modes := map[string]bool{}
	for i := range containers {
		if mode := containers[i].Labels[plan.ModeLabel]; mode != "" {
			modes[mode] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(modes)), ", ")
}
