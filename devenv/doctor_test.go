package devenv

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"devenv/devenv/doctor"
	"devenv/devenv/term"
)

// Every rule has an archive of two small projects: of bad every finding of every rule is wanted, and good has none.
func TestDoctorRules(t *testing.T) {
	t.Parallel()
	for _, rule := range doctor.Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("doctor", "testdata", "rules", rule.Name+".txtar")
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			dir := unpack(t, archive)
			got := findings(t, filepath.Join(dir, "bad"), archive)
			if !strings.Contains(got, "["+rule.Name+"]") {
				t.Errorf("bad: no finding of the rule itself")
			}
			wanted(t, path, archive, got)
			if got := findings(t, filepath.Join(dir, "good"), archive); got != "" {
				t.Errorf("good: a false alarm\n%s", got)
			}
		})
	}
}

// The slips of the two documents that devenv began with are found in copies of their files, and nothing else.
func TestDoctorSeeds(t *testing.T) {
	t.Parallel()
	for _, seed := range []string{"fastapi", "django"} {
		dir := t.TempDir()
		folder := filepath.Join("doctor", "testdata", "seeds", seed)
		if err := os.CopyFS(dir, os.DirFS(folder)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("doctor", "testdata", "seeds", seed+".txtar")
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		wanted(t, path, archive, findings(t, dir, archive))
	}
}

// The examples have no fault that the doctor knows of.
func TestDoctorExamples(t *testing.T) {
	t.Parallel()
	for _, example := range []string{"fastapi", "gosvc"} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "examples", example))); err != nil {
			t.Fatal(err)
		}
		if got := findings(t, dir, &txtar.Archive{}); got != "" {
			t.Errorf("%s: a false alarm\n%s", example, got)
		}
	}
}

// wanted compares with the last file of an archive; UPDATE_DOCTOR=1 writes it.
func wanted(t *testing.T, path string, archive *txtar.Archive, got string) {
	t.Helper()
	i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
	if i < 0 {
		archive.Files = append(archive.Files, txtar.File{Name: "want"})
		i = len(archive.Files) - 1
	}
	if want := string(archive.Files[i].Data); got == want {
		return
	} else if os.Getenv("UPDATE_DOCTOR") == "" {
		t.Errorf("%s\n got:\n%s\nwant:\n%s", path, got, want)
		return
	}
	archive.Files[i].Data = []byte(got)
	if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

func unpack(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range archive.Files {
		path := filepath.Join(dir, filepath.FromSlash(file.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// findings are what the doctor says of a project, a line each, without an engine. The comment of an archive says what
// is so in the world around it: a line "git FILE..." has git know these files.
func findings(t *testing.T, dir string, archive *txtar.Archive) string {
	t.Helper()
	surroundings(t, dir, string(archive.Comment))
	var errors bytes.Buffer
	env, err := Open(t.Context(), Settings{
		Dir: dir, Env: []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}, Out: &errors, Err: &errors,
		Term: term.New(&errors, &errors, term.Color{}, false), Now: t.Context(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer env.Close()
	report, err := env.examine(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, f := range report.Findings {
		fmt.Fprintf(&text, "%s [%s]\n", f.Line(env.project.Rel), f.Rule)
	}
	return text.String()
}

func surroundings(t *testing.T, dir, comment string) {
	t.Helper()
	for line := range strings.Lines(comment) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] != "git" {
			continue
		}
		for _, args := range [][]string{{"init", "-q"}, append([]string{"add", "-f"}, words[1:]...)} {
			cmd := exec.CommandContext(t.Context(), "git", args...)
			cmd.Dir = dir
			if output, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("git %v: %v: %s", args, err, output)
			}
		}
	}
}
