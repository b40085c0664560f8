package doctor

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Edits of one file are made together, each once; git makes the same of the diff, whatever ends the lines.
func TestPatch(t *testing.T) {
	t.Parallel()
	if empty := patch("f", nil, []Edit{{Line: 7, Insert: []string{"only"}}}); string(empty.Now) != "only\n" {
		t.Errorf("an empty file: %q", empty.Now)
	}
	edits := []Edit{
		{Line: 2, Insert: []string{"new"}, Old: "two", New: "2"}, {Line: 2, Insert: []string{"new"}}, {Line: 2, Old: "two", New: "2"},
		{Line: 4, Insert: []string{"end"}},
	}
	for before, want := range map[string]string{
		"one\ntwo two\nthree\n":       "one\nnew\n2 two\nthree\nend\n",
		"one\ntwo two\nthree":         "one\nnew\n2 two\nthree\nend\n",
		"one\r\ntwo two\r\nthree\r\n": "one\r\nnew\r\n2 two\r\nthree\r\nend\r\n",
	} {
		p := patch("f", []byte(before), edits)
		if string(p.Now) != want {
			t.Errorf("%q: got %q", before, p.Now)
		}
		if got := byGit(t, before, p.Diff("f")); got != want {
			t.Errorf("%q: git makes %q of\n%s", before, got, p.Diff("f"))
		}
	}
}

// Changes that are far from each other are hunks of their own.
func TestHunks(t *testing.T) {
	t.Parallel()
	before := strings.Repeat("line\n", 30)
	p := patch("f", []byte(before), []Edit{{Line: 1, Insert: []string{"a"}}, {Line: 30, Insert: []string{"b"}}})
	if want := "--- a/f\n+++ b/f\n@@ -1,3 +1,4 @@\n+a\n line\n line\n line\n@@ -27,4 +28,5 @@\n line\n line\n line\n+b\n line\n"; p.Diff("f") != want {
		t.Errorf("got\n%s", p.Diff("f"))
	}
	if got := byGit(t, before, p.Diff("f")); got != string(p.Now) {
		t.Errorf("git makes %q", got)
	}
}

func byGit(t *testing.T, before, diff string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "f")
	if err := os.WriteFile(file, []byte(before), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "git", "apply", "-")
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(diff)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git apply: %v: %s\n%s", err, output, diff)
	}
	after, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(after)
}
