package uv

import (
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
		{"another version", `"fastapi>=0.2,<1",` + lib + "," + uvloop, "it has fastapi<1,>=0.1, not fastapi<1,>=0.2"},
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

// What a request takes is decided before anything is done: where a package is installed from a folder of the project, uv
// resolves in the stage and installs in the project's own place.
func TestDecide(t *testing.T) {
	virtual := Files{lockFile: []byte("[[package]]\nname = \"shop\"\nsource = { virtual = \".\" }\n")}
	editable := Files{lockFile: []byte("[[package]]\nname = \"shop\"\nsource = { editable = \".\" }\n")}
	for _, c := range []struct {
		files   Files
		command Command
		args    []string
		stage   string
		place   string
		changes bool
	}{
		{virtual, Add, []string{"httpx", "--dev"}, "add httpx --dev", "", true},
		{virtual, Add, []string{"httpx", "--no-sync"}, "add httpx --no-sync", "", false},
		{virtual, Lock, []string{"--check"}, "lock --check", "", false},
		{virtual, Deps, []string{"--outdated"}, "tree --outdated", "", false},
		{virtual, Upgrade, nil, "sync --upgrade", "", true},
		{virtual, Upgrade, []string{"httpx", "--no-dev"}, "sync --upgrade-package httpx --no-dev", "", true},
		{editable, Add, []string{"httpx", "--optional=net"}, "add --no-sync httpx --optional=net", "sync --frozen --extra net --inexact", true},
		{editable, Add, []string{"httpx", "--frozen"}, "add httpx --frozen", "", false},
		{editable, Remove, []string{"httpx", "--package", "a"}, "remove --no-sync httpx --package a", "sync --frozen --package a", true},
		{editable, Sync, []string{"--all-extras", "-P", "httpx"}, "lock -P httpx", "sync --frozen --all-extras", true},
		{editable, Sync, []string{"--locked"}, "", "sync --locked", true},
	} {
		steps := Decide(Request{c.command, c.args}, c.files)
		if got := line(steps.Stage); got != c.stage {
			t.Errorf("%s %v: stage: got %q, want %q", c.command, c.args, got, c.stage)
		}
		if got := line(steps.Place); got != c.place {
			t.Errorf("%s %v: place: got %q, want %q", c.command, c.args, got, c.place)
		}
		if steps.Installs() != c.changes {
			t.Errorf("%s %v: installs: got %v", c.command, c.args, steps.Installs())
		}
	}
}
