package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// String is the plan as `devenv up --dry-run` prints it, a line for each change and each advice.
func (p Plan) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s in mode %s\n", p.Project.Name, p.Name())
	for _, change := range p.Changes {
		fmt.Fprintf(&text, "  %s\n", change)
	}
	for _, advice := range p.Advice {
		fmt.Fprintf(&text, "  %s\n", advice)
	}
	for _, h := range p.Hooks {
		fmt.Fprintf(&text, "  %s: %s  %s  %s\n", h.Phase, h.Run, h.Where(), h.Place)
	}
	if len(p.Changes) == 0 {
		text.WriteString("  devenv changes nothing in it\n")
	}
	return text.String()
}

// Name is the mode of the project, those of its services that have another one, and the profile, where there is one.
func (p Plan) Name() string {
	ours := Modes{Project: p.Modes.Project, Services: maps.Clone(p.Modes.Services)}
	maps.DeleteFunc(ours.Services, func(service, _ string) bool { _, is := p.Project.Services[service]; return !is })
	return Name(ours.String(), p.Profile)
}

// String is the mode of the project with the exceptions: "local, api in prod".
func (m Modes) String() string {
	text := m.Of("")
	for _, service := range slices.Sorted(maps.Keys(m.Services)) {
		if mode := m.Of(service); mode != m.Of("") {
			text += ", " + service + " in " + mode
		}
	}
	return text
}

// Name is a mode and a profile, "" for none, as messages show them.
func Name(mode, profile string) string {
	if profile == "" {
		return mode
	}
	return mode + ", profile " + profile
}

func (c Change) String() string {
	return c.Path() + ": " + change(c.From, c.To) + "  because " + c.Cause
}

// Path is what is changed, SERVICE.KEY or KEY.
func (c Change) Path() string { return strings.TrimPrefix(c.Service+"."+c.Key, ".") }

func (a Advice) String() string { return strings.TrimPrefix(a.Service+": "+a.Text, ": ") }

func (d Difference) String() string { return d.Service + "." + d.Key + ": " + d.Change() }

// Change is the difference without its place.
func (d Difference) Change() string { return change(d.From, d.To) }

// change words a value that is set, taken away or replaced.
func change(from, to string) string {
	switch {
	case from == "":
		return "+ " + to
	case to == "":
		return "- " + from
	default:
		return from + " -> " + to
	}
}
