package uv

import (
	"slices"
	"strings"
)

// kind is what a flag of `uv sync` chooses.
type kind string

const (
	packages kind = "packages" // members of a workspace
	groups   kind = "groups"
	extras   kind = "extras"
	installs kind = "installs" // what of all that is left to others
)

// choosing are the flags of `uv sync` that say what of a project is installed, and whether a value follows.
var choosing = map[string]struct {
	kind   kind
	valued bool
}{
	"--all-packages": {packages, false}, "--package": {packages, true},
	"--no-dev": {groups, false}, "--only-dev": {groups, false}, "--dev": {groups, false}, "--all-groups": {groups, false},
	"--no-default-groups": {groups, false}, "--group": {groups, true}, "--no-group": {groups, true}, "--only-group": {groups, true},
	"--all-extras": {extras, false}, "--extra": {extras, true}, "--no-extra": {extras, true},
	"--no-install-project": {installs, false}, "--no-install-workspace": {installs, false}, "--no-install-package": {installs, true},
}

// choice is one such flag, with its value if it has one.
type choice []string

func (c choice) kind() kind { return choosing[c[0]].kind }

// lacksValue says whether the flag is no choice yet: its value was forgotten.
func (c choice) lacksValue() bool {
	return choosing[c[0]].valued && (len(c) == 1 || strings.HasPrefix(c[1], "-"))
}

// choices are the choosing flags among the arguments of a `uv sync`.
func choices(args []string) []choice {
	var all []choice
	for i := 0; i < len(args); i++ {
		name, value, joined := strings.Cut(args[i], "=")
		flag, chooses := choosing[name]
		switch {
		case !chooses:
		case flag.valued && joined:
			all = append(all, choice{name, value})
		case flag.valued && i+1 < len(args):
			all = append(all, choice{name, args[i+1]})
			i++
		default:
			all = append(all, choice{name})
		}
	}
	return all
}

// Choosing are those of the arguments of a `uv sync` that say what is installed. What only a shell can tell is left out.
func Choosing(args []string) []string {
	var flags []string
	for _, c := range choices(args) {
		if !strings.Contains(strings.Join(c, ""), "$") {
			flags = append(flags, c...)
		}
	}
	return flags
}

// uvKnows says whether `uv add` and `uv remove` install what the flags choose without being told: packages that come from
// folders are for `uv sync` anyway.
func uvKnows(chosen []string) bool {
	return !slices.ContainsFunc(chosen, func(flag string) bool {
		return strings.HasPrefix(flag, "--") && !strings.HasPrefix(flag, "--no-install-")
	})
}

// widened are the flags of an image without those that would leave out what a request adds to a group.
func widened(chosen, args []string) []string {
	for i, arg := range args {
		name, group, joined := strings.Cut(arg, "=")
		if !joined && i+1 < len(args) {
			group = args[i+1]
		}
		switch name {
		case "--dev":
			chosen = without(without(chosen, "--no-dev"), "--no-group", "dev")
		case "--group":
			chosen = without(chosen, "--no-group", group)
			if group == "dev" {
				chosen = without(chosen, "--no-dev")
			}
		}
	}
	return chosen
}

// without is a list without a run of words.
func without(list []string, words ...string) []string {
	for i := range list {
		if i+len(words) <= len(list) && slices.Equal(list[i:i+len(words)], words) {
			return slices.Concat(list[:i], list[i+len(words):])
		}
	}
	return list
}
