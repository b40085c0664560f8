package uv

import (
	"slices"
	"strings"
)

// choosing are the flags of `uv sync` that say what of a project is installed, and whether a value follows.
var choosing = map[string]bool{
	"--no-dev": false, "--only-dev": false, "--dev": false, "--all-extras": false, "--all-groups": false, "--all-packages": false,
	"--no-default-groups": false, "--no-install-project": false, "--no-install-workspace": false,
	"--extra": true, "--no-extra": true, "--group": true, "--no-group": true, "--only-group": true, "--package": true, "--no-install-package": true,
}

// Choosing are those of the arguments of a `uv sync` that say what is installed. What only a shell can tell is left out.
func Choosing(args []string) []string {
	var flags []string
	for i := 0; i < len(args); i++ {
		name, value, joined := strings.Cut(args[i], "=")
		valued, chooses := choosing[name]
		if !chooses {
			continue
		}
		flag := []string{name}
		if valued && !joined && i+1 < len(args) {
			i++
			value = args[i]
		}
		if valued {
			flag = append(flag, value)
		}
		if !strings.Contains(value, "$") {
			flags = append(flags, flag...)
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
