package image

import (
	"path"
	"slices"
	"strings"

	"devenv/devenv/shell"
)

// Programs are what a command starts, as far as its text says it: its first argument, and where that is a shell with -c
// what the line behind it starts. Words with variables are left out.
func Programs(args ...string) []string {
	if len(args) == 0 || strings.Contains(args[0], "$") {
		return nil
	}
	all := []string{args[0]}
	if !shells[path.Base(args[0])] {
		return all
	}
	for place, arg := range args[1:] {
		if strings.HasPrefix(arg, "-") && strings.HasSuffix(arg, "c") && place+2 < len(args) {
			return append(all, started(args[place+2])...)
		}
	}
	return all
}

// Programs are what a healthcheck starts in an image with this configuration.
func (h *Healthcheck) Programs(config Config) []string {
	if h == nil || len(h.Test) < 2 {
		return nil
	}
	if h.Test[0] == "CMD-SHELL" {
		return Programs(append(config.shell(), h.Test[1])...)
	}
	return Programs(h.Test[1:]...)
}

// shell is what the engine runs lines with.
func (c Config) shell() []string {
	if len(c.Shell) > 0 {
		return slices.Clone(c.Shell)
	}
	return []string{"/bin/sh", "-c"}
}

var shells = map[string]bool{"sh": true, "bash": true, "ash": true, "dash": true, "zsh": true}

// builtin are words that every POSIX shell does by itself or that are part of its grammar.
var builtin = words(": . [ [[ test true false echo printf cd pwd read set unset export shift exit return trap wait kill umask eval " +
	"command break continue alias type ulimit hash fi done esac } for case in function local source")

func words(text string) map[string]bool {
	all := map[string]bool{}
	for _, word := range strings.Fields(text) {
		all[word] = true
	}
	return all
}

// started are the programs that a line of shell starts and does not look for first.
func started(line string) []string {
	var all []string
	for _, command := range shell.Needed(shell.Commands(line)) {
		word := command.Args[0]
		if !builtin[word] && !strings.ContainsAny(word, "$`<>*") && !slices.Contains(all, word) {
			all = append(all, word)
		}
	}
	return all
}
