package profiles_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"devenv/profiles"
)

// The copy of every profile of testdata says what the profile says.
func TestCopy(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases: ", err)
	}
	for _, path := range cases {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		places, _ := unpack(t, archive)
		if _, err := places.Load("mine"); err == nil {
			copied(t, places, "mine")
		}
	}
}

// What is below and above the project's files is copied too.
func TestCopyLayers(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"-- team/debug.local.yaml --\n# nothing yet\n",
		"-- team/debug.yaml --\nmode:\n-- team/base.yaml --\nmode: prod\n",
		"-- team/base.yaml --\nmode: prod\nenv: {A: '010', B: 1}\n-- team/debug.yaml --\nextends: base\n-- user/debug.yaml --\nenv: {B:, C: {command: [pass, c]}}\nports: [80, '0770:70']\n",
		"-- user/debug.yaml --\nmode: prod\n", "-- team/debug.yaml --\n{}\n", "",
	} {
		text = strings.ReplaceAll(text, "ports:", "services:\n  api:\n    ports:")
		places, _ := unpack(t, txtar.Parse([]byte(text)))
		copied(t, places, "debug")
	}
}

func copied(t *testing.T, places profiles.Places, name string) {
	t.Helper()
	texts, err := places.Copy(name, "another")
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range texts {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if one, other := said(t, places, name), said(t, places, "another"); one != other {
		t.Errorf("%s said:\n%s\nand its copy:\n%s\nby %s", name, one, other, texts)
	}
}

// said is all that a profile says, without the places.
func said(t *testing.T, places profiles.Places, name string) string {
	t.Helper()
	profile, err := places.Load(name)
	if err != nil {
		t.Fatal(name, err)
	}
	var text strings.Builder
	for _, v := range profile.Values() {
		text.WriteString(v.Name + " = " + v.Value + "\n")
	}
	return text.String()
}
