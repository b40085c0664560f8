package uv

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Stale says how uv.lock does not match the pyproject.toml beside it, or "". It compares what pyproject.toml says with what
// uv.lock says was said when it was made, which needs neither uv nor an index. It never finds a difference where uv would
// not, but may find none where uv would: markers, sources, the other members of a workspace and most settings are for uv to
// compare.
func (f Files) Stale() string { return f.compare().why }

// Fits says that `uv sync --locked` takes the uv.lock: all that decides it could be compared, and is the same.
func (f Files) Fits() bool {
	c := f.compare()
	return c.why == "" && c.sure
}

// comparison is the first difference that was found, and whether none can have been missed.
type comparison struct {
	why  string
	sure bool
}

func (f Files) compare() comparison {
	var project project
	read := readLock(f[lockFile])
	if f[lockFile] == nil || toml.Unmarshal(f[projectFile], &project) != nil || project.Project.Name == "" {
		return comparison{}
	}
	for _, p := range read.Package {
		if p.Source.Editable+p.Source.Virtual == "." {
			c := comparison{sure: allCompared(f)}
			c.identity(read, p, project)
			c.requirements(read, p, project)
			return c
		}
	}
	return comparison{}
}

// say notes a difference, if it is the first.
func (c *comparison) say(text string) { c.why = cmp.Or(c.why, text) }

// identity compares what the project itself is.
func (c *comparison) identity(read lock, p lockedPackage, project project) {
	if name := normal(project.Project.Name); p.Name != name {
		c.say("it is of the project " + p.Name + ", not " + name)
	}
	switch was, now := p.Version, project.Project.Version; {
	case was == now:
	case was != "" && plainVersion.MatchString(was) && plainVersion.MatchString(now):
		if release(was) != release(now) {
			c.say("it has version " + was + ", not " + now)
		}
	default:
		c.sure = false
	}
	was, known := pythons(read.RequiresPython)
	now, plain := pythons(project.Project.RequiresPython)
	switch {
	case !known || !plain || project.Tool.UV.Workspace.Members != nil: // that of a workspace is what all members take
		c.sure = false
	case was != now:
		c.say("it is for Python " + read.RequiresPython + ", not " + project.Project.RequiresPython)
	}
	switch built := project.isPackage(); {
	case built && p.Source.Virtual != "":
		c.say("it does not install the project, which is a package")
	case !built && p.Source.Editable != "":
		c.say("it installs the project, which is no package")
	}
}

// requirements compares what the project requires.
func (c *comparison) requirements(read lock, p lockedPackage, project project) {
	dynamic := project.Project.Dynamic
	main, extras, clear := byExtra(p.Metadata.RequiresDist)
	if !clear || slices.Contains(dynamic, "dependencies") {
		c.sure = false
	} else {
		c.difference("", named(main), c.required(project.Project.Dependencies))
	}
	lists := read.Version == 1 && read.Revision >= 1 // before, what is empty is not written down
	if !clear || slices.Contains(dynamic, "optional-dependencies") {
		c.sure = false
	} else {
		c.sets("extra", lists, p.Metadata.ProvidesExtras, extras, project.Project.Optional, project.Project.Name)
	}
	c.sets("group", lists, slices.Collect(maps.Keys(p.Metadata.RequiresDev)), p.Metadata.RequiresDev, c.groups(project), "")
	c.difference("constraints: ", named(read.Manifest.Constraints), c.required(project.Tool.UV.Constraints))
	c.difference("overrides: ", named(read.Manifest.Overrides), c.required(project.Tool.UV.Overrides))
	c.difference("build constraints: ", named(read.Manifest.BuildConstraints), c.required(project.Tool.UV.BuildConstraints))
}

// sets compares extras or groups by their names, then what each requires. An extra that is made of others of the same
// project is for uv.
func (c *comparison) sets(kind string, lists bool, names []string, was map[string][]requirement, now map[string][]string, self string) {
	if !lists {
		c.sure = c.sure && len(now) == 0
		return
	}
	current := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		current[normal(name)] = now[name]
		if !slices.Contains(names, normal(name)) {
			c.say(kind + " " + normal(name) + " is not in it")
		}
	}
	for _, name := range slices.Sorted(slices.Values(names)) {
		texts, still := current[name]
		required := c.required(texts)
		_, nested := required[normal(self)]
		switch {
		case !still:
			c.say(kind + " " + name + " is not defined any more")
		case nested && self != "":
			c.sure = false
		default:
			c.difference(kind+" "+name+": ", named(was[name]), required)
		}
	}
}

// difference notes the first one between what was required when a lock file was made and what is required.
func (c *comparison) difference(of string, was, required map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(required)) {
		versions, known := was[name]
		switch now := required[name]; {
		case !known:
			c.say(of + name + " is not in it")
		case versions == anyVersion || now == anyVersion:
			c.sure = false
		case versions != now:
			c.say(of + "it has " + name + versions + ", not " + name + now)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if _, still := required[name]; !still {
			c.say(of + name + " is not required any more")
		}
	}
}

// extraMarker is what uv.lock adds to a requirement of an extra.
var extraMarker = regexp.MustCompile(`^(?:\((.*)\) and |(.*) and )?extra == '([^']+)'$`)

// byExtra tells the requirements of the project from those of its extras; clear is false where one may be of several.
func byExtra(all []requirement) (main []requirement, extras map[string][]requirement, clear bool) {
	extras = map[string][]requirement{}
	for _, r := range all {
		m := extraMarker.FindStringSubmatch(r.Marker)
		switch {
		case m != nil && !strings.Contains(m[1]+m[2], "extra"):
			r.Marker = m[1] + m[2]
			extras[m[3]] = append(extras[m[3]], r)
		case strings.Contains(r.Marker, "extra"):
			return nil, nil, false
		default:
			main = append(main, r)
		}
	}
	return main, extras, true
}

// project is what is used of a pyproject.toml.
type project struct {
	Project struct {
		Name           string
		Version        string
		RequiresPython string `toml:"requires-python"`
		Dynamic        []string
		Dependencies   []string
		Optional       map[string][]string `toml:"optional-dependencies"`
	}
	Groups map[string][]any `toml:"dependency-groups"`
	Build  map[string]any   `toml:"build-system"`
	Tool   struct {
		UV struct {
			Package          *bool
			Index            []struct{ Name, URL string }
			Development      []string `toml:"dev-dependencies"`
			Constraints      []string `toml:"constraint-dependencies"`
			Overrides        []string `toml:"override-dependencies"`
			BuildConstraints []string `toml:"build-constraint-dependencies"`
			RequiredVersion  string   `toml:"required-version"`
			Workspace        struct{ Members []string }
		}
	}
}

// isPackage says whether uv builds and installs the project:
// https://docs.astral.sh/uv/concepts/projects/config/#build-systems
func (p project) isPackage() bool {
	if p.Tool.UV.Package != nil {
		return *p.Tool.UV.Package
	}
	return p.Build != nil
}

// compared are the settings of uv that do not matter for a lock file, and those that are compared here.
var compared = []string{
	"package", "dev-dependencies", "constraint-dependencies", "override-dependencies", "build-constraint-dependencies", "default-groups",
	"required-version", "managed", "cache-keys", "cache-dir", "compile-bytecode", "link-mode", "python-downloads", "python-preference",
	"concurrent-builds", "concurrent-downloads", "concurrent-installs", "native-tls",
}

// lockTables are what a uv.lock has without settings that only uv can compare.
var lockTables = []string{"version", "revision", "requires-python", "resolution-markers", "manifest", "package"}

// allCompared says whether nothing but compared settings is in the files.
func allCompared(f Files) bool {
	var settings struct {
		Tool struct{ UV map[string]any }
	}
	var tables map[string]any
	if toml.Unmarshal(f[projectFile], &settings) != nil || toml.Unmarshal(f[lockFile], &tables) != nil {
		return false
	}
	manifest, _ := tables["manifest"].(map[string]any)
	return within(settings.Tool.UV, compared) && within(tables, lockTables) && within(manifest, []string{"constraints", "overrides", "build-constraints"})
}

func within(table map[string]any, known []string) bool {
	for name := range table {
		if !slices.Contains(known, name) {
			return false
		}
	}
	return true
}

// requirementText is a requirement as pyproject.toml has it: a name, extras, and the rest.
var requirementText = regexp.MustCompile(`^\s*([A-Za-z0-9._-]*[A-Za-z0-9])\s*(?:\[([^\]]*)\])?(.*)$`)

// anyVersion stands for versions that only uv can compare.
const anyVersion = "?"

// required are the project's dependencies by name, with their versions.
func (p project) required() map[string]string {
	return (&comparison{}).required(p.Project.Dependencies)
}

// required are requirements by name, with their extras and versions.
func (c *comparison) required(texts []string) map[string]string {
	all := map[string]string{}
	for _, text := range texts {
		match := requirementText.FindStringSubmatch(text)
		if match == nil {
			c.sure = false
			continue
		}
		add(all, normal(match[1]), strings.Split(match[2], ","), strings.Trim(match[3], "() "))
	}
	return all
}

// groups are the texts of the dependency groups, with those that they include.
func (c *comparison) groups(project project) map[string][]string {
	all := map[string][]string{}
	for name := range project.Groups {
		all[normal(name)] = c.group(project, name, 0)
	}
	if project.Tool.UV.Development != nil {
		all["dev"] = append(all["dev"], project.Tool.UV.Development...)
	}
	return all
}

func (c *comparison) group(project project, name string, depth int) []string {
	var texts []string
	for other, entries := range project.Groups {
		if normal(other) != normal(name) || depth > len(project.Groups) {
			continue
		}
		for _, entry := range entries {
			switch entry := entry.(type) {
			case string:
				texts = append(texts, entry)
			case map[string]any:
				included, _ := entry["include-group"].(string)
				texts = append(texts, c.group(project, included, depth+1)...)
			}
		}
	}
	return texts
}

func named(requirements []requirement) map[string]string {
	all := map[string]string{}
	for _, r := range requirements {
		versions := r.Specifier
		if r.Marker+r.Directory+r.Editable+r.Virtual+r.Path+r.URL+r.Git != "" {
			versions = anyVersion
		}
		add(all, r.Name, r.Extras, versions)
	}
	return all
}

// plainVersions are versions without a suffix that uv may spell in another way.
var plainVersions = regexp.MustCompile(`^(?:(?:[<>!~=]=|[<>]) *[0-9.]+(?:\.\*)? *(?:, *|$))*$`)

// add notes a requirement. What is not only a list of plain versions, or is there twice with others, counts as any version.
func add(to map[string]string, name string, extras []string, versions string) {
	text := anyVersion
	if plainVersions.MatchString(versions) {
		text = spelled(extras) + sortedClauses(versions)
	}
	if was, twice := to[name]; twice && was != text {
		text = anyVersion
	}
	to[name] = text
}

// spelled are extras in one spelling.
func spelled(extras []string) string {
	var names []string
	for _, extra := range extras {
		if name := normal(strings.TrimSpace(extra)); name != "" {
			names = append(names, name)
		}
	}
	if names == nil {
		return ""
	}
	slices.Sort(names)
	return "[" + strings.Join(names, ",") + "]"
}

// clause is one of a list of plain versions.
var clause = regexp.MustCompile(`^([<>!~=]*)([0-9]+(?:\.[0-9]+)*)(.*)$`)

// sortedClauses is a list of version clauses in one spelling: to uv, zeros at the end of a version make no difference.
func sortedClauses(text string) string {
	clauses := strings.Split(strings.ReplaceAll(text, " ", ""), ",")
	for i, text := range clauses {
		if m := clause.FindStringSubmatch(text); m != nil {
			clauses[i] = m[1] + release(m[2]) + m[3]
		}
	}
	slices.Sort(clauses)
	return strings.Join(clauses, ",")
}
