package compare

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"devenv/devenv/image"
)

// sample is a report as Compare makes them.
func sample() Report {
	return Report{
		Service: "api",
		Modes: []Mode{
			{Mode: "local", Target: "local", Image: "shop-api", Size: 300_000_000, Shared: 100_000_000, Packages: 37, Layers: []Layer{
				{Instruction: "ADD rootfs.tar /", Size: 100_000_000, Shared: true}, {Instruction: "RUN uv sync", Size: 199_990_000},
				{Instruction: "COPY a b", Size: 10_000},
			}},
			{Mode: "prod", Target: "prod", Image: "shop-api:prod", Size: 150_000_000, Shared: 100_000_000, Packages: 27, Layers: []Layer{
				{Instruction: "ADD rootfs.tar /", Size: 100_000_000, Shared: true}, {Instruction: "COPY /.venv /.venv", Size: 50_000_000},
			}},
		},
		Settings: []Setting{
			{Key: "user", Values: map[string]string{"local": "root", "prod": "app"}, Differs: true},
			{Key: "command", Values: map[string]string{"local": `serve "<b>&`, "prod": `serve "<b>&`}},
		},
		Packages: []Package{{Name: "pytest", Versions: map[string]string{"local": "9.2.0"}}},
		Tools:    []Tool{{Kind: "uv", Name: "uv", Paths: map[string]string{"local": "/usr/bin/uv"}}},
		Files: []Path{
			{Path: "/usr/bin/env", Sizes: map[string]int64{"local": 1, "prod": 2}, Differs: Content},
			{Path: "/src/app", Folder: true, Sizes: map[string]int64{"prod": 12_345}, Count: map[string]int{"prod": 9}},
			{Path: "/usr/bin/uv", Sizes: map[string]int64{"local": 52_000_000}, Count: map[string]int{"local": 1}},
		},
		Promises: []Promise{{Promise: "not root", Kept: true, Evidence: "runs as app"}, {Promise: "no tests", Evidence: "/src/tests"}},
	}
}

const wantTables = `
images: MODE|TARGET|IMAGE|SIZE|SHARED|LAYERS|PACKAGES
local|local|shop-api|300 MB|100 MB|3|37
prod|prod|shop-api:prod|150 MB|100 MB|2|27
layers: LAYER|LOCAL|PROD
RUN uv sync|200 MB|-
ADD rootfs…|100 MB|100 MB
and 2 lighter instructions
settings: WHAT|MODE|VALUE
user|local|root
|prod|app
command|local, prod|serve "<b>&
packages that differ: PACKAGE|LOCAL|PROD
pytest|9.2.0|-
uv, compilers, debuggers: TOOL|LOCAL|PROD
uv|/usr/bin/uv|-
files that differ: PATH|LOCAL|PROD
…sr/bin/env (content)|1 B|2 B
/src/app/|-|12.3 kB
and 1 more path
`

// A report reads as tables, cut to what is asked for.
func TestTables(t *testing.T) {
	var text strings.Builder
	report := sample()
	for _, table := range report.Tables(Shape{Rows: 2, Width: 11}) {
		text.WriteString("\n" + table.Title + ": " + strings.Join(table.Heading, "|"))
		for _, row := range table.Rows {
			text.WriteString("\n" + strings.Join(row, "|"))
		}
		if table.Note != "" {
			text.WriteString("\n" + table.Note)
		}
	}
	if got := text.String() + "\n"; got != wantTables {
		t.Errorf("got %s\nwant %s", got, wantTables)
	}
	if broken := report.Broken(); len(broken) != 1 || broken[0].Promise != "no tests" {
		t.Errorf("broken: %v", broken)
	}
}

// A folder that is not everywhere is one line, what is owned as its folder is none, and what lies beside a folder whose
// name begins alike is not in it.
func TestFiles(t *testing.T) {
	folder := func(name string, uid int) image.File {
		return image.File{Path: name, Mode: fs.ModeDir | 0o755, UID: uid}
	}
	file := func(name string, uid int, size int64, digest string) image.File {
		return image.File{Path: name, Mode: 0o644, UID: uid, Size: size, Digest: digest}
	}
	got := files([]string{"local", "prod"}, [][]image.File{
		{folder("/dev", 0), folder("/a", 0), folder("/a/x", 0), file("/a/x/one", 0, 5, "1"), file("/a/x/two", 0, 6, "2"), file("/a-b", 0, 7, "3"),
			folder("/v", 1), file("/v/same", 1, 1, "4"), file("/v/other", 1, 100, "5"), folder("/v/d", 1), file("/v/d/in", 1, 1, "6"),
			file("/c.pyc", 0, 9, "7"), {Path: "/link", Mode: fs.ModeSymlink, Link: "a"}},
		{folder("/a", 0), file("/a-b", 0, 7, "3"), folder("/v", 0), file("/v/same", 0, 1, "4"), file("/v/other", 0, 120, "8"), folder("/v/d", 0),
			file("/v/d/in", 0, 1, "6"), file("/c.pyc", 0, 9, "9"), {Path: "/link", Mode: fs.ModeSymlink, Link: "b"}, file("/p", 0, 3, "a")},
	})
	var text strings.Builder
	for _, line := range got {
		fmt.Fprintln(&text, line.Path, line.Folder, line.Differs, line.Sizes, line.Count)
	}
	const want = `/v/other false content map[local:100 prod:120] map[local:1 prod:1]
/a/x true  map[local:11] map[local:3]
/p false  map[prod:3] map[prod:1]
/link false content map[local:0 prod:0] map[local:1 prod:1]
/v false owner or mode map[local:0 prod:0] map[local:1 prod:1]
`
	if text.String() != want {
		t.Errorf("got %s\nwant %s", text.String(), want)
	}
}

// A server that has to start as root, and starts others as a user, keeps its promise.
func TestNotRoot(t *testing.T) {
	root := image.User{Name: "root", Resolved: true}
	for want, got := range map[string]Promise{
		"true starts as root, serves as another user": notRoot(root, true),
		"false runs as root":                          notRoot(root, false),
		"true runs as app (7)":                        notRoot(image.User{Name: "app", UID: 7, Resolved: true}, true),
		"false app is not in its /etc/passwd":         notRoot(image.User{Name: "app"}, true),
	} {
		if got := fmt.Sprint(got.Kept, " ", got.Evidence); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestSize(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 12_345: "12.3 kB", 99_949: "99.9 kB", 99_950: "100 kB", 999_499: "999 kB",
		999_500: "1.0 MB", 317_655_167: "318 MB", 4_700_000_000: "4.7 GB", 5e15: "5000 TB",
	} {
		if got := Size(bytes); got != want {
			t.Errorf("%d: %s, want %s", bytes, got, want)
		}
	}
}
