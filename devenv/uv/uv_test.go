package uv

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func line(args []string) string { return strings.Join(args, " ") }

// A lock file that does not have what pyproject.toml requires is found out; where only uv can know, nothing is said.
func TestStale(t *testing.T) {
	const locked = "version = 1\n[[package]]\nname = \"shop-api\"\nsource = { virtual = \".\" }\n[package.metadata]\nrequires-dist = [\n" +
		"    { name = \"fastapi\", extras = [\"all\"], specifier = \">=0.1,<1\" },\n    { name = \"lib\", directory = \"lib\" },\n" +
		"    { name = \"uvloop\", marker = \"sys_platform == 'linux'\", specifier = \">=0.2\" },\n]\n"
	const uvloop, lib, fastapi = `"uvloop>=0.2; sys_platform == 'linux'"`, `"lib"`, `"FastAPI[all] <1, >=0.1"`
	for _, c := range []struct{ what, dependencies, want string }{
		{"the same, spelled otherwise", fastapi + "," + lib + "," + uvloop, ""},
		{"one more", fastapi + "," + lib + "," + uvloop + `, "httpx"`, "httpx is not in it"},
		{"another version", `"fastapi>=0.2,<1",` + lib + "," + uvloop, "it has fastapi[all]<1,>=0.1, not fastapi<1,>=0.2"},
		{"one less", fastapi + "," + uvloop, "lib is not required any more"},
		{"another marker is for uv", fastapi + "," + lib + `, "uvloop>=0.3; sys_platform != 'win32'"`, ""},
		{"an address is for uv", fastapi + "," + uvloop + `, "lib @ https://example.com/lib-1.tar.gz"`, ""},
		{"a suffix is for uv", `"fastapi>=0.2rc1",` + lib + "," + uvloop, ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			files := Files{lockFile: []byte(locked), projectFile: []byte("[project]\nname = \"Shop_API\"\ndependencies = [" + c.dependencies + "]\n")}
			if got := files.Stale(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if got := (Files{projectFile: []byte("[project]\nname = \"shop\"\ndependencies = [\"httpx\"]\n")}).Stale(); got != "" {
		t.Errorf("no lock file: got %q", got)
	}
}

// What pyproject.toml says beside its dependencies is compared too, and a lock file only fits where nothing can have been
// missed. What is wanted is what uv 0.8.17 answers to `uv lock --check`.
func TestFits(t *testing.T) {
	const locked = "version = 1\nrevision = 3\nrequires-python = \">=3.11, <4\"\n[manifest]\n" +
		"constraints = [{ name = \"dep\", specifier = \"<3\" }]\noverrides = [{ name = \"dep\", specifier = \"<4\" }]\n" +
		"[[package]]\nname = \"demo\"\nversion = \"0.1.0\"\nsource = { virtual = \".\" }\n" +
		"[package.metadata]\nprovides-extras = [\"x\"]\n[package.metadata.requires-dev]\ndev = []\ndocs = []\n"
	const project = "[project]\nname = \"demo\"\nversion = \"0.1.0\"\nrequires-python = \">=3.11,<4\"\ndependencies = []\n" +
		"[project.optional-dependencies]\nx = []\n[dependency-groups]\ndev = []\ndocs = [{include-group = \"dev\"}]\n" +
		"[tool.uv]\npackage = false\nconstraint-dependencies = [\"dep<3\"]\noverride-dependencies = [\"dep<4\"]\n"
	for _, c := range []struct {
		old, now, why string
		fits          bool
	}{
		{"", "", "", true},
		{`"0.1.0"`, `"0.1"`, "", true},
		{`"0.1.0"`, `"0.2.0"`, "it has version 0.1.0, not 0.2.0", false},
		{`"0.1.0"`, `"0.1.0rc1"`, "", false},
		{`">=3.11,<4"`, `"~=3.11,!=3.11.2"`, "", true},
		{`">=3.11,<4"`, `">=3.10,<4"`, "it is for Python >=3.11, <4, not >=3.10,<4", false},
		{`">=3.11,<4"`, `">=3.11"`, "it is for Python >=3.11, <4, not >=3.11", false},
		{"requires-python = \">=3.11,<4\"\n", "", "", false},
		{"docs =", "new = []\ndocs =", "group new is not in it", false},
		{"docs = [{include-group = \"dev\"}]\n", "", "group docs is not defined any more", false},
		{"docs =", "Docs =", "", true},
		{`[{include-group = "dev"}]`, `["httpx"]`, "group docs: httpx is not in it", false},
		{"x = []", "X = []\nz = []", "extra z is not in it", false},
		{"x = []\n", "", "extra x is not defined any more", false},
		{"x = []\n", "x = [\"httpx>=1\"]\n", "extra x: httpx is not in it", false},
		{`["dep<3"]`, `["dep < 3.00"]`, "", true},
		{`["dep<3"]`, `["dep<3.1"]`, "constraints: it has dep<3, not dep<3.1", false},
		{"override-dependencies = [\"dep<4\"]\n", "", "overrides: dep is not required any more", false},
		{"package = false", "build-constraint-dependencies = [\"setuptools<80\"]", "build constraints: setuptools is not in it", false},
		{"package = false", "package = true", "it does not install the project, which is a package", false},
		{"[tool.uv]\npackage = false", "[build-system]\nrequires = []\n[tool.uv]", "it does not install the project, which is a package", false},
		{"package = false", "resolution = \"lowest\"", "", false},
		{`"demo"`, `"Demo"`, "", true},
		{`"demo"`, `"other"`, "it is of the project demo, not other", false},
	} {
		files := Files{lockFile: []byte(locked), projectFile: []byte(strings.Replace(project, c.old, c.now, 1))}
		if why, fits := files.Stale(), files.Fits(); why != c.why || fits != c.fits {
			t.Errorf("%s -> %s: got %q, %v", c.old, c.now, why, fits)
		}
	}
	if (Files{projectFile: []byte(project)}).Fits() {
		t.Error("there is no lock file")
	}
}

// What a request takes is decided before anything is done: where a package is installed from a folder of the project, uv
// resolves in the stage and installs in the project's own place.
func TestDecide(t *testing.T) {
	virtual := Files{lockFile: []byte("[[package]]\nname = \"shop\"\nsource = { virtual = \".\" }\n")}
	editable := Files{lockFile: []byte("[[package]]\nname = \"shop\"\nsource = { editable = \".\" }\n")}
	for _, c := range []struct {
		files   Files
		command Command
		args    []string
		image   []string
		stage   string
		place   string
		changes bool
	}{
		{virtual, Add, []string{"httpx", "--dev"}, nil, "add httpx --dev", "", true},
		{virtual, Add, []string{"httpx", "--no-sync"}, nil, "add httpx --no-sync", "", false},
		{virtual, Lock, []string{"--check"}, nil, "lock --check", "", false},
		{virtual, Deps, []string{"--outdated"}, nil, "tree --outdated", "", false},
		{virtual, Upgrade, nil, nil, "sync --upgrade", "", true},
		{virtual, Upgrade, []string{"httpx", "--no-dev"}, nil, "sync --upgrade-package httpx --no-dev", "", true},
		{editable, Add, []string{"httpx", "--optional=net"}, nil, "add --no-sync httpx --optional=net", "sync --frozen --extra net --inexact", true},
		{editable, Add, []string{"httpx", "--frozen"}, nil, "add httpx --frozen", "", false},
		{editable, Remove, []string{"httpx", "--package", "a"}, nil, "remove --no-sync httpx --package a", "sync --frozen", true},
		{virtual, Remove, []string{"httpx", "--package=a"}, nil, "remove --no-sync httpx --package=a", "sync --frozen", true},
		{editable, Add, []string{"--package", "a", "httpx"}, nil, "add --no-sync --package a httpx", "sync --frozen --package a --inexact", true},
		{editable, Add, []string{"--package", "a", "httpx"}, []string{"--all-packages"}, "add --no-sync --package a httpx", "sync --frozen --all-packages --inexact", true},
		{editable, Add, []string{"--package", "a", "httpx"}, []string{"--package", "b", "--no-dev"}, "add --no-sync --package a httpx", "sync --frozen --package b --no-dev --inexact", true},
		{editable, Remove, []string{"--package", "a", "httpx"}, []string{"--all-packages"}, "remove --no-sync --package a httpx", "sync --frozen --all-packages", true},
		{editable, Add, []string{"httpx", "--optional", "net"}, []string{"--all-extras"}, "add --no-sync httpx --optional net", "sync --frozen --all-extras --inexact", true},
		{editable, Sync, []string{"--all-extras", "-P", "httpx"}, nil, "lock -P httpx", "sync --frozen --all-extras", true},
		{editable, Sync, []string{"--locked"}, nil, "", "sync --locked", true},
		{virtual, Add, []string{"httpx"}, []string{"--no-dev", "--extra", "net"}, "add --no-sync httpx", "sync --frozen --no-dev --extra net --inexact", true},
		{virtual, Add, []string{"httpx", "--dev"}, []string{"--no-dev"}, "add httpx --dev", "", true},
		{virtual, Add, []string{"httpx", "--group=lint"}, []string{"--no-dev", "--no-group", "lint"}, "add --no-sync httpx --group=lint", "sync --frozen --no-dev --group lint --inexact", true},
		{virtual, Add, []string{"httpx"}, []string{"--no-install-project"}, "add httpx", "", true},
		{editable, Remove, []string{"httpx"}, []string{"--no-install-project"}, "remove --no-sync httpx", "sync --frozen --no-install-project", true},
		{virtual, Sync, nil, []string{"--no-dev"}, "sync --no-dev", "", true},
		{virtual, Sync, []string{"--all-groups"}, []string{"--no-dev"}, "sync --all-groups", "", true},
		{virtual, Sync, []string{"--no-dev"}, []string{"--all-packages", "--group", "lint", "--all-extras"}, "sync --no-dev --all-packages --all-extras", "", true},
		{virtual, Sync, []string{"--package=a"}, []string{"--all-packages", "--no-dev", "--no-install-project"}, "sync --package=a --no-dev --no-install-project", "", true},
		{editable, Upgrade, []string{"--extra", "net"}, []string{"--all-packages", "--all-extras"}, "lock --upgrade", "sync --frozen --extra net --all-packages", true},
		{editable, Upgrade, []string{"--package", "a", "httpx"}, nil, "lock --upgrade-package httpx", "sync --frozen --package a", true},
		{editable, Upgrade, []string{"--package"}, nil, "sync --package --upgrade", "", true},
		{editable, Sync, []string{"-P", "httpx", "--group"}, []string{"--all-packages"}, "sync -P httpx --group --all-packages", "", true},
	} {
		steps := Decide(Request{c.command, c.args, c.image}, c.files)
		if got := line(steps.Stage); got != c.stage {
			t.Errorf("%s %v: stage: got %q, want %q", c.command, c.args, got, c.stage)
		}
		if got := line(steps.Place); got != c.place {
			t.Errorf("%s %v: place: got %q, want %q", c.command, c.args, got, c.place)
		}
		if reads := c.command == Deps || c.command == Lock; steps.Reads() != reads {
			t.Errorf("%s %v: reads: got %v", c.command, c.args, steps.Reads())
		}
		if steps.Installs() != c.changes {
			t.Errorf("%s %v: installs: got %v", c.command, c.args, steps.Installs())
		}
	}
}

// A folder that was just added is installed once more from its own place, as the stage's does not last.
func TestRest(t *testing.T) {
	before := Files{lockFile: []byte("[[package]]\nname = \"shop\"\nsource = { virtual = \".\" }\n")}
	now := Files{lockFile: append(before[lockFile], "[[package]]\nname = \"parcel\"\nsource = { editable = \"parcel\" }\n"...)}
	steps := Decide(Request{Command: Add, Args: []string{"--editable", "./parcel"}}, before)
	if got, want := line(steps.Rest(before, now)), "sync --frozen --inexact --reinstall-package parcel"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := steps.Rest(before, before); got != nil {
		t.Errorf("nothing came from a folder: got %q", got)
	}
}

// Credentials reach uv by the names of the indexes that the project has: those of the environment first, then netrc's.
func TestCredentials(t *testing.T) {
	files := Files{projectFile: []byte(`
[[tool.uv.index]]
name = "our-own"
url = "https://packages.example.com/simple"
[[tool.uv.index]]
name = "other"
url = "https://other.example.com/simple"
[[tool.uv.index]]
name = "third"
url = "https://third.example.com/simple"
`)}
	netrc := "machine other.example.com login ann password a1\nmachine packages.example.com\n  login bob\n  password b2\nmachine unrelated login x password y\n"
	got := Credentials(files, []string{"HOME=/root", "UV_INDEX_OTHER_USERNAME=me", "UV_INDEX_OTHER_PASSWORD=secret", "UV_INDEX_URL=x"}, Stores{Netrc: netrc})
	want := "UV_INDEX_OTHER_USERNAME=me UV_INDEX_OTHER_PASSWORD=secret UV_INDEX_OUR_OWN_USERNAME=bob UV_INDEX_OUR_OWN_PASSWORD=b2"
	if line(got) != want {
		t.Errorf("got  %s\nwant %s", line(got), want)
	}
}

// Files on the host appear whole, with the mode that they had; nothing is written over what somebody else has saved.
func TestWrite(t *testing.T) {
	project := Project{Host: t.TempDir(), Workdir: "."}
	path := filepath.Join(project.Host, projectFile)
	if err := errors.Join(os.WriteFile(path, []byte("[project]\r\n"), 0o600), os.Chmod(path, 0o664)); err != nil {
		t.Fatal(err)
	}
	before, err := project.Read()
	if err != nil {
		t.Fatal(err)
	}
	now := Files{projectFile: []byte("[project]\r\nname = \"x\"\r\n"), lockFile: []byte("version = 1\n")}
	if changed, err := project.Write(before, now); err != nil || line(changed) != "pyproject.toml uv.lock" {
		t.Fatalf("changed %v: %v", changed, err)
	}
	info, err := os.Stat(path)
	content, _ := os.ReadFile(path)
	if err != nil || info.Mode().Perm() != 0o664 || string(content) != string(now[projectFile]) {
		t.Errorf("%v %q: %v", info.Mode(), content, err)
	}
	if _, err := project.Write(before, Files{projectFile: []byte("other")}); err == nil {
		t.Error("a file that was changed meanwhile was overwritten")
	}
	entries, _ := os.ReadDir(project.Host)
	if len(entries) != 2 {
		t.Errorf("left behind: %v", entries)
	}
}

// Of a Dockerfile's `uv sync` what chooses packages is used, and nothing else.
func TestChoosing(t *testing.T) {
	for text, want := range map[string]string{
		"--locked --no-dev --no-install-project --python .venv/bin/python": "--no-dev --no-install-project",
		"--extra=net --group lint -q --no-editable":                        "--extra net --group lint",
		"--group $GROUP --all-extras":                                      "--all-extras",
		"--frozen":                                                         "",
	} {
		if got := strings.Join(Choosing(strings.Fields(text)), " "); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// The members of a workspace are staged also if the lock file does not know them yet.
func TestNewMembers(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		projectFile: "[tool.uv.workspace]\nmembers = [\"packages/*\"]\n", "packages/new/" + projectFile: "[project]\n", "packages/none/README": "",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := Project{Host: dir, Workdir: "."}.Read()
	if got := slices.Sorted(maps.Keys(files)); err != nil || !slices.Equal(got, []string{"packages/new/" + projectFile, projectFile}) {
		t.Errorf("got %q, %v", got, err)
	}
}
