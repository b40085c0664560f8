package project

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"devenv/devenv/document"
	"devenv/devenv/fault"
	"devenv/devenv/secret"
)

// requirement is a variable that a line needs and that nobody sets.
type requirement struct {
	place  Origin
	name   string
	reason string
}

// missing lists every required variable that is not set. It is nil when none is found.
func (in *inputs) missing() error {
	var errs []error
	for _, r := range in.requirements() {
		errs = append(errs, in.missingError(r))
	}
	return errors.Join(errs...)
}

// waive has every required variable that is not set stand for 0, which a number, a text and a switch can be.
func (in *inputs) waive() {
	for _, r := range in.requirements() {
		in.env[r.name] = "0"
	}
}

// requirements are the required variables (${NAME:?reason}) that are not set, of all compose files in use; compose-go
// stops at the first file with one.
func (in *inputs) requirements() []requirement {
	t := in.tree()
	t.files() // reaches the files that extends brings in
	var all []requirement
	for _, u := range t.order {
		for _, root := range u.roots {
			document.Scalars(root, map[*yaml.Node]bool{}, func(node *yaml.Node) {
				for name, reason := range u.scope.unmet(node.Value) {
					place := u.origin(node)
					all = append(all, requirement{place: place, name: name, reason: reason})
				}
			})
		}
	}
	slices.SortStableFunc(all, func(a, b requirement) int {
		return cmp.Or(cmp.Compare(a.place.File, b.place.File), cmp.Compare(a.place.Line, b.place.Line), cmp.Compare(a.name, b.name))
	})
	return slices.Compact(all)
}

func (in *inputs) missingError(r requirement) error {
	return in.unset(in.place(r.place, r.place.Kind == ProfileFile), r)
}

// unfilled is a text of the profile that substitute has refused: a required variable is not set, or it is no valid variable.
func (in *inputs) unfilled(place, text string, err error) error {
	if !errors.As(err, new(*template.MissingRequiredError)) {
		return fault.New(fault.Usage, "%s: %q is no valid variable", place, secret.Text(text)).
			WithHint("write $$ for a dollar sign that is meant literally")
	}
	unmet := in.scope().unmet(text)
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(unmet)) {
		errs = append(errs, in.unset(place, requirement{name: name, reason: unmet[name]}))
	}
	return errors.Join(errs...)
}

func (in *inputs) unset(place string, r requirement) error {
	text := place + ": " + r.name + " is required and not set"
	if r.reason != "" {
		text += ": " + r.reason
	}
	return fault.New(fault.Usage, "%s", text).WithHint("set %s in %s or in the environment", r.name, in.rel(in.envFileToWrite()))
}

// envFileToWrite is the env file to name to somebody who has to set a variable.
func (in *inputs) envFileToWrite() string {
	if len(in.envFiles) > 0 {
		return in.envFiles[len(in.envFiles)-1]
	}
	return filepath.Join(in.workingDir(), ".env")
}

// unmet are the required variables of one text that are not set, with the reasons given. compose-go reports the
// first of a text, so each that it reports is taken as set and the text tried again.
func (s scope) unmet(text string) map[string]string {
	if !strings.Contains(text, "?") {
		return nil
	}
	found := map[string]string{}
	for {
		_, err := substitute(text, func(name string) (string, bool) {
			if _, taken := found[name]; taken {
				return "set", true
			}
			return s.mapping(name)
		})
		var missing *template.MissingRequiredError
		if !errors.As(err, &missing) {
			return found
		}
		if _, again := found[missing.Variable]; again {
			return found
		}
		found[missing.Variable] = missing.Reason
	}
}

// checkEnvFiles reports every required env file of a service that is not there, with the line that asks for it.
func (in *inputs) checkEnvFiles(project *types.Project) error {
	var errs []error
	for _, name := range project.ServiceNames() {
		for _, file := range project.Services[name].EnvFiles {
			_, err := os.Stat(file.Path)
			if errors.Is(err, fs.ErrNotExist) && bool(file.Required) {
				errs = append(errs, in.missingEnvFile(name, file.Path))
			}
		}
	}
	return errors.Join(errs...)
}

func (in *inputs) missingEnvFile(service, path string) error {
	hint := "create it, or let it be optional: {path: " + in.rel(path) + ", required: false}"
	for _, c := range slices.Backward(in.tree().contributions("services", service)) {
		for _, item := range envFileItems(second(document.Child(c.node, "env_file"))) {
			written := c.unit.strings(item.path)
			if len(written) == 1 && absoluteIn(c.unit.dir, in.expandHome(written[0])) == path {
				place := in.place(c.unit.origin(item.at), c.unit.profile != nil)
				return fault.New(fault.Usage, "%s: env_file %s: no such file", place, written[0]).WithHint("%s", hint)
			}
		}
	}
	return fault.New(fault.Usage, "services.%s: env_file %s: no such file", service, in.rel(path)).WithHint("%s", hint)
}

// envFileItem is one entry of env_file: the node to point to, and the one that holds the path.
type envFileItem struct{ at, path *yaml.Node }

// envFileItems are the entries of env_file in any of its forms: a path, a list of paths, a list of mappings.
func envFileItems(node *yaml.Node) []envFileItem {
	node = document.Follow(node)
	switch {
	case node == nil:
		return nil
	case node.Kind == yaml.ScalarNode:
		return []envFileItem{{at: node, path: node}}
	case node.Kind == yaml.MappingNode:
		if _, path := document.Child(node, "path"); path != nil {
			return []envFileItem{{at: path, path: path}}
		}
		return nil
	}
	var all []envFileItem
	for _, item := range node.Content {
		all = append(all, envFileItems(item)...)
	}
	return all
}

// envFileSyntax is an env file that compose-go cannot read. Its text is not shown: it may hold a secret.
func (in *inputs) envFileSyntax(groups []string) error {
	file, cause := groups[1], groups[2]
	for _, known := range []string{"unexpected character", "unterminated quoted value", "key cannot contain a space"} {
		if !strings.HasPrefix(cause, known) {
			continue
		}
		cause, _, _ = strings.Cut(strings.Replace(cause, "in variable name", "in a variable's name", 1), "'s name \"")
		cause = strings.TrimSuffix(cause, " in a variable") // keeps the character, drops the line
		if strings.HasPrefix(cause, "unterminated") {
			cause = "a quote that is never closed"
		}
		if bad := readEnvFile(file).bad; bad > 0 {
			return fault.New(fault.Usage, "%s:%d: %s", in.rel(file), bad, cause)
		}
	}
	return fault.New(fault.Usage, "%s: %s", in.rel(file), cause)
}
