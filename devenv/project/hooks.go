package project

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"devenv/devenv/document"
	"devenv/devenv/fault"
	"devenv/devenv/hook"
)

// hooks are those of the compose files, each phase replaced by what the profile says of it.
func (p *Project) hooks() ([]hook.Hook, error) {
	var all []hook.Hook
	for _, phase := range hook.Phases() {
		said, at := p.Extension.Hooks.Of(phase), p.inputs.inCompose
		if profile := p.inputs.profile; profile != nil && profile.Hooks.Of(phase) != nil {
			said, at = profile.Hooks.Of(phase), p.inputs.inProfile
		}
		for i, h := range said {
			h, err := p.hook(h, phase, func(key string) Origin { return at(phase, i, len(said), key) })
			if err != nil {
				return nil, err
			}
			all = append(all, h)
		}
	}
	return all, nil
}

// hook completes a hook; at is the place of one of its keys, "" for the whole.
func (p *Project) hook(h hook.Hook, phase hook.Phase, at func(key string) Origin) (hook.Hook, error) {
	wrong := func(key, format string, args ...any) *fault.Error {
		return fault.New(fault.Usage, p.inputs.place(at(key), true)+": hooks."+string(phase)+": "+format, args...)
	}
	h.Phase, h.Place = phase, p.inputs.place(at(""), true)
	if len(h.Run) == 0 {
		return h, wrong("", "it runs nothing").WithHint("run: is the command")
	}
	if all := p.allServices(); h.Service != "" && !slices.Contains(all, h.Service) {
		return h, document.Near(wrong("service", "no service %q", h.Service), h.Service, all)
	}
	if at("").Kind == File {
		return h, nil // Compose has filled in the variables
	}
	h.Run = slices.Clone(h.Run)
	for i, word := range h.Run {
		value, _, err := p.inputs.scope().substitute(word)
		if err != nil {
			return h, p.inputs.unfilled(p.inputs.place(at("run"), true)+": hooks."+string(phase), word, err)
		}
		h.Run[i] = value
	}
	return h, nil
}

// allServices are the names of all services, those that are not enabled too, sorted.
func (p *Project) allServices() []string {
	all := append(p.declared.ServiceNames(), p.declared.DisabledServiceNames()...)
	slices.Sort(all)
	return all
}

// inProfile is the place of a key of a phase's hook in the profile.
func (in *inputs) inProfile(phase hook.Phase, i, _ int, key string) Origin {
	at := in.profile.Origin("hooks", string(phase), strconv.Itoa(i), key)
	return Origin{Kind: ProfileFile, File: at.File, Line: at.Line, Column: at.Column}
}

// inCompose is the place of a key of a phase's hook in the compose files. Compose appends the lists of several files, so
// the items are counted through; where that does not come out, it is the place of the list.
func (in *inputs) inCompose(phase hook.Phase, i, count int, key string) Origin {
	path := []string{extensionKey, "hooks", string(phase)}
	var places []Origin
	for _, u := range in.tree().order {
		for _, root := range u.roots {
			list := root
			for _, name := range path {
				list = second(document.Child(list, name))
			}
			if list = document.Follow(list); u.profile == nil && list != nil && list.Kind == yaml.SequenceNode {
				for _, item := range list.Content {
					at, _ := document.Deepest(item, strings.Fields(key))
					places = append(places, u.origin(at))
				}
			}
		}
	}
	if len(places) == count {
		return places[i]
	}
	origin, _ := in.tree().locate(path)
	return origin
}
