package devenv_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// owners says which packages alone may import a module or a package below it (DESIGN 2). Tests are free.
var owners = map[string][]string{
	"github.com/compose-spec/compose-go/v2/loader":        {"devenv/devenv/project", "devenv/devenv/stack"}, // stack names the type of a resource loader
	"github.com/compose-spec/compose-go/v2/cli":           {"devenv/devenv/project"},
	"github.com/moby/buildkit/frontend/dockerfile/parser": {"devenv/devenv/dockerfile"},
	"github.com/moby/buildkit/client":                     {"devenv/devenv/build", "devenv/devenv/dockerfile"}, // dockerfile names types of its checks
	"github.com/docker/compose":                           {"devenv/devenv/stack"},
	"github.com/docker/cli":                               {"devenv/devenv/stack"},
	"github.com/docker/docker":                            {"devenv/devenv/engine"},
	"github.com/fsnotify/fsnotify":                        {"devenv/devenv/watch"},
	"github.com/spf13/cobra":                              {"devenv/cmd/devenv"},
	"github.com/tailscale/hujson":                         {"devenv/devenv/debug/vscode"},
	"github.com/gofrs/flock":                              {"devenv/devenv/state"},
	"github.com/pelletier/go-toml":                        {"devenv/devenv/uv"},
	"github.com/go-delve/delve":                           {"devenv/devenv/debug/delve"},
	"github.com/google/go-dap":                            {"devenv/devenv/debug", "devenv/devenv/debug/daptest", "devenv/examples/editor"},
}

// arrows are the imports inside devenv that are allowed: data flows one way, from the files to the containers.
var arrows = map[string][]string{
	"cmd/devenv":           {"devenv", "devenv/fault", "devenv/term"},
	"devenv":               {"devenv/build", "devenv/checkout", "devenv/compare", "devenv/debug", "devenv/debug/delve", "devenv/debug/vscode", "devenv/dockerfile", "devenv/doctor", "devenv/document", "devenv/engine", "devenv/fault", "devenv/files", "devenv/hook", "devenv/host", "devenv/image", "devenv/live", "devenv/plan", "devenv/project", "devenv/reload", "devenv/reload/agent", "devenv/secret", "devenv/source", "devenv/stack", "devenv/state", "devenv/term", "devenv/trust", "devenv/uv", "devenv/watch", "profiles"},
	"devenv/plan":          {"devenv/checkout", "devenv/dockerfile", "devenv/fault", "devenv/hook", "devenv/project", "devenv/source", "devenv/trust"},
	"devenv/project":       {"devenv/checkout", "devenv/document", "devenv/fault", "devenv/hook", "devenv/secret", "devenv/trust", "profiles"},
	"profiles":             {"devenv/document", "devenv/fault", "devenv/hook", "devenv/secret"},
	"devenv/hook":          {},
	"devenv/host":          {"devenv/fault"},
	"devenv/files":         {"devenv/fault"},
	"devenv/doctor":        {"devenv/dockerfile", "devenv/engine", "devenv/fault", "devenv/image", "devenv/plan", "devenv/project", "devenv/secret", "devenv/shell", "devenv/source", "devenv/uv"},
	"devenv/document":      {"devenv/fault"},
	"devenv/build":         {"devenv/fault", "devenv/dockerfile", "devenv/trust"},
	"devenv/stack":         {"devenv/engine", "devenv/fault"},
	"devenv/dockerfile":    {"devenv/fault", "devenv/shell"},
	"devenv/engine":        {"devenv/fault"},
	"devenv/image":         {"devenv/engine", "devenv/fault", "devenv/shell"},
	"devenv/compare":       {"devenv/image", "devenv/plan", "devenv/secret"},
	"devenv/checkout":      {"devenv/state"},
	"devenv/state":         {"devenv/fault"},
	"devenv/term":          {"devenv/fault"},
	"devenv/fault":         {},
	"devenv/shell":         {},
	"devenv/secret":        {},
	"devenv/source":        {},
	"devenv/trust":         {},
	"devenv/watch":         {"devenv/fault", "devenv/source"},
	"devenv/reload":        {"devenv/source", "devenv/watch"},
	"devenv/reload/agent":  {},
	"devenv/live":          {"devenv/fault", "devenv/reload", "devenv/watch"},
	"devenv/debug":         {"devenv/fault"},
	"devenv/debug/daptest": {},
	"devenv/debug/delve":   {"devenv/fault"},
	"devenv/debug/vscode":  {"devenv/fault"},
	"devenv/uv":            {"devenv/engine", "devenv/fault", "devenv/files", "devenv/trust"},
	"examples/bench":       {"examples/editor"},
	"examples/demo":        {"examples/editor"},
	"examples/editor":      {},
}

// The import rules of the architecture hold for every package, and every package has a place in them.
func TestImports(t *testing.T) {
	for _, pkg := range packages(t) {
		own := strings.TrimPrefix(pkg.ImportPath, "devenv/")
		allowed, known := arrows[own]
		if !known {
			t.Errorf("%s: no place in the architecture; add it to arrows and to doc.go", own)
		}
		for _, imported := range pkg.Imports {
			if inside, ok := strings.CutPrefix(imported, "devenv/"); ok && !slices.Contains(allowed, inside) {
				t.Errorf("%s imports %s: the arrow is not in the architecture", own, inside)
			}
			for module, only := range owners {
				if within(imported, module) && !slices.Contains(only, pkg.ImportPath) {
					t.Errorf("%s imports %s, which belongs to %s", own, imported, strings.Join(only, ", "))
				}
			}
		}
	}
}

func within(imported, module string) bool {
	return imported == module || strings.HasPrefix(imported, module+"/")
}

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "devenv/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var pkg listed
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, pkg)
	}
}
