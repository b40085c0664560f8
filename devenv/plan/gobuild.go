package plan

import (
	"regexp"
	"slices"
	"strings"
)

// buildsAtStart says that a new start of the process has the code of now: not if it runs what the image was built with.
func buildsAtStart(command []string) bool {
	words := words(command)
	for i, word := range words[:max(0, len(words)-1)] {
		next := words[i+1]
		if isDelve(word) && (next == "debug" || next == "test") || word == "go" && (next == "build" || next == "install") {
			return true
		}
	}
	return false
}

// compile is a command that compiles what a process builds when it starts, and writes no program: go list, with the flags of
// the build, whose work it leaves in the cache. nil where it is not known.
func compile(command []string) []string {
	words := strings.Join(command, " ")
	for i, text := range command {
		if at := goBuild.FindStringSubmatchIndex(text); i > 0 && at != nil { // in a shell
			flags := outputFlag.ReplaceAllString(text[at[2]:at[3]], "")
			return append(slices.Clone(command[:i]), text[:at[0]]+"go list -export -f '"+nothing+"'"+strings.TrimRight(flags, " "))
		}
	}
	for i, word := range command {
		if isDelve(word) && i+2 < len(command) && command[i+1] == "debug" && !strings.Contains(words, "--build-flags") {
			return []string{"go", "list", "-export", "-f", nothing, "-gcflags=all=-N -l", debugged(command[i+2:])}
		}
	}
	return nil
}

// nothing is a template of go list that prints nothing.
const nothing = `{{""}}`

// goBuild is the build in a shell's text, to the end of that command; its flags and packages are the submatch.
var goBuild = regexp.MustCompile(`\bgo (?:build|install)\b([^;&|\n]*)`)

var outputFlag = regexp.MustCompile(`\s-o[ =]\s*\S+`)

// debugged is the package among the arguments of `dlv debug`, whose flags have their values joined by "=" or behind them.
func debugged(args []string) string {
	switches := []string{"--headless", "--accept-multiclient", "--continue", "--log", "--check-go-version", "--only-same-user", "--disable-aslr"}
	for i := 0; i < len(args) && args[i] != "--"; i++ {
		switch flag := args[i]; {
		case !strings.HasPrefix(flag, "-"):
			return flag
		case !strings.Contains(flag, "=") && !slices.Contains(switches, flag):
			i++ // its value
		}
	}
	return "."
}
