package profiles_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"devenv/devenv/fault"
	"devenv/profiles"
)

// Each file of testdata is profiles and what they come to: the files team/NAME.yaml, team/NAME.local.yaml and
// user/NAME.yaml, then want, the explained text of the profile "mine" or the error with its hint below it.
func TestProfiles(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases: ", err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			places, want := unpack(t, archive)
			if got := outcome(places); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// unpack writes the profiles of a case to the disk.
func unpack(t *testing.T, archive *txtar.Archive) (places profiles.Places, want string) {
	t.Helper()
	dir := t.TempDir()
	for _, file := range archive.Files {
		if file.Name == "want" {
			want = string(file.Data)
			continue
		}
		path := filepath.Join(dir, file.Name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, file.Data, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return profiles.Places{
		Team: filepath.Join(dir, "team"), User: filepath.Join(dir, "user"),
		Shown: func(path string) string { return strings.TrimPrefix(path, dir+"/") },
	}, want
}

func outcome(places profiles.Places) string {
	profile, err := places.Load("mine")
	if err == nil {
		return places.Text(profile.Values())
	}
	text := err.Error() + "\n"
	var known *fault.Error
	if errors.As(err, &known) && known.Hint != "" {
		text += "  " + known.Hint + "\n"
	}
	return text
}

// What README.md shows is a profile.
func TestReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(readme), "```yaml\n# .devenv/profiles/")
	text, _, _ = strings.Cut(text, "```")
	name, content, _ := strings.Cut(text, ".local.yaml\n")
	if !found {
		t.Fatal("README.md shows no profile")
	}
	places := profiles.Places{Team: "/nowhere", Shown: filepath.Base}
	places.Draft = profiles.Draft{Path: places.Personal(name), Content: []byte(content)}
	profile, err := places.Load(name)
	if err != nil || profile.Services["api"].Ports[0] != "18000:8000" {
		t.Fatal(profile, err)
	}
}

// The schema knows every key, and where a value has more than one form.
func TestSchema(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(profiles.Schema())
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`"enum":["fork","restart","native","off",false]`, `"additionalProperties":{"additionalProperties":false,`,
		`"enabled":{"description":"false leaves the service out; true has it also without its Compose profile","type":"boolean"}`,
		`"compose_profiles":{"description":"Compose profiles to enable, instead of those of .env","oneOf":[{"type":"string"},{"items":{"type":"string"},"type":"array"}]}`,
		`{"enum":["auto","declared"]},{"additionalProperties":false,"patternProperties":{"^[a-zA-Z0-9._-]+:[0-9]+$":{"maximum":65535,"minimum":1,"type":"integer"}}`,
	} {
		if !strings.Contains(string(text), part) {
			t.Errorf("not in the schema: %s", part)
		}
	}
}

// FuzzProfile: no text makes reading a profile panic, and what is read can be explained.
func FuzzProfile(f *testing.F) {
	for _, seed := range []string{"mode: prod", "extends: [a, mine]", "services: {api: {env: {A: 1}}}", "a: &a {b: *a}", "<<: [1, {x: y}]", "? [1]\n: 2",
		"env: {A: {command: [pass, a]}, B: {file: b}}", "env: {A: {B: {C: 1}}}", "hooks: {before_up: [{run: make, timeout: 5m}]}", "hooks: {before_up: [1, {}]}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "mine.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		profile, err := profiles.Places{Team: dir, Shown: filepath.Base}.Load("mine")
		if err == nil {
			profile.Values()
		} else if fault.ExitStatus(err) != int(fault.Usage) {
			t.Errorf("%v: status %d", err, fault.ExitStatus(err))
		}
	})
}
