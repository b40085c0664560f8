package vscode_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/tailscale/hujson"

	"devenv/devenv/debug/vscode"
)

var update = flag.Bool("update", false, "write the golden texts")

// Each archive of testdata has the services as JSON, a file as it is, and the file as it should become.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, c := range cases(t) {
		t.Run(c.name, func(t *testing.T) {
			got := c.run(t, c.before)
			if *update {
				c.archive.Files[2].Data = got
				if err := os.WriteFile(c.path, txtar.Format(c.archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if string(got) != string(c.after) {
				t.Errorf("got\n%s\nwant\n%s", got, c.after)
			}
		})
	}
}

// What was written is what VS Code reads, and to write it again changes nothing.
func TestGoldenTwice(t *testing.T) {
	t.Parallel()
	for _, c := range cases(t) {
		first := c.run(t, c.before)
		if second := c.run(t, first); string(second) != string(first) {
			t.Errorf("%s: the second run changed it to\n%s", c.name, second)
		}
		if _, err := hujson.Parse(append(first, '\n')); err != nil && c.name != "launch-nothing" {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// golden is one archive.
type golden struct {
	name, path    string
	archive       *txtar.Archive
	project       vscode.Project
	before, after []byte
	edit          func([]byte, string, vscode.Project) ([]byte, error)
}

func (c golden) run(t *testing.T, text []byte) []byte {
	t.Helper()
	got, err := c.edit(text, "file.json", c.project)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return got
}

func cases(t *testing.T) []golden {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no archives", err)
	}
	var all []golden
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil || len(archive.Files) != 3 {
			t.Fatalf("%s: three files are expected: %v", path, err)
		}
		c := golden{name: strings.TrimSuffix(filepath.Base(path), ".txtar"), path: path, archive: archive,
			before: archive.Files[1].Data, after: archive.Files[2].Data, edit: vscode.Launch}
		if strings.HasPrefix(c.name, "tasks") {
			c.edit = vscode.Tasks
		}
		if err := json.Unmarshal(archive.Files[0].Data, &c.project); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, c)
	}
	return all
}

// at is a project in /p with these services, each mounted from its own folder.
func at(names ...string) vscode.Project {
	p := vscode.Project{Folders: []string{"/p"}, Dir: "/p", GOOS: "linux"}
	for i, name := range names {
		p.Services = append(p.Services, vscode.Service{Name: name, Kind: vscode.Python, Port: 5678 + i,
			Mappings: []vscode.Mapping{{Local: "/p/" + name, Remote: "/" + name}}})
	}
	return p
}

func launch(t *testing.T, text string, p vscode.Project) string {
	t.Helper()
	got, err := vscode.Launch([]byte(text), ".vscode/launch.json", p)
	if err != nil {
		t.Fatal(fmt.Errorf("%w in\n%s", err, text))
	}
	return string(got)
}
