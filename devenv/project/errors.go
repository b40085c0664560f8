package project

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/template"
	"go.yaml.in/yaml/v4"

	"devenv/devenv/document"
	"devenv/devenv/fault"
	"devenv/devenv/secret"
)

// failure is what compose-go's error means to the user: which line, which cause, which remedy. compose-go mostly
// gives text, so text is what is taken apart; what no rule knows is passed on as it is.
func (in *inputs) failure(err error) error {
	var known *fault.Error
	var missing *template.MissingRequiredError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.As(err, &missing):
		if all := in.missing(); all != nil {
			return all
		}
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, part := range joined.Unwrap() {
			all = append(all, in.failure(part))
		}
		return errors.Join(all...)
	}
	if at := in.syntaxError(err); at != nil {
		return at
	}
	text := strings.TrimSuffix(err.Error(), ": invalid compose project")
	for _, rule := range translations() {
		if groups := rule.pattern.FindStringSubmatch(text); groups != nil {
			return rule.meaning(in, groups)
		}
	}
	if at := in.shortForm(text); at != nil {
		return at
	}
	return fault.New(fault.Usage, "%s", secret.Text(in.shorten(text)))
}

// syntaxError is a compose file that is no YAML, or nil for other errors.
func (in *inputs) syntaxError(err error) error {
	var at *yaml.LoadError
	if !errors.As(err, &at) || at.Mark.Line == 0 {
		return nil
	}
	file := ""
	var parse *parseError
	if errors.As(err, &parse) {
		file = parse.file
	} else if rest, ok := strings.CutPrefix(err.Error(), "failed to parse "); ok {
		file, _, _ = strings.Cut(rest, ": ")
	}
	return document.SyntaxError(in.rel(file), at)
}

// translation is one kind of compose-go error.
type translation struct {
	pattern *regexp.Regexp
	meaning func(in *inputs, groups []string) error
}

// translations are the kinds that are known, the more special first. The texts are those of compose-go 2.15:
// schema/schema.go, interpolation/interpolation.go, loader/*.go, dotenv/*.go.
func translations() []translation {
	return []translation{
		{regexp.MustCompile(`^validating (.+?): (\S*) additional properties (.+) not allowed$`), (*inputs).unknownKeys},
		{regexp.MustCompile(`^validating (.+?): (\S+) (.+)$`), (*inputs).invalidValue},
		{regexp.MustCompile(`(?s)^invalid interpolation format for (\S+)\.\n.*\n(.*)$`), (*inputs).invalidTemplate},
		{regexp.MustCompile(`^error while interpolating (\S+): (?:failed to cast to expected type: )?(.+)$`), (*inputs).pathAndCause},
		{regexp.MustCompile(`(?s)^decoding failed due to the following error\(s\):\s+'([^']+)' (.+)$`), (*inputs).pathAndCause},
		{regexp.MustCompile(`(?s)^(include cycle) detected:\n(.+)$`), (*inputs).cycle},
		{regexp.MustCompile(`(?s)^(Circular reference):\n(.+)$`), (*inputs).cycle},
		{regexp.MustCompile(`^dependency cycle detected: (.+)$`), (*inputs).dependencyCycle},
		{regexp.MustCompile(`^cannot extend service "(.+?)" in (.+?): service "(.+?)" not found(?: in (.+))?$`), (*inputs).unknownBase},
		{regexp.MustCompile(`^service "(.+?)" depends on undefined service "(.+?)"$`), (*inputs).unknownDependency},
		{regexp.MustCompile(`^service "(.+?)" refers to undefined (build secret|network|volume|secret|config|model) (.+)$`), (*inputs).unknownResource},
		{regexp.MustCompile(`^service "?(.+?)"? ((?:has neither|declares) .+)$`), (*inputs).serviceAndCause},
		{regexp.MustCompile(`^invalid project name ("[^"]*")`), (*inputs).invalidName},
		{regexp.MustCompile(`^failed to read (.+?): (?:line \d+: )?(.+)$`), (*inputs).envFileSyntax},
		{regexp.MustCompile(`^(?:open|stat|read) (.+?): (.+)$`), (*inputs).unreadable},
		{regexp.MustCompile(`(?s)^((?:services|networks|volumes|secrets|configs|models)\.[^\s:]+):? (.+)$`), (*inputs).pathAndCause},
	}
}

// at is an error at the place that path names in the compose files, as near as it is known.
func (in *inputs) at(path []string, format string, args ...any) *fault.Error {
	text := fmt.Sprintf(format, args...)
	if origin, ok := in.tree().locate(path); ok {
		text = in.place(origin, origin.Kind == ProfileFile || slices.Contains(path, extensionKey)) + ": " + text
	}
	return fault.New(fault.Usage, "%s", text)
}

// place is file:line, or file:line:column.
func (in *inputs) place(origin Origin, column bool) string {
	place := fmt.Sprintf("%s:%d", in.rel(origin.File), origin.Line)
	if column {
		place += fmt.Sprintf(":%d", origin.Column)
	}
	return place
}

// locate is the place that path names, or the deepest part of it that is written somewhere. Where several files
// write it, it is the one that Compose merges last.
func (t *tree) locate(path []string) (Origin, bool) {
	var found Origin
	depth := 0
	consider := func(u *unit, node *yaml.Node, path []string, above int) {
		if at, n := document.Deepest(node, path); n > 0 && n+above >= depth {
			found, depth = u.origin(at), n+above
		}
	}
	var contributions []contribution
	if len(path) > 1 {
		contributions = t.contributions(path[0], path[1])
	}
	for _, u := range t.order {
		for _, root := range u.roots {
			consider(u, root, path, 0)
		}
	}
	for _, c := range contributions {
		consider(c.unit, c.node, path[2:], 2)
	}
	return found, depth > 0
}

// shorten makes the paths in a text relative, as other messages show them.
func (in *inputs) shorten(text string) string {
	for _, u := range in.tree().order {
		text = strings.ReplaceAll(text, u.file, in.rel(u.file))
	}
	return text
}

var index = regexp.MustCompile(`\[([^\]]*)\]`)

// pathOf splits a path as compose-go writes it: services.api.ports.0, services[api].ports, services.api.tmpfs[0].
func pathOf(text string) []string {
	text = index.ReplaceAllString(text, ".$1")
	return slices.DeleteFunc(strings.Split(text, "."), func(part string) bool { return part == "" })
}

func (in *inputs) unknownKeys(groups []string) error {
	path := pathOf(groups[2])
	var all []error
	for _, quoted := range strings.Split(groups[3], ", ") {
		key := strings.Trim(quoted, "'")
		if len(path) == 1 && slices.Contains([]string{"services", "networks", "volumes", "secrets", "configs", "models"}, path[0]) {
			all = append(all, in.at(append(path, key), "%s: %q is no valid name", path[0], key).
				WithHint("a name consists of letters, digits, dots, hyphens and underscores"))
			continue
		}
		all = append(all, in.unknownKey(path, key, schemaKeys(path)))
	}
	return errors.Join(all...)
}

func (in *inputs) invalidValue(groups []string) error {
	path := pathOf(groups[2])
	return in.at(path, "%s: %s", document.Path(path), strings.Replace(groups[3], "must be a array", "must be a list", 1))
}

func (in *inputs) invalidTemplate(groups []string) error {
	path := pathOf(groups[1])
	return in.at(path, "%s: %q is no valid variable", document.Path(path), secret.Text(groups[2])).
		WithHint("write $$ for a dollar sign that is meant literally")
}

func (in *inputs) pathAndCause(groups []string) error {
	path := pathOf(groups[1])
	return in.at(path, "%s: %s", document.Path(path), notNumber.ReplaceAllString(groups[2], "$1 is no number"))
}

// notNumber is how package strconv refuses a text.
var notNumber = regexp.MustCompile(`strconv\.Parse\w+: parsing (".*"): invalid syntax`)

var (
	cycleLine  = regexp.MustCompile(`(?m)^\s*(?:include |extends )?(.+?)\s*$`)
	serviceRef = regexp.MustCompile(`^(.+) in (\S+)$`)
)

func (in *inputs) cycle(groups []string) error {
	kind := "include"
	if groups[1] != "include cycle" {
		kind = "extends"
	}
	var steps []string
	for _, line := range cycleLine.FindAllStringSubmatch(groups[2], -1) {
		step := in.rel(line[1])
		if ref := serviceRef.FindStringSubmatch(line[1]); ref != nil {
			step = fmt.Sprintf("%s (%s)", ref[1], in.rel(ref[2]))
		}
		steps = append(steps, step)
	}
	return fault.New(fault.Usage, "%s: a cycle: %s", kind, strings.Join(steps, " -> "))
}

func (in *inputs) dependencyCycle(groups []string) error {
	first, _, _ := strings.Cut(groups[1], " -> ")
	return in.at([]string{"services", first, "depends_on"}, "depends_on: a cycle: %s", groups[1])
}

func (in *inputs) unknownBase(groups []string) error {
	name, ref, file := groups[1], groups[3], groups[4]
	path := []string{"services", name, "extends"}
	if file == "" {
		return document.Near(in.at(path, "services.%s.extends: no service %q", name, ref), ref, in.tree().names("services"))
	}
	return in.at(path, "services.%s.extends: no service %q in %s", name, ref, in.rel(file))
}

func (in *inputs) unknownDependency(groups []string) error {
	unknown := in.at([]string{"services", groups[1], "depends_on", groups[2]},
		"services.%s.depends_on: no service %q", groups[1], groups[2])
	return document.Near(unknown, groups[2], in.tree().names("services"))
}

func (in *inputs) unknownResource(groups []string) error {
	section := strings.TrimPrefix(groups[2], "build ") + "s"
	key := section
	if strings.HasPrefix(groups[2], "build ") {
		key = "build.secrets"
	}
	path := append([]string{"services", groups[1]}, pathOf(key)...)
	unknown := in.at(append(path, groups[3]), "%s: no %s %q is defined", document.Path(path), strings.TrimSuffix(section, "s"), groups[3])
	return document.Near(unknown.WithHint("define it under %s: at the top level", section), groups[3], in.tree().names(section))
}

func (in *inputs) serviceAndCause(groups []string) error {
	if in.onlyInProfile(groups[1]) {
		unknown := in.at([]string{"services", groups[1]}, "services: no service %q", groups[1])
		return document.Near(unknown, groups[1], in.tree().names("services"))
	}
	return in.at([]string{"services", groups[1]}, "services.%s: %s", groups[1], groups[2])
}

func (in *inputs) invalidName(groups []string) error {
	return fault.New(fault.Usage, "project name %s: is not valid", groups[1]).
		WithHint("a name consists of lower case letters, digits, hyphens and underscores, and begins with a letter or digit")
}

func (in *inputs) unreadable(groups []string) error {
	text := in.rel(groups[1]) + ": " + strings.Replace(groups[2], "no such file or directory", "no such file", 1)
	if place, ok := in.tree().mention(groups[1]); ok {
		text = in.place(place, false) + ": " + text
	}
	return fault.New(fault.Usage, "%s", text)
}

// mention is the line that names a file.
func (t *tree) mention(path string) (place Origin, found bool) {
	t.files() // reaches the files that extends brings in
	for _, u := range t.order {
		for _, root := range u.roots {
			document.Scalars(root, map[*yaml.Node]bool{}, func(node *yaml.Node) {
				if written := u.strings(node); !found && t.local(u.dir, written[0]) == path {
					place, found = u.origin(node), true
				}
			})
		}
	}
	return place, found
}

// names are all names in a section of any compose file in use, sorted.
func (t *tree) names(section string) []string {
	var names []string
	for _, u := range t.order {
		if u.profile != nil {
			continue
		}
		for _, root := range u.roots {
			names = append(names, document.Keys(second(document.Child(root, section)))...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// decodeCause is the cause of a failed decoding without its frame.
func decodeCause(err error) string {
	text := strings.TrimPrefix(err.Error(), "decoding failed due to the following error(s):")
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "'"); ok {
		if path, cause, ok := strings.Cut(rest, "' "); ok {
			return strings.TrimSpace(path + ": " + cause)
		}
	}
	return text
}
