package uv

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Stale says how uv.lock does not match the pyproject.toml beside it, or "". It compares what is required with what
// uv.lock says was required when it was made, which needs neither uv nor an index. It never finds a difference where uv
// would not, but may find none where uv would: markers and sources are for uv to compare.
func (f Files) Stale() string {
	if f[lockFile] == nil {
		return ""
	}
	var project project
	if toml.Unmarshal(f[projectFile], &project) != nil || slices.Contains(project.Project.Dynamic, "dependencies") {
		return ""
	}
	for _, p := range readLock(f[lockFile]).Package {
		if p.Name == normal(project.Project.Name) && path.Clean(p.Source.Editable+p.Source.Virtual) == "." {
			return difference(named(p.Metadata.RequiresDist), project)
		}
	}
	return ""
}

// difference is the first one between what was required when a lock file was made and what a project requires.
func difference(was map[string]string, project project) string {
	required := project.required()
	for _, name := range slices.Sorted(maps.Keys(required)) {
		versions, known := was[name]
		switch now := required[name]; {
		case !known:
			return name + " is not in it"
		case versions != now && versions != anyVersion && now != anyVersion:
			return "it has " + name + versions + ", not " + name + now
		}
	}
	if len(project.Project.Optional) > 0 {
		return "" // requirements of extras are among them
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if _, still := required[name]; !still {
			return name + " is not required any more"
		}
	}
	return ""
}

// project is what is used of a pyproject.toml.
type project struct {
	Project struct {
		Name         string
		Dynamic      []string
		Dependencies []string
		Optional     map[string][]string `toml:"optional-dependencies"`
	}
	Groups map[string][]any `toml:"dependency-groups"`
	Tool   struct {
		UV struct {
			Index           []struct{ Name, URL string }
			Development     []string `toml:"dev-dependencies"`
			RequiredVersion string   `toml:"required-version"`
			Workspace       struct{ Members []string }
		}
	}
}

// requirementText is a requirement as pyproject.toml has it: a name, extras, and the rest.
var requirementText = regexp.MustCompile(`^\s*([A-Za-z0-9._-]*[A-Za-z0-9])\s*(?:\[[^\]]*\])?(.*)$`)

// anyVersion stands for versions that only uv can compare.
const anyVersion = "?"

// required are the project's dependencies by name, with their versions.
func (p project) required() map[string]string {
	all := map[string]string{}
	for _, text := range p.Project.Dependencies {
		if match := requirementText.FindStringSubmatch(text); match != nil {
			add(all, normal(match[1]), strings.Trim(match[2], "() "))
		}
	}
	return all
}

func named(requirements []requirement) map[string]string {
	all := map[string]string{}
	for _, r := range requirements {
		versions := r.Specifier
		if r.Marker != "" {
			versions = anyVersion
		}
		add(all, r.Name, versions)
	}
	return all
}

// plainVersions are versions without a suffix that uv may spell in another way.
var plainVersions = regexp.MustCompile(`^(?:(?:[<>!~=]=|[<>]) *[0-9.]+(?:\.\*)? *(?:, *|$))*$`)

// add notes a requirement. What is not only a list of plain versions, or is there twice, counts as any version.
func add(to map[string]string, name, versions string) {
	if _, twice := to[name]; twice || !plainVersions.MatchString(versions) {
		versions = anyVersion
	}
	to[name] = sortedClauses(versions)
}

// sortedClauses is a list of version clauses in one spelling.
func sortedClauses(text string) string {
	clauses := strings.Split(strings.ReplaceAll(text, " ", ""), ",")
	slices.Sort(clauses)
	return strings.Join(clauses, ",")
}
