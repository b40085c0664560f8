package source

import (
	"path"
	"path/filepath"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"
)

// Mapping is how the source mounts of a service put host folders into its container.
type Mapping struct {
	mounts []types.ServiceVolumeConfig
	hidden []string // container folders that another volume covers
}

// NewMapping is the mapping of a service. isFile is as for Mounts.
func NewMapping(service types.ServiceConfig, isFile func(string) bool) Mapping {
	m := Mapping{mounts: Mounts(service, isFile)}
	for _, volume := range service.Volumes {
		if !isSource(service, volume) {
			m.hidden = append(m.hidden, path.Clean(volume.Target))
		}
	}
	for _, tmpfs := range service.Tmpfs {
		m.hidden = append(m.hidden, path.Clean(tmpfs))
	}
	return m
}

// Folders are the host folders of the mounts, in the order of the compose file.
func (m Mapping) Folders() []string {
	var folders []string
	for _, mount := range m.mounts {
		folders = append(folders, filepath.Clean(mount.Source))
	}
	return folders
}

// ToContainer is where an absolute host path is seen in the container, and false when it is not: no mount holds it,
// or a volume or another mount covers the place. Of several places it is the one of the innermost mount.
func (m Mapping) ToContainer(host string) (string, bool) {
	best, found := "", -1
	for i, mount := range m.mounts {
		if !hostHolds(mount.Source, host) {
			continue
		}
		seen := path.Join(mount.Target, below(filepath.Clean(mount.Source), host))
		if m.owner(seen) == i && (found < 0 || len(mount.Source) > len(m.mounts[found].Source)) {
			best, found = seen, i
		}
	}
	return best, found >= 0
}

// ToHost is the host path that an absolute container path comes from, and false when it is not in a source mount.
func (m Mapping) ToHost(container string) (string, bool) {
	container = path.Clean(container)
	owner := m.owner(container)
	if owner < 0 {
		return "", false
	}
	mount := m.mounts[owner]
	return filepath.Join(mount.Source, filepath.FromSlash(below(path.Clean(mount.Target), container))), true
}

// Covers reports whether any volume of the service lies over a container path: what the image has there is not seen.
func (m Mapping) Covers(container string) bool {
	holds := func(folder string) bool { return containerHolds(folder, container) }
	return slices.ContainsFunc(m.hidden, holds) ||
		slices.ContainsFunc(m.mounts, func(mount types.ServiceVolumeConfig) bool { return holds(mount.Target) })
}

// owner is the mount whose content a container path is, or -1: the innermost target wins, as in the kernel.
func (m Mapping) owner(container string) int {
	owner, depth := -1, -1
	for i, mount := range m.mounts {
		if target := path.Clean(mount.Target); containerHolds(target, container) && len(target) > depth {
			owner, depth = i, len(target)
		}
	}
	for _, hidden := range m.hidden {
		if containerHolds(hidden, container) && len(hidden) > depth {
			return -1
		}
	}
	return owner
}
