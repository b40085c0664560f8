package reload

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/source"
	"devenv/devenv/watch"
)

// Decide is what a batch asks for. Every change of the batch is the cause of at least one action, if only of Nothing.
// For each service the first of these that knows the path decides:
//
//  1. its rules of develop.watch, all that match
//  2. pyproject.toml and uv.lock of its project: uv sync
//  3. its Dockerfile and .dockerignore: rebuild
//  4. a source mount: what kind of file it is; and where its image has a copy of the file that no mount covers: rebuild
//  5. what its image copies from the build context: rebuild
//
// The project's own files come before all services.
func Decide(batch watch.Batch, view View) []Action {
	var all []Action
	for _, change := range batch.Changes {
		all = append(all, view.decide(change)...)
	}
	return Merge(all...)
}

func (v View) decide(change watch.Change) []Action {
	actions := v.project(change.Path)
	idle := ""
	for _, service := range v.Services {
		found, why := v.service(service, change)
		actions = append(actions, found...)
		if idle == "" {
			idle = why
		}
	}
	if len(actions) > 0 {
		return actions
	}
	if verdict := v.Ignored(change.Path); verdict.Ignored {
		idle = verdict.String()
	}
	if idle == "" {
		idle = "no running service uses it"
	}
	return []Action{{Verb: Nothing, Causes: []Cause{{change.Path, idle}}}}
}

// project decides for the files of the project as a whole.
func (v View) project(path string) []Action {
	var actions []Action
	if slices.Contains(v.Compose, path) {
		actions = append(actions, Action{Verb: Converge, Causes: []Cause{{path, "file of the project"}}})
	}
	for _, service := range v.EnvFiles[path] {
		actions = append(actions, Action{Verb: Recreate, Service: service, Causes: []Cause{{path, "env_file of " + service}}})
	}
	return actions
}

// service is what a change asks for in one service, or why the service is left alone: "" if it has nothing to do with it.
func (v View) service(s Service, change watch.Change) ([]Action, string) {
	p := change.Path
	do := func(verb Verb, rule string) []Action {
		return []Action{{Verb: verb, Service: s.Name, Causes: []Cause{{p, rule}}}}
	}
	if actions := s.triggered(change, anyRule); len(actions) > 0 {
		return actions, ""
	}
	if slices.Contains(s.Dependencies, p) {
		return do(Provision, "dependencies of "+s.Name), ""
	}
	if s.Build != nil && slices.Contains(s.Build.files(), p) {
		return do(Rebuild, "recipe of the image"), ""
	}
	if _, mounted := s.Mapping.ToContainer(p); mounted {
		verb, rule := s.mounted(p, v.Ignored(p))
		var actions []Action
		if place := s.copiedAway(p); place != "" && !v.Ignored(p).Ignored {
			actions = do(Rebuild, "copied into the image, to "+place)
		}
		if verb == Nothing && len(actions) == 0 {
			return nil, rule
		}
		if verb != Nothing {
			actions = append(actions, do(verb, rule)...)
		}
		return actions, ""
	}
	if s.Build.copies(p) && !v.Ignored(p).Ignored {
		if isProse(p) {
			return nil, "prose in the image of " + s.Name
		}
		return do(Rebuild, "copied into the image"), ""
	}
	return nil, ""
}

// mounted is what a service does about a file that a source mount shows it, and why.
func (s Service) mounted(path string, verdict source.Verdict) (Verb, string) {
	if s.Style == RestartContainer || s.Style == RebuildImage {
		return s.underDelve(path, verdict)
	}
	rule, reloads := reason(path, verdict)
	if left := s.leftAlone(); left != "" {
		return Nothing, left
	}
	if !reloads {
		return Nothing, rule
	}
	return Reload, rule
}

func (s Service) underDelve(path string, verdict source.Verdict) (Verb, string) {
	rule, matters := goReason(path, verdict)
	switch {
	case !matters:
		return Nothing, rule
	case s.Style == RestartContainer:
		return Restart, rule
	case s.Build.copies(path):
		return Rebuild, rule + ", copied into the image"
	default:
		return Nothing, s.Name + " runs under Delve what its image has: go build in its command, or dlv debug, takes in a save"
	}
}

// copiedAway is where the image has a copy of a mounted file that no volume covers, such as /entrypoint.sh, or "". A COPY of
// all that a mount shows is the image's own version of the program, and code in a copied folder runs from the mount.
func (s Service) copiedAway(file string) string {
	if s.Build == nil || isProse(file) || s.Style == RestartContainer || s.Style == RebuildImage {
		return ""
	}
	relative, err := filepath.Rel(s.Build.Context, file)
	if err != nil || !filepath.IsLocal(relative) {
		return ""
	}
	for _, placed := range s.Build.Placed {
		pattern := strings.Trim(path.Clean(placed.Source), "/")
		place, inside := placed.of(pattern, filepath.ToSlash(relative))
		if place == "" || s.Mapping.Covers(place) {
			continue
		}
		if code, _ := kindOf(filepath.Ext(file)); inside && (code == "Python code" || s.shows(filepath.Join(s.Build.Context, pattern))) {
			continue
		}
		return place
	}
	return ""
}

// shows reports whether a folder of the host holds all of a source mount.
func (s Service) shows(folder string) bool {
	return slices.ContainsFunc(s.Mapping.Folders(), func(mounted string) bool {
		relative, err := filepath.Rel(folder, mounted)
		return err == nil && filepath.IsLocal(relative)
	})
}

// of is where a file of the context goes, "" for one that pattern does not match; inside says that a folder that it is in
// matches.
func (p Placed) of(pattern, file string) (place string, inside bool) {
	if pattern == "." || pattern == "" {
		return path.Join(p.Dest, file), true
	}
	rest := ""
	for part := file; part != "."; part = path.Dir(part) {
		if ok, err := path.Match(pattern, part); ok || err != nil && pattern == part {
			if rest == "" && strings.HasSuffix(p.Dest, "/") {
				return path.Join(p.Dest, path.Base(file)), false
			}
			return path.Join(p.Dest, rest), rest != ""
		}
		rest = path.Join(path.Base(part), rest)
	}
	return "", false
}

// leftAlone is why a service is not reloaded for what its mounts show it, or "".
func (s Service) leftAlone() string {
	switch s.Style {
	case NoPython:
		return s.Name + " runs no Python: its process sees the mount"
	case Native:
		return "the reloader of " + s.Name + " sees the mount (x-devenv.reload: native)"
	case Off:
		return s.Name + " is not reloaded (x-devenv.reload: off)"
	case RestartContainer, RebuildImage:
		return s.Name + " runs no Python"
	default:
		return ""
	}
}

// triggered is what those rules of develop.watch ask for that of wants. As in Compose every rule that matches counts.
func (s Service) triggered(change watch.Change, of func(*source.Trigger) bool) []Action {
	var actions []Action
	for _, trigger := range s.Triggers {
		if matches, _ := trigger.Matches(change.Path); matches && of(trigger) {
			actions = append(actions, s.pull(trigger, change)...)
		}
	}
	return actions
}

// pull is what one rule asks for. A path that a mount shows at its target already is not copied, and the rest of the
// rule still holds: Compose ignores such a rule. After a sync of code, processes that devenv reloads are reloaded, for
// their own reloader, which the rule counts on, is switched off.
func (s Service) pull(trigger *source.Trigger, change watch.Change) []Action {
	cause := []Cause{{change.Path, placed("develop.watch "+string(trigger.Action), trigger.Origin)}}
	var actions []Action
	add := func(a Action) {
		a.Service, a.Causes = s.Name, cause
		actions = append(actions, a)
	}
	target := trigger.ContainerPath(change.Path)
	shown, mounted := s.Mapping.ToContainer(change.Path)
	if there := mounted && shown == target; copies(trigger.Action) && !there {
		add(Action{Verb: Sync, Copies: []Copy{{change.Path, target, change.Kind == watch.Deleted}}})
	}
	switch trigger.Action {
	case types.WatchActionRebuild:
		add(Action{Verb: Rebuild})
	case types.WatchActionRestart, types.WatchActionSyncRestart:
		add(Action{Verb: Restart})
	case types.WatchActionSyncExec:
		command := trigger.Exec
		add(Action{Verb: Exec, Command: &command})
	default: // sync
	}
	if _, reloads := reason(change.Path, source.Verdict{}); copies(trigger.Action) && reloads && s.leftAlone() == "" {
		add(Action{Verb: Reload})
	}
	if len(actions) == 0 { // sync of what is mounted, and no code
		actions = append(actions, Action{Verb: Nothing, Causes: []Cause{{change.Path, "the mount shows it to " + s.Name}}})
	}
	return actions
}

func placed(rule, origin string) string {
	if origin == "" {
		return rule
	}
	return rule + ", " + origin
}

// files are what BuildKit reads besides the context.
func (b *Build) files() []string {
	return []string{b.Dockerfile, b.Dockerfile + ".dockerignore", filepath.Join(b.Context, ".dockerignore")}
}

// copies reports whether the image has a file of the context.
func (b *Build) copies(file string) bool {
	if b == nil {
		return false
	}
	relative, err := filepath.Rel(b.Context, file)
	if err != nil || !filepath.IsLocal(relative) {
		return false
	}
	relative = filepath.ToSlash(relative)
	return slices.ContainsFunc(b.Sources, func(pattern string) bool {
		return matchesOrHolds(strings.Trim(path.Clean(pattern), "/"), relative)
	})
}

// matchesOrHolds reports whether a source of COPY names a file or a folder that it is in.
func matchesOrHolds(pattern, file string) bool {
	if pattern == "." || pattern == "" {
		return true
	}
	for part := file; part != "."; part = path.Dir(part) {
		if ok, err := path.Match(pattern, part); ok || err != nil && pattern == part {
			return true
		}
	}
	return false
}
