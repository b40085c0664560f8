package vscode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tailscale/hujson"

	"devenv/devenv/debug/vscode"
	"devenv/devenv/fault"
)

// A file that VS Code could not read either is refused with its place, in these words, and nothing comes back.
func TestInvalid(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{\n  \"configurations\": [\n    {,}\n  ]\n}": `.vscode/launch.json:3: not JSON with comments: invalid character ',' at start of value`,
		"{\n  \"configurations\": [\n":                `.vscode/launch.json:4: not JSON with comments: parsing value: unexpected EOF`,
		"{\n<<<<<<< HEAD\n}":                          `.vscode/launch.json:2: not JSON with comments: invalid character '<' at start of value`,
		"\n[]":                                        `.vscode/launch.json:2: not an object`,
		"{\n\n\"configurations\": {}}":                `.vscode/launch.json:3: "configurations" is not a list`,
		"// nothing but a comment":                    `.vscode/launch.json:2: not JSON with comments: parsing value: unexpected EOF`,
	} {
		got, err := vscode.Launch([]byte(text), ".vscode/launch.json", at("api"))
		var known *fault.Error
		if !errors.As(err, &known) || err.Error() != want || known.Class != fault.Usage || known.Hint == "" || got != nil {
			t.Errorf("%q: got %q, %v\nwant %s", text, got, err, want)
		}
	}
}

// Line ends, a byte order mark and a missing newline at the end stay; what is new has the same line ends.
func TestLayout(t *testing.T) {
	t.Parallel()
	windows := "\ufeff{\r\n\t\"configurations\": []\r\n}"
	got := launch(t, windows, at("api"))
	if !strings.HasPrefix(got, "\ufeff{\r\n\t\"configurations\": [\r\n\t\t{\r\n\t\t\t\"name\": \"devenv: api\",\r\n") {
		t.Errorf("got %q", got)
	}
	if strings.Count(got, "\n") != strings.Count(got, "\r\n") || strings.HasSuffix(got, "\n") {
		t.Errorf("line ends: %q", got)
	}
}

// A service may be called like anything: the entries for all services keep apart from it.
func TestServiceNames(t *testing.T) {
	t.Parallel()
	got := launch(t, "", at("all", "up"))
	for _, name := range []string{"devenv: all", "devenv: up", vscode.AttachAll, vscode.UpAndAttach} {
		if strings.Count(got, fmt.Sprintf("\"name\": %q", name)) != 1 {
			t.Errorf("%q is not there once in\n%s", name, got)
		}
	}
}

// The guide calls the entries by the names that they have.
func TestGuide(t *testing.T) {
	t.Parallel()
	guide := get(t, "../../../examples/editors/README.md")
	for _, name := range []string{vscode.Prefix + "api", vscode.AttachAll, vscode.UpAndAttach, vscode.UpTask} {
		if !strings.Contains(guide, "`"+name+"`") {
			t.Errorf("%q is not in the guide", name)
		}
	}
}

// What belongs to the user stays byte for byte and in its order, comments too, whatever is written around it.
func TestForeignStays(t *testing.T) {
	t.Parallel()
	for seed := range uint64(600) {
		random := rand.New(rand.NewPCG(seed, 4))
		before := anyFile(random)
		p := at([]string{"api", "web", "job"}[:random.IntN(4)]...)
		after := launch(t, before, p)
		if got, want := foreign(t, after), foreign(t, before); !slices.Equal(got, want) {
			t.Fatalf("seed %d: %q\nbecame %q\nin\n%s\n-- of\n%s", seed, want, got, after, before)
		}
		if again := launch(t, after, p); again != after {
			t.Fatalf("seed %d: the second run made of\n%s\n--\n%s", seed, after, again)
		}
		if got := len(ours(t, after)); got != len(p.Services) {
			t.Fatalf("seed %d: %d configurations of devenv for %d services in\n%s", seed, got, len(p.Services), after)
		}
	}
}

// anyFile is a launch.json in any layout, with entries of the user's and of devenv's, and comments anywhere.
func anyFile(random *rand.Rand) string {
	count := 0
	pick := func(choices ...string) string { return choices[random.IntN(len(choices))] }
	space := func() string {
		count++
		return pick("", " ", "\n", "\n    ", "\n\t", "\n\n  ", fmt.Sprintf(" // line %d\n  ", count), fmt.Sprintf("/* block %d */", count), fmt.Sprintf("\n  /* block\n %d */ ", count))
	}
	list := func(entries []string) string {
		text := "["
		for i, e := range entries {
			if i > 0 {
				text += ","
			}
			text += space() + e + space()
		}
		if len(entries) > 0 {
			text += pick("", ","+space())
		}
		return text + space() + "]"
	}
	entries := func() []string {
		services := []string{"devenv: api", "devenv: web", "devenv: gone", "devenv: all services"}
		random.Shuffle(len(services), func(i, j int) { services[i], services[j] = services[j], services[i] })
		var all []string
		for range random.IntN(5) {
			count++
			all = append(all, pick(
				fmt.Sprintf(`{"name":"mine %d",%s"type" : "node"}`, count, space()), fmt.Sprintf(`{ "name": "mine %d", }`, count), `"not an object"`, `{}`))
			if len(services) > 0 && random.IntN(2) == 0 {
				all = append(all, fmt.Sprintf(`{ "name": %q%s }`, services[0], pick("", `, "port": 1`, `, "connect": {},`, `, "type": "go",`+"\n"+` "mode": "remote"`)))
				services = services[1:]
			}
		}
		return all
	}
	members := []string{`"version": "0.2.0"`, `"configurations":` + space() + list(entries()), `"inputs": [` + space() + `]`, `"compounds": ` + list(entries())}
	members = members[:random.IntN(len(members)+1)]
	random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	text := list(members)
	return space() + "{" + text[1:len(text)-1] + "}" + space()
}

var comments = regexp.MustCompile(`// line \d+\n|/\* block\s+\d+ \*/`)

// foreign is what in a file is the user's: entries as they are written, and comments.
func foreign(t *testing.T, text string) []string {
	t.Helper()
	all := comments.FindAllString(text, -1)
	for _, element := range elements(t, text) {
		if !strings.HasPrefix(element.name, vscode.Prefix) {
			all = append(all, element.text)
		}
	}
	return all
}

func ours(t *testing.T, text string) []string {
	t.Helper()
	var names []string
	for _, element := range elements(t, text) {
		if element.list == "configurations" && strings.HasPrefix(element.name, vscode.Prefix) {
			names = append(names, element.name)
		}
	}
	return names
}

type element struct{ list, name, text string }

func elements(t *testing.T, text string) []element {
	t.Helper()
	root, err := hujson.Parse([]byte(text + "\n"))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	var all []element
	for _, list := range []string{"configurations", "compounds", "inputs"} {
		value := root.Find("/" + list)
		if value == nil {
			continue
		}
		for _, e := range value.Value.(*hujson.Array).Elements {
			var named struct{ Name string }
			standard := e.Clone()
			standard.Standardize()
			_ = json.Unmarshal(standard.Pack(), &named) // what is not an object has no name
			all = append(all, element{list, named.Name, text[e.StartOffset:e.EndOffset]})
		}
	}
	return all
}

// Whatever a file has in it, it is written so that a second run changes nothing, or refused with its place.
func FuzzLaunch(f *testing.F) {
	for seed := range uint64(20) {
		f.Add([]byte(anyFile(rand.New(rand.NewPCG(seed, 4)))))
	}
	place := regexp.MustCompile(`^f:\d+: `)
	f.Fuzz(func(t *testing.T, text []byte) {
		p := at("api", "web")
		first, err := vscode.Launch(text, "f", p)
		if err != nil {
			if !place.MatchString(err.Error()) {
				t.Fatalf("no place: %v", err)
			}
			return
		}
		second, err := vscode.Launch(first, "f", p)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("of %q\nfirst %q\nsecond %q, %v", text, first, second, err)
		}
	})
}
