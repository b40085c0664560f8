// Package source answers the questions about a service's project code: which of its mounts carry source from
// the host into the container, and where a file on one side is on the other. Every part of devenv that needs
// such an answer (modes, watching, syncing, debugging) asks here, so that no two of them can disagree.
package source

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// Mounts are the source mounts of a service in the order of its compose file: bind mounts of directories that
// lie inside its build context. isFile reports whether an absolute host path is an existing file that is not
// a directory; a path that does not exist yet counts as a directory, as the engine would create one.
func Mounts(service types.ServiceConfig, isFile func(string) bool) []types.ServiceVolumeConfig {
	var mounts []types.ServiceVolumeConfig
	for _, volume := range service.Volumes {
		if isSource(service, volume) && !isFile(volume.Source) {
			mounts = append(mounts, volume)
		}
	}
	return mounts
}

// Nested are the anonymous volumes of a service whose place is inside one of mounts: they exist to keep a part
// of the image (a virtual environment, node_modules) from being hidden by the mount, and have no use without it.
func Nested(service types.ServiceConfig, mounts []types.ServiceVolumeConfig) []types.ServiceVolumeConfig {
	var nested []types.ServiceVolumeConfig
	for _, volume := range service.Volumes {
		anonymous := volume.Type == types.VolumeTypeVolume && volume.Source == ""
		if anonymous && slices.ContainsFunc(mounts, func(m types.ServiceVolumeConfig) bool { return containerHolds(m.Target, volume.Target) }) {
			nested = append(nested, volume)
		}
	}
	return nested
}

func isSource(service types.ServiceConfig, volume types.ServiceVolumeConfig) bool {
	return volume.Type == types.VolumeTypeBind && service.Build != nil && hostHolds(service.Build.Context, volume.Source)
}

// hostHolds reports whether the host path inner is folder or lies below it.
func hostHolds(folder, inner string) bool {
	relative, err := filepath.Rel(folder, inner)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

// containerHolds reports whether the container path inner is folder or lies below it. Container paths are slashed
// on every host.
func containerHolds(folder, inner string) bool {
	folder, inner = path.Clean(folder), path.Clean(inner)
	return inner == folder || strings.HasPrefix(inner, strings.TrimSuffix(folder, "/")+"/")
}
