package vscode_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"devenv/devenv/debug/vscode"
	"devenv/devenv/term"
)

// Both files are made, with their folder; the second time none is touched.
func TestWrite(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	changed, err := vscode.Write(folder, at("api"))
	if err != nil || len(changed) != 2 {
		t.Fatal(changed, err)
	}
	if changed, err = vscode.Write(folder, at("api")); err != nil || len(changed) != 0 {
		t.Fatal(changed, err)
	}
	if got := names(t, filepath.Join(folder, ".vscode")); got != "launch.json tasks.json" {
		t.Errorf("left behind: %s", got)
	}
}

// Without anything to debug not even the folder is made.
func TestWriteNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if changed, err := vscode.Write(folder, at()); err != nil || changed != nil || names(t, folder) != "" {
		t.Error(changed, err, names(t, folder))
	}
}

// One file that cannot be understood leaves both as they are.
func TestWriteInvalid(t *testing.T) {
	t.Parallel()
	for _, broken := range []string{"launch.json", "tasks.json"} {
		folder := t.TempDir()
		put(t, filepath.Join(folder, ".vscode", broken), "{\n  broken", 0o644)
		changed, err := vscode.Write(folder, at("api"))
		want := filepath.Join(".vscode", broken) + ":2: not JSON with comments: "
		if err == nil || !strings.HasPrefix(err.Error(), want) || changed != nil {
			t.Error(changed, err)
		}
		if names(t, filepath.Join(folder, ".vscode")) != broken || get(t, filepath.Join(folder, ".vscode", broken)) != "{\n  broken" {
			t.Errorf("%s: something was written", broken)
		}
	}
}

// Settings that are kept elsewhere, as with dotfiles, are written there: the links stay, and so do the permissions.
func TestWriteLinks(t *testing.T) {
	t.Parallel()
	folder, elsewhere := t.TempDir(), t.TempDir()
	put(t, filepath.Join(elsewhere, "files", "mine.json"), "{}", 0o600)
	link(t, elsewhere, filepath.Join(folder, ".vscode"))
	link(t, filepath.Join(elsewhere, "files", "mine.json"), filepath.Join(elsewhere, "launch.json"))
	if _, err := vscode.Write(folder, at("api")); err != nil {
		t.Fatal(err)
	}
	if got := names(t, elsewhere) + " + " + names(t, filepath.Join(elsewhere, "files")); got != "files launch.json tasks.json + mine.json" {
		t.Errorf("found %s", got)
	}
	info, err := os.Stat(filepath.Join(elsewhere, "files", "mine.json"))
	if err != nil || info.Mode().Perm() != 0o600 || !strings.Contains(get(t, filepath.Join(folder, ".vscode", "launch.json")), "devenv: api") {
		t.Error(info.Mode(), err)
	}
	if info, err := os.Lstat(filepath.Join(folder, ".vscode", "launch.json")); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced", err)
	}
}

// A link to nowhere is somebody's mistake to mend, not a place for a new file.
func TestWriteDangling(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	put(t, filepath.Join(folder, ".vscode", "settings.json"), "{}", 0o644)
	path := filepath.Join(folder, ".vscode", "launch.json")
	link(t, filepath.Join(folder, "gone.json"), path)
	_, err := vscode.Write(folder, at("api"))
	if err == nil || err.Error() != path+": a symbolic link that leads nowhere" || names(t, filepath.Join(folder, ".vscode")) != "launch.json settings.json" {
		t.Error(err, names(t, filepath.Join(folder, ".vscode")))
	}
}

// The folder that VS Code opens is the one that has its settings, not beyond the project's repository.
func TestFolder(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	repository, project := filepath.Join(top, "repository"), filepath.Join(top, "repository", "services", "shop")
	for _, folder := range []string{project, filepath.Join(repository, ".git"), filepath.Join(top, ".vscode")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if got := vscode.Folder(project); got != project {
		t.Errorf("without settings: %s", got)
	}
	if err := os.Mkdir(filepath.Join(repository, ".vscode"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := vscode.Folder(project); got != repository {
		t.Errorf("with settings at the top: %s", got)
	}
	link(t, repository, filepath.Join(top, "link"))
	if got := vscode.Spellings(filepath.Join(top, "link")); len(got) != 2 || got[0] != filepath.Join(top, "link") || filepath.Base(got[1]) != "repository" {
		t.Errorf("spellings: %s", got)
	}
}

// The task of `devenv up` ends its start-up with the line that up prints, and tells errors with a place from others.
func TestTaskPatterns(t *testing.T) {
	t.Parallel()
	tasks, err := vscode.Tasks(nil, "tasks.json", at("api"))
	if err != nil {
		t.Fatal(err)
	}
	pattern := func(key string) *regexp.Regexp {
		found := regexp.MustCompile(`"` + key + `": ("[^"]+")`).FindSubmatch(tasks)
		return regexp.MustCompile(strings.ReplaceAll(strings.Trim(string(found[1]), `"`), `\\`, `\`))
	}
	for line, key := range map[string]string{
		"up in " + term.Duration(47*time.Millisecond) + ", mode local": "endsPattern",
		"up in " + term.Duration(125*time.Second) + ", mode dev":       "endsPattern",
		"interrupted: stopping; Ctrl-C again ends the containers":      "beginsPattern",
		"error: containers/api/api.env:3: DATABASE_URL is set twice":   "regexp",
		"error: db: exited with code 1":                                "",
		"api  | up in 3 s, mode local":                                 "",
		"api  | error: main.py:3: not a problem of devenv's":           "",
	} {
		for _, each := range []string{"beginsPattern", "endsPattern", "regexp"} {
			if pattern(each).MatchString(line) != (each == key) {
				t.Errorf("%s %s: %q", each, pattern(each), line)
			}
		}
	}
}

func names(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return strings.Join(all, " ")
}

func put(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}
