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
		"# nothing\n":                                  nil,
		"(cd /app; make)&":                             {"[cd /app]", "[make]"},
		`printf "%s\"x" 'it'"'"'s'`:                    {`[printf %s"x it's]`},
		"wget -q u >/dev/null 2>&1 || exit 1":          {"[wget -q u]", "[exit 1]"},
		"a 2> /x <y b &>>z >|w c& d>e":                 {"[a b c]", "[d]"},
		"exec >log 2>&1; cat <<<x <(sort f) >(tee g)":  {"[cat <(sort f) >(tee g)]"},
		"start() { a 1; }; stop ( )\n{ b; }\nstart; c": {"[a 1]", "[b]", "[c]"},
		"command -v g >/dev/null && command g x":       {"[command -v g]", "[g x]"},
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

// What a text looks for first may be missing.
func TestNeeded(t *testing.T) {
	for text, want := range map[string]string{
		"command -v g >/dev/null && g x || httpd":     "[[command -v g] [httpd]]",
		"if [ -x /bin/a ]; then /bin/a; else b a; fi": "[[[ -x /bin/a ]] [b a]]",
	} {
		var got [][]string
		for _, c := range Needed(Commands(text)) {
			got = append(got, c.Args)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%q: %v", text, got)
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

// No text makes it panic, and no command is empty.
func FuzzCommands(f *testing.F) {
	for _, text := range []string{"a && b", `x "$(y 'z')" \`, "'", "$(", "#", "A=1 exec", "\\\n;)", "2>&1 <(", "f()"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range Commands(text) {
			if len(c.Args) == 0 {
				t.Errorf("%q: %+v", text, c)
			}
		}
	})
}
