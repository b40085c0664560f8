package devenv

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"devenv/devenv/doctor"
	"devenv/devenv/engine"
	"devenv/devenv/image"
	"devenv/devenv/plan"
	"devenv/devenv/term"
)

// Every rule has an archive of two small projects, and one more if it also asks built images: of bad every finding of
// every rule is wanted, and good has none.
func TestDoctorRules(t *testing.T) {
	t.Parallel()
	for _, rule := range doctor.Rules() {
		archives, err := filepath.Glob(filepath.Join("doctor", "testdata", "rules", rule.Name+".*txtar"))
		if err != nil || len(archives) == 0 {
			t.Errorf("%s: no archive, %v", rule.Name, err)
		}
		for _, path := range archives {
			t.Run(filepath.Base(path), func(t *testing.T) {
				t.Parallel()
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
}

// The slips of the two documents that devenv began with are found in copies of their files, and nothing else.
func TestDoctorSeeds(t *testing.T) {
	t.Parallel()
	for _, seed := range []string{"fastapi", "django"} {
		dir := t.TempDir()
		folder := filepath.Join("doctor", "testdata", "seeds", seed)
		path := folder + ".txtar"
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		unpackIn(t, dir, archive)
		if err := os.CopyFS(dir, os.DirFS(folder)); err != nil {
			t.Fatal(err)
		}
		wanted(t, path, archive, findings(t, dir, archive))
	}
}

// The examples have no fault that the doctor knows of.
func TestDoctorExamples(t *testing.T) {
	t.Parallel()
	for example, locked := range map[string]string{"fastapi": "src", "django": "backend", "gosvc": ""} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "examples", example))); err != nil {
			t.Fatal(err)
		}
		if locked != "" { // whoever clones the repository makes the lock: it would name a registry
			write(t, filepath.Join(dir, locked, "uv.lock"), "version = 1\n")
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
	unpackIn(t, dir, archive)
	return dir
}

func unpackIn(t *testing.T, dir string, archive *txtar.Archive) {
	t.Helper()
	for _, file := range archive.Files {
		write(t, filepath.Join(dir, filepath.FromSlash(file.Name)), string(file.Data))
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// opening is held while a project is opened: the warnings of its variables come through a logger that the whole process has,
// which a program opens once.
var opening sync.Mutex

// findings are what the doctor says of a project, a line each. The comment of an archive says what is so in the world
// around it: a line "git FILE..." has git know these files, "uid N" is who runs devenv, "build MODE" has the engine build
// its images, "base IMAGE LOCAL" has a local image stand for a base image. FOLDER.host.json beside a project is the machine; where there is none nothing is known of it.
func findings(t *testing.T, dir string, archive *txtar.Archive) string {
	t.Helper()
	world := surroundings(t, dir, string(archive.Comment))
	var errors bytes.Buffer
	opening.Lock()
	env, err := Open(t.Context(), Settings{
		Dir: dir, Env: append(os.Environ(), "HOME="+dir, "COMPOSE_PROJECT_NAME="+projectName(dir)), Out: &errors, Err: &errors,
		Term: term.New(&errors, &errors, term.Color{}, false), Now: t.Context(), UID: world.uid,
	})
	opening.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	defer env.Close()
	in, err := env.doctorInput()
	if err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(dir + ".host.json"); err == nil {
		if err := json.Unmarshal(content, &in.Host); err != nil {
			t.Fatal(err)
		}
	}
	if world.base != nil {
		lookBelow(t, env, &in, world.base)
	}
	if world.build != "" {
		lookInto(t, env, &in, world.build)
	}
	report, err := env.diagnose(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, f := range report.Findings {
		fmt.Fprintf(&text, "%s [%s]\n", f.Line(env.project.Rel), f.Rule)
	}
	return text.String()
}

// lookInto has the engine build the images of a mode, and looks at these alone.
func lookInto(t *testing.T, env *Environment, in *doctor.Input, mode string) {
	t.Helper()
	if err := env.Build(t.Context(), BuildOptions{Mode: mode}); err != nil {
		t.Fatal("the engine that `make engine` provides is needed: ", err)
	}
	t.Cleanup(func() {
		again, err := engine.Connect(context.Background(), env.stack.Endpoint())
		if err != nil {
			t.Error(err)
			return
		}
		for _, name := range withBuild(in.Plans[mode].Project.Services) {
			ref := plan.ImageName(in.Plans[mode].Project.Name, in.Plans[mode].Project.Services[name])
			if err := again.RemoveImage(context.Background(), ref); err != nil {
				t.Error(err)
			}
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	})
	in.Plans = map[string]plan.Plan{mode: in.Plans[mode]}
	if err := env.askImages(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

// lookBelow lets images stand for the base images of a project, which a machine without a registry does not have.
func lookBelow(t *testing.T, env *Environment, in *doctor.Input, standIns map[string]string) {
	t.Helper()
	if err := env.connect(t.Context()); err != nil {
		t.Fatal("the engine that `make engine` provides is needed: ", err)
	}
	in.Base = func(ctx context.Context, reference string) (*image.Image, error) {
		if standIns[reference] == "" {
			return nil, nil
		}
		found, err := env.baseImage(ctx, standIns[reference])
		if found != nil {
			found.Ref = reference
		}
		return found, err
	}
}

// projectName is one that no other test has.
func projectName(dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return "doctor-" + hex.EncodeToString(sum[:6])
}

// world is what is around a project.
type world struct {
	uid   int
	build string
	base  map[string]string
}

// surroundings makes what the comment of an archive speaks of. The user is root where it speaks of none.
func surroundings(t *testing.T, dir, comment string) (around world) {
	t.Helper()
	for line := range strings.Lines(comment) {
		words := strings.Fields(line)
		switch {
		case len(words) < 2:
		case words[0] == "uid":
			around.uid, _ = strconv.Atoi(words[1])
		case words[0] == "build":
			around.build = words[1]
		case words[0] == "base":
			if around.base == nil {
				around.base = map[string]string{}
			}
			around.base[words[1]] = words[2]
		case words[0] == "git":
			run(t, dir, "git", "init", "-q")
			run(t, dir, "git", append([]string{"add", "-f"}, words[1:]...)...)
		}
	}
	return around
}

func run(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v: %s", program, args, err, output)
	}
}
