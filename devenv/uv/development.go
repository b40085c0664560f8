package uv

import (
	"maps"
	"path"
	"slices"

	"github.com/pelletier/go-toml/v2"
)

// Development are the packages, by their normal names and sorted, that the project asks for in its dependency groups
// alone: nothing that it needs to run needs them, by its uv.lock.
func (f Files) Development() []string {
	groups, projects := map[string]bool{}, map[string]bool{}
	var runtime []need
	for name, text := range f {
		var project project
		if path.Base(name) != projectFile || toml.Unmarshal(text, &project) != nil {
			continue
		}
		for group := range project.groups() {
			groups[group] = true
		}
		projects[normal(project.Project.Name)] = true
		runtime = append(runtime, need{Name: normal(project.Project.Name)})
		for name := range project.required() {
			runtime = append(runtime, need{Name: name})
		}
	}
	needed := readLock(f[lockFile]).closure(runtime, projects)
	maps.DeleteFunc(groups, func(name string, _ bool) bool { return needed[name] })
	return slices.Sorted(maps.Keys(groups))
}

// groups are the names of the requirements in a project's dependency groups.
func (p project) groups() map[string]bool {
	all := map[string]bool{}
	for _, group := range p.Groups {
		for _, entry := range group {
			if text, is := entry.(string); is { // else a table that includes another group
				all[requirementName(text)] = true
			}
		}
	}
	for _, text := range p.Tool.UV.Development {
		all[requirementName(text)] = true
	}
	delete(all, "")
	return all
}

func requirementName(text string) string {
	match := requirementText.FindStringSubmatch(text)
	if match == nil {
		return ""
	}
	return normal(match[1])
}

// need is a package and the extras of it that are asked for.
type need struct {
	Name  string
	Extra []string
}

// closure are the names of all packages that first need, theirs included. Of packages in whole every extra counts.
func (l lock) closure(first []need, whole map[string]bool) map[string]bool {
	needed, seen := map[string]bool{}, map[string]bool{}
	for queue := first; len(queue) > 0; queue = queue[1:] {
		one := queue[0]
		needed[one.Name] = true
		for _, p := range l.Package {
			if p.Name != one.Name {
				continue
			}
			if !seen[one.Name] {
				queue = append(queue, p.Dependencies...)
			}
			for extra, needs := range p.Optional {
				if key := one.Name + "[" + extra; !seen[key] && (whole[one.Name] || slices.Contains(one.Extra, extra)) {
					seen[key] = true
					queue = append(queue, needs...)
				}
			}
		}
		seen[one.Name] = true
	}
	return needed
}
