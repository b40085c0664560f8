package devenv

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"devenv/devenv/doctor"
	"devenv/devenv/term"
)

// What --fix shows is what it writes: git applies the diff to the same files with the same result, and afterwards there
// is nothing left that could be mended.
func TestDoctorFix(t *testing.T) {
	t.Parallel()
	var archives []string
	for _, pattern := range []string{"rules", "seeds"} {
		found, err := filepath.Glob(filepath.Join("doctor", "testdata", pattern, "*.txtar"))
		if err != nil {
			t.Fatal(err)
		}
		archives = append(archives, found...)
	}
	mended := 0
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(unpack(t, archive), "bad")
		if seed := strings.TrimSuffix(path, ".txtar"); filepath.Base(filepath.Dir(path)) == "seeds" {
			dir = filepath.Dir(dir)
			if err := os.CopyFS(dir, os.DirFS(seed)); err != nil {
				t.Fatal(err)
			}
		}
		mended += mendTwice(t, path, dir)
		for _, file := range archive.Files { // mended/FILE is what a file of bad is to become
			name, is := strings.CutPrefix(file.Name, "mended/")
			if !is {
				continue
			}
			if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, file.Data) {
				t.Errorf("%s: %s became (%v)\n%s", path, name, err, got)
			}
		}
	}
	if mended < 15 {
		t.Errorf("only %d files were mended", mended)
	}
}

// mendTwice mends a project by git, then by devenv, and returns how many files that concerned.
func mendTwice(t *testing.T, name, dir string) int {
	t.Helper()
	var out bytes.Buffer
	opening.Lock()
	env, err := Open(t.Context(), Settings{
		Dir: dir, Env: []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "DOCKER_HOST=unix://" + dir + "/no.sock"}, Out: &out, Err: &out,
		Term: term.New(&out, &out, term.Color{}, false), Now: t.Context(),
	})
	opening.Unlock()
	if err != nil {
		t.Fatal(name, err)
	}
	defer env.Close()
	report, err := env.examine(t.Context())
	if err != nil {
		t.Fatal(name, err)
	}
	patches, err := report.Patches()
	if err != nil {
		t.Fatal(name, err)
	}
	byGit := applied(t, env, dir, patches)
	left, err := env.fix(t.Context(), report, DoctorOptions{Yes: true})
	if err != nil {
		t.Fatal(name, err)
	}
	for file, want := range byGit {
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %s: git made of the diff\n%s\nand devenv\n%s (%v)", name, file, want, got, err)
		}
	}
	for _, finding := range left.Findings {
		if finding.Fix != nil {
			t.Errorf("%s: still to be mended: %s", name, finding.Line(env.project.Rel))
		}
	}
	return len(patches)
}

// applied has git apply patches in a copy of a folder and gives back the files as they are then.
func applied(t *testing.T, env *Environment, dir string, patches []doctor.Patch) map[string][]byte {
	t.Helper()
	byGit := map[string][]byte{}
	if len(patches) == 0 {
		return byGit
	}
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	var diff strings.Builder
	for _, patch := range patches {
		diff.WriteString(patch.Diff(env.slashed(patch.File)))
	}
	cmd := exec.CommandContext(t.Context(), "git", "apply", "-")
	cmd.Dir, cmd.Stdin = copied, strings.NewReader(diff.String())
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git apply: %v: %s\n%s", err, output, diff.String())
	}
	for _, patch := range patches {
		name, err := filepath.Rel(dir, patch.File)
		if err != nil {
			t.Fatal(err)
		}
		if byGit[patch.File], err = os.ReadFile(filepath.Join(copied, name)); err != nil {
			t.Fatal(err)
		}
	}
	return byGit
}
