package shell

import (
	"fmt"
	"slices"
	"testing"
)

// What a shell's text runs is found behind quotes, comments, variables and operators.
func TestCommands(t *testing.T) {
	for text, want := range map[string][]string{
		"curl -f http://localhost:8000/ || exit 1":             {"[curl -f http://localhost:8000/]", "[exit 1]"},
		"UV_LINK_MODE=copy uv sync --locked && \\\n rm -rf /x": {"[uv sync --locked]", "[rm -rf /x]"},
		"if ! test -f x; then echo 'a; b' | tee y; fi # no":    {"[test -f x]", "[echo a; b]", "[tee y]"},
		`sh -c "a && b"`: {"[sh -c a && b]"},
		`V=$(python -c "print(1)") exec "$0" $(cat x)/y`: {"[$0 $(cat x)/y]"},
		"# nothing\n":               nil,
		"(cd /app; make)&":          {"[cd /app]", "[make]"},
		`printf "%s\"x" 'it'"'"'s'`: {`[printf %s"x it's]`},
	} {
		var got []string
		for _, c := range Commands(text) {
			got = append(got, fmt.Sprint(c.Args))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q:\n got %q\nwant %q", text, got, want)
		}
	}
}

// sh -c is looked into, other commands are taken as they are.
func TestStarted(t *testing.T) {
	for want, args := range map[string][]string{
		"[[a] [b]]":         {"/bin/sh", "-ec", "a && b"},
		"[[python -c a;b]]": {"python", "-c", "a;b"},
	} {
		var got [][]string
		for _, c := range Started(args) {
			got = append(got, c.Args)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%q: %v", args, got)
		}
	}
}
