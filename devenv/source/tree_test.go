package source_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/rogpeppe/go-internal/txtar"

	"devenv/devenv/source"
)

// Every script in testdata/ignored is a project, and what becomes of each of its paths.
func TestIgnored(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/ignored/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(script)
			if err != nil {
				t.Fatal(err)
			}
			var got, want strings.Builder
			judge(t, archive, &got, &want)
			if got.String() != want.String() {
				t.Errorf("got:\n%s\nwant:\n%s", got.String(), want.String())
			}
		})
	}
}

// judge lays out the files of a script and compares the section "verdicts", a line for each path.
func judge(t *testing.T, archive *txtar.Archive, got, want *strings.Builder) {
	t.Helper()
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var verdicts string
	rules := source.Rules{State: filepath.Join(top, ".devenv/state"), Shown: func(path string) string { return strings.TrimPrefix(path, top+"/") }}
	for _, file := range archive.Files {
		if file.Name == "verdicts" {
			verdicts = string(file.Data)
			continue
		}
		put(t, filepath.Join(top, file.Name), string(file.Data))
	}
	for _, line := range strings.Split(string(archive.Comment), "\n") {
		word, rest, _ := strings.Cut(line, " ")
		addRule(&rules, top, word, rest)
	}
	tree := source.NewTree(rules)
	for line := range strings.Lines(verdicts) {
		path, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		verdict := tree.Ignored(filepath.Join(top, path), strings.HasSuffix(path, "/"))
		got.WriteString(path + " " + verdict.String() + "\n")
		want.WriteString(strings.TrimSpace(line) + "\n")
	}
}

func addRule(rules *source.Rules, top, word, rest string) {
	folder := filepath.Join(top, rest)
	switch word {
	case "root":
		rules.Roots = append(rules.Roots, folder)
	case "context":
		rules.Contexts = append(rules.Contexts, source.Context{Folder: folder, Dockerfile: filepath.Join(folder, "Dockerfile")})
	case "include":
		rules.Include = append(rules.Include, source.Line{Pattern: rest, Folder: top, Origin: "compose.yml:3"})
	case "ignore":
		rules.Ignore = append(rules.Ignore, source.Line{Pattern: rest, Folder: top, Origin: "compose.yml:4"})
	case "trigger":
		fields := strings.Fields(rest)
		trigger := types.Trigger{Path: filepath.Join(top, fields[0]), Action: types.WatchActionSync}
		for _, field := range fields[1:] {
			if pattern, ok := strings.CutPrefix(field, "-"); ok {
				trigger.Ignore = append(trigger.Ignore, pattern)
			} else {
				trigger.Include = append(trigger.Include, field)
			}
		}
		rules.Roots = append(rules.Roots, trigger.Path)
		rules.Triggers = append(rules.Triggers, source.NewTrigger(types.ServiceConfig{Name: "web"}, trigger, "compose.yml:9", nil))
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// After a change of an ignore file the answers are new, and a caller can tell that the change was one.
func TestRefresh(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	rules, notes := filepath.Join(top, ".gitignore"), filepath.Join(top, "notes.txt")
	tree := source.NewTree(source.Rules{Roots: []string{top}})
	if tree.Ignored(notes, false).Ignored || !tree.Governs(rules) || tree.Governs(notes) {
		t.Fatal("before")
	}
	put(t, rules, "*.txt\n")
	tree.Refresh()
	if !tree.Ignored(notes, false).Ignored {
		t.Error("the new rule is not known")
	}
}

// What a debugger and a sync ask: where a file is on the other side, and that a volume hides what is below it.
func TestMapping(t *testing.T) {
	t.Parallel()
	bind := func(host, container string) types.ServiceVolumeConfig {
		return types.ServiceVolumeConfig{Type: types.VolumeTypeBind, Source: filepath.FromSlash(host), Target: container}
	}
	mapping := source.NewMapping(types.ServiceConfig{
		Build: &types.BuildConfig{Context: filepath.FromSlash("/shop")},
		Volumes: []types.ServiceVolumeConfig{
			bind("/shop", "/app"), bind("/shop/lib", "/app/vendor"), {Type: types.VolumeTypeVolume, Target: "/app/.venv"},
		},
		Tmpfs: []string{"/app/tmp"},
	}, func(string) bool { return false })
	for host, want := range map[string]string{
		"/shop": "/app", "/shop/a.py": "/app/a.py", "/shop/lib/x.py": "/app/vendor/x.py",
		"/shop/.venv/bin": "", "/shop/vendor/y.py": "", "/shop/tmp/z": "", "/other": "",
	} {
		got, ok := mapping.ToContainer(filepath.FromSlash(host))
		if got != want || ok != (want != "") {
			t.Errorf("%s is at %q, want %q", host, got, want)
		}
	}
	for container, want := range map[string]string{
		"/app/a.py": "/shop/a.py", "/app/vendor/x.py": "/shop/lib/x.py", "/app/.venv/bin": "", "/etc": "",
	} {
		if got, _ := mapping.ToHost(container); got != filepath.FromSlash(want) {
			t.Errorf("%s comes from %q, want %q", container, got, want)
		}
	}
}
