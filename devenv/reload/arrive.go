package reload

import (
	"io/fs"

	"devenv/devenv/source"
	"devenv/devenv/watch"
)

// Arrived is what a service asks for when a container of it has started without the files that develop.watch brought
// into the one before it: for each of changes, the rules that copy are followed as if the file had just changed.
func (v View) Arrived(service string, changes []watch.Change) []Action {
	var all []Action
	for _, s := range v.Services {
		if s.Name != service {
			continue
		}
		for _, change := range changes {
			all = append(all, s.triggered(change, copying)...)
		}
	}
	return Merge(all...)
}

// Missed is what a service asks for whose containers have run while nobody watched, for what changed meanwhile: what
// only its processes need. Whoever begins to watch has just built and converged.
func (v View) Missed(service string, changes []watch.Change) []Action {
	var all []Action
	for _, s := range v.Services {
		if s.Name != service {
			continue
		}
		for _, change := range changes {
			actions, _ := v.service(s, change)
			for _, action := range actions {
				if action.Verb == Reload || action.Verb == Provision {
					action.Causes[0].Rule += ", changed while nothing watched"
					all = append(all, action)
				}
			}
		}
	}
	return Merge(all...)
}

// InitialSync is every file below the rules of a service that ask for all files to be copied into a new container
// (initial_sync). list walks a folder as filepath.WalkDir does; a folder that is not there has no files.
func (s Service) InitialSync(list func(root string, visit fs.WalkDirFunc) error) ([]watch.Change, error) {
	var all []watch.Change
	for _, trigger := range s.Triggers {
		if !trigger.InitialSync || !copying(trigger) {
			continue
		}
		err := list(trigger.Path, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && trigger.Ignored(path, true).Ignored:
				return fs.SkipDir
			case entry.IsDir():
				return nil
			}
			if matches, _ := trigger.Matches(path); matches {
				all = append(all, watch.Change{Path: path, Kind: watch.Created})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func copying(trigger *source.Trigger) bool { return copies(trigger.Action) }

func anyRule(*source.Trigger) bool { return true }
