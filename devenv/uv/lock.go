package uv

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// lock is what is used of a uv.lock.
type lock struct {
	Version, Revision int
	RequiresPython    string `toml:"requires-python"`
	Manifest          struct {
		Constraints, Overrides []requirement
		BuildConstraints       []requirement `toml:"build-constraints"`
	}
	Package []lockedPackage
}

type lockedPackage struct {
	Name         string
	Version      string
	Source       struct{ Editable, Directory, Virtual string }
	Dependencies []need
	Optional     map[string][]need `toml:"optional-dependencies"`
	Metadata     struct {
		RequiresDist   []requirement            `toml:"requires-dist"`
		ProvidesExtras []string                 `toml:"provides-extras"`
		RequiresDev    map[string][]requirement `toml:"requires-dev"`
	}
}

// requirement is how uv.lock writes a requirement down. One that has a place of its own has no versions.
type requirement struct {
	Name, Specifier, Marker                      string
	Extras                                       []string
	Directory, Editable, Virtual, Path, URL, Git string
}

// readLock reads a lock file; of one that is missing, or that only uv can say what is wrong with, nothing is known.
func readLock(text []byte) lock {
	var read lock
	_ = toml.Unmarshal(text, &read)
	return read
}

// folder is a package in a lock file that lies in a folder, relative to that of the lock file.
type folder struct {
	name      string
	path      string
	installed bool // uv installs it from there; a virtual one it does not
}

// folders are the packages of a lock file that lie in folders.
func folders(text []byte) []folder {
	var all []folder
	for _, p := range readLock(text).Package {
		switch source := p.Source; {
		case source.Virtual != "":
			all = append(all, folder{p.Name, path.Clean(source.Virtual), false})
		case source.Editable+source.Directory != "":
			all = append(all, folder{p.Name, path.Clean(source.Editable + source.Directory), true})
		}
	}
	return all
}

// installedFolders are the names of packages that uv installs from folders.
func installedFolders(text []byte) []string {
	var names []string
	for _, f := range folders(text) {
		if f.installed {
			names = append(names, f.name)
		}
	}
	return names
}

// locked says whether a lock file has a package.
func locked(text []byte, name string) bool {
	return slices.ContainsFunc(lockedNames(text), func(locked string) bool { return locked == normal(name) })
}

func lockedNames(text []byte) []string {
	var names []string
	for _, p := range readLock(text).Package {
		names = append(names, p.Name)
	}
	return names
}

var separators = regexp.MustCompile(`[-_.]+`)

// normal is a package's name as the specification of names compares it:
// https://packaging.python.org/en/latest/specifications/name-normalization/
func normal(name string) string { return strings.ToLower(separators.ReplaceAllString(name, "-")) }
