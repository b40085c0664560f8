package uv

import (
	"maps"
	"slices"

	"github.com/pelletier/go-toml/v2"
)

// Versions are the packages of a uv.lock with their versions. Of a package that is there in several versions (for
// platforms, by extras) the version is "".
func (f Files) Versions() map[string]string {
	var read struct {
		Package []struct{ Name, Version string }
	}
	_ = toml.Unmarshal(f[lockFile], &read) // what only uv can say is wrong with it, uv says
	all := map[string]string{}
	for _, p := range read.Package {
		if _, twice := all[p.Name]; twice {
			p.Version = ""
		}
		all[p.Name] = p.Version
	}
	return all
}

// Development are the packages that the project needs only to be developed: those of the group dev, which uv installs
// unless it is told not to, by their normal names, sorted. false says that there is no pyproject.toml that can be read.
func (f Files) Development() ([]string, bool) {
	var read struct {
		Groups map[string][]any `toml:"dependency-groups"`
		Tool   struct {
			UV struct {
				Dev []string `toml:"dev-dependencies"`
			}
		}
	}
	if f[projectFile] == nil || toml.Unmarshal(f[projectFile], &read) != nil {
		return nil, false
	}
	names := map[string]bool{}
	for _, text := range read.Tool.UV.Dev {
		names[requirementName(text)] = true
	}
	for _, item := range read.Groups["dev"] {
		if text, plain := item.(string); plain {
			names[requirementName(text)] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), true
}

func requirementName(text string) string {
	if match := requirementText.FindStringSubmatch(text); match != nil {
		return normal(match[1])
	}
	return text
}

// HasLock says whether there is a uv.lock.
func (f Files) HasLock() bool { return f[lockFile] != nil }
