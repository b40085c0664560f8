package source

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What a build can take follows Docker's rules alone: git's do not count, a line without **/ means the top, and a later
// line brings back what is in an ignored folder.
func TestContextWalk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{
		".dockerignore": "# nothing\n*.log\n.venv\ncache\n!cache/keep\n", ".gitignore": "secret.py\n", "secret.py": "", "a.log": "", "src/b.log": "",
		".venv/x": "", "src/.venv/y": "", "cache/drop": "", "cache/keep": "",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	context := Context{Folder: dir, Dockerfile: filepath.Join(dir, "Dockerfile")}
	var got []string
	if err := context.Walk(".", func(sent Sent) error {
		if !sent.IsDir() {
			got = append(got, sent.Path)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{".dockerignore", ".gitignore", "cache/keep", "secret.py", "src/.venv/y", "src/b.log"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if origin := context.Ignores("a.log"); origin != filepath.Join(dir, ".dockerignore")+":2" {
		t.Errorf("a.log is ignored by %q", origin)
	}
	if made := Made(filepath.Join(dir, "src", ".venv"), true); made != "virtual environment" {
		t.Errorf("src/.venv is %q", made)
	}
}
