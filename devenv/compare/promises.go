package compare

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"devenv/devenv/image"
	"devenv/devenv/plan"
	"devenv/devenv/secret"
)

// Promise is what one expects of an image of production.
type Promise struct {
	Promise  string `json:"promise"`
	Kept     bool   `json:"kept"`
	Evidence string `json:"evidence,omitempty"` // what keeps or breaks it
}

// promises are those of mode prod, in the order in which a reader asks.
func promises(prod Variant, all []Variant, development []string) []Promise {
	list := []Promise{
		notRoot(prod.Container.User(), prod.DropsRoot),
		starts(prod.Container),
	}
	if prod.Container.Config.Checks() { // one without a healthcheck has none that cannot run
		list = append(list, checks(prod.Container))
	}
	list = append(list,
		without("no debugger", toolsOf(prod, image.Debugger)),
		without("no compiler", toolsOf(prod, image.Compiler)),
		without("no uv", toolsOf(prod, image.Installer)),
		without("no development packages", installed(prod.Image, development)),
		without("no tests", prod.Image.Tests()),
		without("no .git", prod.Image.Repositories()),
		without("no reload, no debug mode", debugMode(prod)),
		without("no secrets", secrets(prod.Image)),
		without("no source mount", prod.Mounts),
	)
	for _, other := range all {
		if other.Mode == plan.Local {
			list = append(list, small(prod.Image, other.Image))
		}
	}
	return list
}

// without is a promise that nothing of a kind is there.
func without(promise string, found []string) Promise {
	return Promise{Promise: promise, Kept: len(found) == 0, Evidence: few(found)}
}

// few are the first of many words.
func few(words []string) string {
	const shown = 4
	if len(words) <= shown {
		return strings.Join(words, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:shown], ", "), len(words)-shown)
}

func notRoot(user image.User, drops bool) Promise {
	evidence := fmt.Sprintf("runs as %s (%d)", user.Name, user.UID)
	switch {
	case !user.Resolved:
		evidence = fmt.Sprintf("%s is not in its /etc/passwd", user.Name)
	case user.Root() && drops:
		return Promise{Promise: "not root", Kept: true, Evidence: "starts as root, serves as another user"}
	case user.Name == strconv.Itoa(user.UID), user.Root():
		evidence = "runs as " + user.Name
	}
	return Promise{Promise: "not root", Kept: user.Resolved && !user.Root(), Evidence: evidence}
}

// starts asks for the first program: what an entrypoint makes of the rest, its text does not say.
func starts(container image.Image) Promise {
	first := slices.Concat(container.Config.Entrypoint, container.Config.Cmd)
	return runnable("its program can run", container, image.Programs(first...))
}

func checks(container image.Image) Promise {
	return runnable("a healthcheck that can run", container, container.Config.Healthcheck.Programs(container.Config))
}

func runnable(promise string, container image.Image, programs []string) Promise {
	for _, program := range programs {
		if _, err := container.Which(program); err != nil {
			return Promise{Promise: promise, Evidence: err.Error()}
		}
	}
	return Promise{Promise: promise, Kept: true, Evidence: few(programs)}
}

func toolsOf(v Variant, kind image.Kind) []string {
	var names []string
	for _, tool := range v.Image.Tools() {
		if tool.Kind == kind && !slices.Contains(names, tool.Name) {
			names = append(names, tool.Name)
		}
	}
	return names
}

func installed(of image.Image, names []string) []string {
	var found []string
	for _, p := range of.Packages() {
		if slices.Contains(names, p.Name) && !slices.Contains(found, p.Name) {
			found = append(found, p.Name)
		}
	}
	return found
}

// debugging is a variable by which a program serves differently while it is developed.
var debugging = regexp.MustCompile(`(?:^|_)DEBUG$|^(?:PYTHONDEVMODE|FLASK_ENV|NODE_ENV|UVICORN_RELOAD|RELOAD)$`)

// debugMode is what in the command and the environment belongs to development.
func debugMode(prod Variant) []string {
	var found []string
	config := prod.Container.Config
	if word := plan.LocalWord(slices.Concat(config.Entrypoint, config.Cmd)); word != "" {
		found = append(found, word)
	}
	for _, pair := range config.Env {
		name, value, _ := strings.Cut(pair, "=")
		switch strings.ToLower(value) {
		case "1", "true", "yes", "on", "y", "t", "dev", "development":
			if debugging.MatchString(name) {
				found = append(found, pair)
			}
		}
	}
	return found
}

// secretFile is a file that is there to hold a secret.
var secretFile = regexp.MustCompile(`(?:^|/)(?:\.env(?:\.[a-z]+)?|[a-z0-9_.-]+\.env|id_(?:rsa|dsa|ecdsa|ed25519)|\.netrc|\.pypirc|\.npmrc|\.pgpass|\.git-credentials|[a-z0-9_-]+\.p12)$`)

// example is a file that shows which secrets there are, without any.
var example = regexp.MustCompile(`(?:example|sample|template|dist)`)

// secrets are where the image itself holds a secret: its environment, its instructions, its files, also those that a
// later layer hides. Values are not shown.
func secrets(of image.Image) []string {
	var found []string
	for _, pair := range of.Config.Env {
		if name, value, _ := strings.Cut(pair, "="); secret.Masked(name, value) != value {
			found = append(found, "ENV "+name)
		}
	}
	for _, layer := range of.Layers {
		if secret.Text(layer.Instruction) != layer.Instruction {
			found = append(found, "an instruction: "+secret.Text(layer.Instruction))
		}
	}
	for _, file := range slices.Concat(of.Files(), of.Hidden()) {
		if file.Mode.IsRegular() && !image.Foreign(file.Path) && secretFile.MatchString(file.Path) && !example.MatchString(path.Base(file.Path)) {
			found = append(found, file.Path)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// small is not larger, but for a hundredth: prod may have files of its own.
func small(prod, local image.Image) Promise {
	weight := func(of image.Image) (size int64) {
		for _, layer := range of.Layers {
			size += layer.Size
		}
		return size
	}
	ours, theirs := weight(prod), weight(local)
	return Promise{Promise: "no larger than local", Kept: ours <= theirs+theirs/100, Evidence: fmt.Sprintf("%s, local has %s", Size(ours), Size(theirs))}
}
