package devenv

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"devenv/devenv/checkout"
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
	return checkout.Name(e.checkout, base, source, stillThere(known)), nil
}

// stillThere are the projects whose folders are there.
func stillThere(known []state.Project) []state.Project {
	var all []state.Project
	for _, project := range known {
		if !project.Gone() {
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
		err = errors.Join(e.moved(ctx, home, here), store.Own(here.Folder))
	}
	if errors.Is(err, state.ErrUnwritable) {
		e.settings.Term.Warn("%s: this folder was copied or moved, and that cannot be remembered", err)
		err = nil
	}
	return moved, err
}

// moved remembers where a project is now.
func (e *Environment) moved(ctx context.Context, from string, to checkout.Checkout) error {
	return e.registry().Change(ctx, func(known []state.Project) ([]state.Project, error) {
		for i, project := range known {
			if project.Folder == from {
				known[i].Folder, known[i].Root = to.Folder, to.Root
			}
		}
		return known, nil
	})
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
	err := e.registry().Change(ctx, func(known []state.Project) ([]state.Project, error) {
		now := checkout.Name(e.checkout, naming.Base, e.source, stillThere(known))
		if now.Project != naming.Project {
			return nil, fault.New(fault.Failed, "project %s was started from another folder at this moment", naming.Project).
				WithHint("type it again: the project of this folder is called %s now", now.Project)
		}
		return append(others(known, own), own), nil
	})
	if errors.Is(err, state.ErrUnwritable) {
		e.settings.Term.Warn("%s: a second clone of this project would not know of this one", err)
		return nil
	}
	return err
}

// share makes sure of the volumes that this checkout has in common with the first one.
func (e *Environment) share(ctx context.Context, planned plan.Plan) error {
	return stack.Share(ctx, e.engine, planned.Project, e.project.Naming().Base, planned.Shared)
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
