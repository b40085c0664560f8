package plan_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/rogpeppe/go-internal/txtar"

	"devenv/devenv/checkout"
	"devenv/devenv/dockerfile"
	"devenv/devenv/plan"
	"devenv/devenv/project"
	"devenv/devenv/trust"
)

var update = flag.Bool("update", false, "write what the plans are into testdata")

// Each file of testdata is a project, the modes to plan it in and the plans as a developer reads them: a compose
// file, its Dockerfiles, and `want MODE`, `want-agent MODE` (devenv has an agent to give), `want-trust MODE` (there is a
// ca_bundle), `want-apart MODE` (in a linked worktree) or `differences MODE`, where MODE can be MODE,SERVICE=MODE.
func TestPlans(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || files == nil {
		t.Fatal("no test data", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := unpack(t, archive)
			for i, section := range archive.Files {
				what, modes, _ := strings.Cut(section.Name, " ")
				if what != "want" && what != "want-agent" && what != "want-trust" && what != "want-apart" && what != "differences" {
					continue
				}
				got := planned(t, dir, what, modes)
				if got != string(section.Data) {
					t.Errorf("%s\ngot:\n%s\nwant:\n%s", section.Name, got, section.Data)
				}
				archive.Files[i].Data = []byte(got)
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// unpack writes the files of the project, those without a blank in their name.
func unpack(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	for _, file := range archive.Files {
		if strings.Contains(file.Name, " ") {
			continue
		}
		path := filepath.Join(dir, file.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func planned(t *testing.T, dir, what, modes string) string {
	t.Helper()
	naming := checkout.Naming{Project: "shop", Base: "shop"}
	if what == "want-apart" {
		naming = checkout.Naming{Project: "shop-login-1a2b3c", Base: "shop", Suffix: "login-1a2b3c", Cause: "this is the linked git worktree login"}
	}
	in := input(t, dir, modes, naming)
	switch what {
	case "want-trust":
		in.Trust = trust.Bundle{Place: "compose.yml:3", Content: "certificates"}
	case "want-agent", "differences":
		in.Agent = plan.Agent{Path: "/devenv/agent.zip", Content: "the agent"}
	}
	before, err := in.Project.MarshalYAML()
	if err != nil {
		t.Fatal(err)
	}
	made, err := plan.Make(in)
	if err != nil {
		return "error: " + strings.ReplaceAll(err.Error(), dir, "DIR") + "\n"
	}
	if after, _ := in.Project.MarshalYAML(); string(after) != string(before) {
		t.Errorf("planning changed the caller's project:\n%s", after)
	}
	if what != "differences" {
		return strings.ReplaceAll(made.String(), dir, "DIR")
	}
	in.Modes = plan.Modes{}
	local, err := plan.Make(in)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, difference := range plan.Differences(in, local, made) {
		text.WriteString(difference.String() + "\n")
	}
	return text.String()
}

func input(t *testing.T, dir, modes string, naming checkout.Naming) plan.Input {
	t.Helper()
	loaded, err := project.Load(t.Context(), project.Request{
		Dir: dir, Naming: func(string, string, checkout.Source) (checkout.Naming, error) { return naming, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	in := plan.Input{
		Project: loaded.Compose, Extensions: loaded.Services, Dockerfiles: map[string]*dockerfile.File{},
		IsFile: func(path string) bool { info, err := os.Stat(path); return err == nil && !info.IsDir() },
		Modes:  plan.Modes{Services: map[string]string{}},
		Packages: func(service types.ServiceConfig) (plan.Packages, bool) {
			for _, volume := range service.Volumes {
				if lock, err := os.ReadFile(filepath.Join(volume.Source, "uv.lock")); err == nil {
					return plan.Packages{Folder: volume.Target, Asked: string(lock)}, true
				}
			}
			return plan.Packages{}, false
		},
		Naming: loaded.Naming(), Shared: loaded.Extension.Volumes,
	}
	for _, choice := range strings.Split(modes, ",") {
		if service, mode, single := strings.Cut(choice, "="); single {
			in.Modes.Services[service] = mode
		} else {
			in.Modes.Project = choice
		}
	}
	dockerfiles, err := filepath.Glob(filepath.Join(dir, "Dockerfile*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range dockerfiles {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if in.Dockerfiles[path], err = dockerfile.Parse(filepath.Base(path), content); err != nil {
			t.Fatal(err)
		}
	}
	return in
}
