package dockerfile

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strconv"
)

// Effective is the configuration of the image that a target makes, as far as the Dockerfile decides it:
// the image at the root can add to it.
type Effective struct {
	Image      string // the image that everything stands on, or "scratch"
	Cmd        *Command
	Entrypoint *Command
	User       string // "" if no USER was seen: that of Image
	Workdir    string // "" if no WORKDIR was seen: that of Image; a relative one is taken from /
	Env        map[string]string
	Expose     []string // in the order of the file, each once
}

// Effective collects what a target inherits through its FROMs. It is false if there is no such stage.
func (f *File) Effective(target string) (Effective, bool) {
	stage, ok := f.Stage(target)
	if !ok {
		return Effective{}, false
	}
	line := lineage(stage)
	e := Effective{Image: line[0].Base, Env: map[string]string{}}
	for _, s := range line {
		e.add(s)
	}
	return e, true
}

func (e *Effective) add(s *Stage) {
	if s.Entrypoint != nil {
		e.Entrypoint, e.Cmd = s.Entrypoint, nil // an inherited CMD was made for another ENTRYPOINT
	}
	if s.Cmd != nil {
		e.Cmd = s.Cmd
	}
	if s.User != "" {
		e.User = s.User
	}
	if s.Workdir != "" {
		e.Workdir = path.Join("/", joinWorkdir(e.Workdir, s.Workdir))
	}
	maps.Copy(e.Env, s.Env)
	for _, port := range s.Expose {
		if !slices.Contains(e.Expose, port) {
			e.Expose = append(e.Expose, port)
		}
	}
}

func joinWorkdir(current, dir string) string {
	if path.IsAbs(dir) {
		return path.Clean(dir)
	}
	return path.Join(current, dir)
}

// lineage is a stage and the stages it stands on, the root first.
func lineage(stage *Stage) []*Stage {
	var line []*Stage
	for s := stage; s != nil; s = s.parent {
		line = append(line, s)
	}
	slices.Reverse(line)
	return line
}

// Lineage are the stages that a target stands on by FROM, itself first, as names that Stage finds.
func (f *File) Lineage(target string) []string {
	stage, ok := f.Stage(target)
	if !ok {
		return nil
	}
	var names []string
	for s := stage; s != nil; s = s.parent {
		names = append(names, s.Key())
	}
	return names
}

// Key is a name by which Stage finds the stage: that of one without a name is its number.
func (s *Stage) Key() string { return cmp.Or(s.Name, strconv.Itoa(s.Index)) }

// Parent is the stage that this one stands on, nil where that is an image.
func (s *Stage) Parent() *Stage { return s.parent }

// Source is the stage that a --from of this file names, or nil for an image and a named context.
func (f *File) Source(from string) *Stage { return f.source(from) }

// Closure is a target with every stage that it needs by FROM, COPY --from and RUN --mount=from, in the
// order of the file. It is empty if there is no such stage.
func (f *File) Closure(target string) []*Stage {
	stage, ok := f.Stage(target)
	if !ok {
		return nil
	}
	needed := make([]bool, len(f.Stages))
	f.need(stage, needed)
	var all []*Stage
	for i, s := range f.Stages {
		if needed[i] {
			all = append(all, s)
		}
	}
	return all
}

func (f *File) need(s *Stage, needed []bool) {
	if s == nil || needed[s.Index] {
		return
	}
	needed[s.Index] = true
	f.need(s.parent, needed)
	for _, c := range s.Copies {
		f.need(f.source(c.From), needed)
	}
	for _, from := range s.Mounts {
		f.need(f.source(from), needed)
	}
}

// source is the stage that a --from names, or nil for an image or a named context.
func (f *File) source(from string) *Stage {
	if s := f.named(from); s != nil {
		return s
	}
	if i, err := strconv.Atoi(from); err == nil && i >= 0 && i < len(f.Stages) {
		return f.Stages[i]
	}
	return nil
}
