package source

import (
	"path"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/types"
)

// Trigger is one rule of a service's develop.watch, ready to match. Its patterns mean what they mean to Compose:
// they are anchored at the rule's path and written like lines of a .dockerignore.
type Trigger struct {
	types.Trigger
	Service string
	Origin  string // file:line, or ""

	ignore, include, docker []glob
	context                 string
}

// NewTrigger takes a rule of a service apart and reads the .dockerignore of its build context, which Compose applies
// to all actions. shown shortens paths for verdicts; nil leaves them.
func NewTrigger(service types.ServiceConfig, rule types.Trigger, origin string, shown func(string) string) *Trigger {
	t := &Trigger{Trigger: rule, Service: service.Name, Origin: origin}
	t.ignore, t.include = triggerGlobs(rule.Ignore, origin), triggerGlobs(rule.Include, origin)
	if service.Build != nil {
		if shown == nil {
			shown = func(path string) string { return path }
		}
		t.context = service.Build.Context
		t.docker = dockerignore(Context{t.context, resolve(t.context, service.Build.Dockerfile)}, shown)
	}
	return t
}

func triggerGlobs(patterns []string, origin string) []glob {
	var globs []glob
	for _, pattern := range patterns {
		if g, ok := dockerGlob(pattern); ok {
			g.origin = origin
			globs = append(globs, g)
		}
	}
	return globs
}

// Matches reports whether a change of an absolute path sets the rule off, and the rule's own reason if it does not.
func (t *Trigger) Matches(path string) (bool, Verdict) {
	if !t.covers(path) {
		return false, Verdict{}
	}
	verdict := t.Ignored(path, false)
	return !verdict.Ignored, verdict
}

// ContainerPath is where the rule's target puts a path that it covers. It is "" for a rule without a target.
func (t *Trigger) ContainerPath(host string) string {
	if t.Target == "" {
		return ""
	}
	return path.Join(t.Target, below(t.Path, host))
}

func (t *Trigger) covers(path string) bool { return hostHolds(t.Path, path) }

// Ignored is the rule's own verdict on a path that it covers: version control, temporary files of editors, its ignore
// list, the .dockerignore of the context, its include list.
func (t *Trigger) Ignored(path string, isDir bool) Verdict {
	relative := below(t.Path, path)
	if relative == "" {
		return Verdict{}
	}
	for part := path; part != t.Path; part = filepath.Dir(part) {
		if isRepository(filepath.Base(part)) {
			return Verdict{true, versionControl, "built in", forGood}
		}
	}
	if !isDir && isTemporary(filepath.Base(path)) {
		return Verdict{true, "temporary file of an editor", "built in", byBuiltIn}
	}
	if g := docker(t.ignore, relative); g != nil && !g.negated && (!isDir || reopens(t.ignore, relative) == nil) {
		return Verdict{true, g.text, t.Origin, byUser}
	}
	if v := t.dockerVerdict(path, isDir); v.Ignored {
		return v
	}
	return t.notIncluded(relative, isDir)
}

func (t *Trigger) dockerVerdict(path string, isDir bool) Verdict {
	if t.context == "" || !hostHolds(t.context, path) {
		return Verdict{}
	}
	relative := below(t.context, path)
	g := docker(t.docker, relative)
	if g == nil || g.negated || isDir && reopens(t.docker, relative) != nil {
		return Verdict{}
	}
	return Verdict{true, g.text, g.origin, byDocker}
}

func (t *Trigger) notIncluded(relative string, isDir bool) Verdict {
	if len(t.include) == 0 {
		return Verdict{}
	}
	if g := docker(t.include, relative); g != nil && !g.negated {
		return Verdict{}
	}
	for _, g := range t.include {
		if isDir && opens(g.elements, relative) {
			return Verdict{}
		}
	}
	return Verdict{true, "not in its include list", t.Origin, byUser}
}
