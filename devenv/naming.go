package devenv

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"devenv/devenv/checkout"
	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/plan"
	"devenv/devenv/stack"
	"devenv/devenv/state"
)

// naming is what the project in a folder is called, by what the folder is and what this machine remembers.
func (e *Environment) naming(dir, base string, source checkout.Source) (checkout.Naming, error) {
	e.checkout, e.source = checkout.Find(dir), source
	known, err := e.registry().Projects()
	if err != nil {
		return checkout.Naming{}, err
	}
	return checkout.Name(e.checkout, base, source, e.rivals(base, known, state.In(dir))), nil
}

// rivals are the projects that have a say in the name of this one: what is known of this checkout, by this machine or else by
// its own state, and those of the same name in folders that are there.
func (e *Environment) rivals(base string, known []state.Project, store state.Store) []state.Project {
	var all []state.Project
	for _, project := range append(known, store.Project()...) {
		if project.Folder == e.checkout.Folder || strings.HasPrefix(project.Name, base) && !project.Gone() {
			all = append(all, project)
		}
	}
	return all
}

// settle finds out whether the state in a project's folder is its own: a folder that was moved keeps what it had, a copy
// (`cp -r`) keeps the choices alone.
func (e *Environment) settle(ctx context.Context, dir string) (moved bool, err error) {
	store, here := state.In(dir), checkout.Find(dir)
	switch home := store.Home(); {
	case home == "" || home == here.Folder || same(home, here.Folder):
		return false, nil
	case state.In(home).Home() == home:
		err = store.Disown(here.Folder)
	default:
		moved = true
		err = e.moved(ctx, store, here)
	}
	if errors.Is(err, state.ErrUnwritable) {
		e.settings.Term.Warn("%s: this folder was copied or moved, and that cannot be remembered", err)
		err = nil
	}
	return moved, err
}

// moved remembers where a project is now, on this machine's list and in its own state.
func (e *Environment) moved(ctx context.Context, store state.Store, to checkout.Checkout) error {
	from, own := store.Home(), store.Project()
	err := e.registry().Change(ctx, func(known []state.Project) ([]state.Project, error) {
		for i, project := range known {
			if project.Folder == from {
				known[i].Folder, known[i].Root = to.Folder, to.Root
			}
		}
		return known, nil
	})
	err = errors.Join(err, store.Own(to.Folder))
	for _, project := range own {
		project.Folder, project.Root = to.Folder, to.Root
		err = errors.Join(err, store.SaveProject(project))
	}
	return err
}

// same says that two paths lead to one folder, as with a bind mount, or where letters may be large or small.
func same(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// claim remembers that this checkout has its name, before anything of it is made. Of two clones that are started for the
// first time at the same moment the later one is refused: it was loaded under a name that is the other one's now.
func (e *Environment) claim(ctx context.Context) error {
	naming := e.project.Naming()
	own := state.Project{
		Name: naming.Project, Base: naming.Base, Cause: naming.Cause, Folder: e.checkout.Folder, Root: e.checkout.Root,
		Git: e.checkout.Git(), Engine: e.stack.Endpoint().Host,
	}
	if e.source == checkout.Given {
		own.Base = ""
	}
	older, err := e.unknownOwner(ctx, own)
	if err != nil {
		return err
	}
	var taken error
	err = e.registry().Change(ctx, func(known []state.Project) ([]state.Project, error) {
		known = append(known, older...)
		now := checkout.Name(e.checkout, naming.Base, e.source, e.rivals(naming.Base, known, e.store))
		if taken = nil; now.Project != naming.Project {
			taken = fault.New(fault.Failed, "project %s is another folder's, because %s", naming.Project, now.Cause).
				WithHint("type it again: the project of this folder is called %s now", now.Project)
			return known, nil
		}
		return append(others(known, own), own), nil
	})
	if err = errors.Join(err, taken); err == nil {
		err = e.store.SaveProject(own)
	}
	if errors.Is(err, state.ErrUnwritable) {
		e.settings.Term.Warn("%s: a second clone of this project would not know of this one", err)
		return nil
	}
	return err
}

// unknownOwner is the folder from which this project was started, by its containers, where that is another checkout and this
// machine knows of neither: it was `docker compose`, or the list was lost.
func (e *Environment) unknownOwner(ctx context.Context, own state.Project) ([]state.Project, error) {
	known, err := e.registry().Projects()
	if err != nil || own.Base == "" || slices.ContainsFunc(known, func(p state.Project) bool { return p.Name == own.Name }) {
		return nil, err
	}
	containers, err := e.engine.Containers(ctx, own.Name)
	for i := range containers {
		folder := containers[i].Labels[engine.LabelWorkingDir]
		if folder == "" || !e.engine.Endpoint().Local() {
			continue
		}
		other := checkout.Find(folder)
		owner := state.Project{Name: own.Name, Base: own.Base, Folder: other.Folder, Root: other.Root, Git: other.Git(), Engine: own.Engine}
		if other.Root != own.Root && !owner.Gone() {
			return []state.Project{owner}, nil
		}
	}
	return nil, err
}

// share makes sure of the volumes that this checkout has in common with the first one, and that no database gets one that
// another checkout's has.
func (e *Environment) share(ctx context.Context, planned plan.Plan) error {
	if err := stack.Share(ctx, e.engine, e.project.Naming().Base, planned.Shared); err != nil {
		return err
	}
	return stack.Alone(ctx, e.engine, planned.Project, planned.Shared)
}

// others are what is known besides a project, without those whose folder is gone and whose name it takes over.
func others(known []state.Project, own state.Project) []state.Project {
	var all []state.Project
	for _, project := range known {
		if project.Name != own.Name || project.Folder != own.Folder && !project.Gone() {
			all = append(all, project)
		}
	}
	return all
}

// registry is this user's; where there is no home nothing is remembered.
func (e *Environment) registry() state.Registry { return state.RegistryIn(e.stateHome()) }

// stateHome is the folder for what devenv knows of this user's projects, by the XDG base directory specification; "" where
// there is no home.
func (e *Environment) stateHome() string {
	folder := e.variable("XDG_STATE_HOME")
	for _, below := range [...][2]string{{"HOME", ".local/state"}, {"LOCALAPPDATA", ""}} {
		if home := e.variable(below[0]); !filepath.IsAbs(folder) && home != "" {
			folder = filepath.Join(home, below[1])
		}
	}
	if !filepath.IsAbs(folder) {
		return ""
	}
	return filepath.Join(folder, "devenv")
}
