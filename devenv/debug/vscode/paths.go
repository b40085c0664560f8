package vscode

import (
	"slices"
	"strings"
)

// workspace stands for the folder that VS Code has open, as the user opened it.
const workspace = "${workspaceFolder}"

// pathMappings are debugpy's. It takes the first prefix that fits, in both directions. Each ends in a separator on both
// sides, for else /app would also claim /app-venv and hide the sources that only the container has.
func (p Project) pathMappings(mappings []Mapping) list {
	var values list
	for _, m := range innermostFirst(mappings, p.GOOS) {
		local, separator := p.local(m.Local), "/"
		if !strings.HasPrefix(local, workspace) {
			separator = p.separator()
		}
		values = append(values, object{
			{key: "localRoot", value: strings.TrimSuffix(local, separator) + separator},
			{key: "remoteRoot", value: strings.TrimSuffix(m.Remote, "/") + "/"},
		})
	}
	return values
}

// substitutePath is Delve's. It, too, takes the first that fits, but knows where a folder's name ends; it compares
// strings, so the separators must be those that VS Code will send.
func (p Project) substitutePath(mappings []Mapping) list {
	var values list
	for _, m := range innermostFirst(mappings, p.GOOS) {
		local := p.local(m.Local)
		if strings.HasPrefix(local, workspace) {
			local = strings.ReplaceAll(local, "/", p.separator())
		}
		values = append(values, object{{key: "from", value: local}, {key: "to", value: m.Remote}})
	}
	return values
}

func (p Project) separator() string {
	if p.GOOS == "windows" {
		return `\`
	}
	return "/"
}

// local is a host path as the files have it: ${workspaceFolder}/... where that holds it, else absolute.
func (p Project) local(path string) string {
	for _, folder := range p.Folders {
		if rest, ok := below(folder, path, p.GOOS); ok {
			return workspace + rest
		}
	}
	return path
}

// below is what path has after folder, with slashes: "" or "/...". False when it does not lie in it. Windows and macOS
// have file systems that do not tell cases apart.
func below(folder, path, goos string) (string, bool) {
	if goos == "windows" {
		folder, path = strings.ReplaceAll(folder, `\`, "/"), strings.ReplaceAll(path, `\`, "/")
	}
	folder, path = strings.TrimSuffix(folder, "/"), strings.TrimSuffix(path, "/")
	if len(path) < len(folder) {
		return "", false
	}
	head, rest := path[:len(folder)], path[len(folder):]
	folds := goos == "windows" || goos == "darwin"
	same := head == folder || folds && strings.EqualFold(head, folder)
	return rest, same && (rest == "" || rest[0] == '/')
}

// innermostFirst orders mappings so that one inside another comes before it: as the container sees them, which is what
// the kernel does with nested mounts, and as the host does where the two do not contradict each other.
func innermostFirst(mappings []Mapping, goos string) []Mapping {
	remaining, ordered := slices.Clone(mappings), []Mapping(nil)
	for len(remaining) > 0 {
		next := slices.IndexFunc(remaining, func(m Mapping) bool { return !holdsAny(m, remaining, goos, true) })
		if next < 0 {
			next = slices.IndexFunc(remaining, func(m Mapping) bool { return !holdsAny(m, remaining, goos, false) })
		}
		ordered = append(ordered, remaining[next])
		remaining = slices.Delete(remaining, next, next+1)
	}
	return ordered
}

// holdsAny reports whether another mapping lies inside m in the container, or, with host, on the host.
func holdsAny(m Mapping, others []Mapping, goos string, host bool) bool {
	return slices.ContainsFunc(others, func(other Mapping) bool {
		remote, inside := below(m.Remote, other.Remote, "linux")
		if inside && remote != "" {
			return true
		}
		local, inside := below(m.Local, other.Local, goos)
		return host && inside && local != ""
	})
}
