package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/source"
)

// EnvironmentLabel is on the volumes that devenv makes for environments, with the service's name or none for that of
// downloads, and on the containers of the former, with the volume's.
const EnvironmentLabel = "devenv.environment"

// Packages is what the plan needs to know of a uv project.
type Packages struct {
	Folder string // in the container
	Asked  string // equal for files that ask for the same packages
}

// PythonEnvironment is where the packages of a service are.
type PythonEnvironment struct {
	Folder string // in the container
	// Volume is the engine's name of the volume that devenv keeps the folder in, because it lies in a source mount; "" for a
	// folder that the image or a volume of the compose file holds.
	Volume string
	Host   string // with Volume: the folder of this machine that the volume is mounted over
	Asked  string // as in Packages
	// Downloads is the folder in the container that uv keeps for all services with the same base image, in a volume of the
	// project; "" where the service has a place of its own for it. What was compiled for one base image may not fit another.
	Downloads string

	key string // of the volume in the project
}

// keepEnvironment keeps the environment of an image from being hidden by a source mount, and what is installed from landing
// in the host's folder: a volume lies over its place. An empty volume is filled from the image when it is mounted, and each
// lock file has a volume of its own, so that none ever has the packages of another.
//
// A volume that the compose file names is the user's own, and stays. An anonymous one only does the same as this one,
// worse: Compose hands it on from container to container, whatever the image has by then.
func (o *overlay) keepEnvironment() {
	packages, found := o.packages()
	if !found {
		return
	}
	o.environment.Asked = packages.Asked
	o.keepDownloads()
	folder, cause := o.environmentFolder(packages)
	if folder == "" {
		return
	}
	o.environment.Folder = folder
	over, others, host := o.mountedOver(folder)
	if host == "" || over != nil && o.respects(*over) {
		return
	}
	o.service.Volumes = others
	o.environment.Host = host
	o.environment.key, o.environment.Volume = o.volumeFor(folder, packages.Asked)
	from := ""
	if over != nil {
		from = folder
	}
	o.change("volumes", from, o.environment.key+":"+folder,
		"%s, which a source mount would hide: the volume is filled from the image, one for each uv.lock", cause)
	o.service.Volumes = append(o.service.Volumes, types.ServiceVolumeConfig{Type: types.VolumeTypeVolume, Source: o.environment.key, Target: folder})
	o.service.Labels = o.service.Labels.Add(EnvironmentLabel, o.environment.Volume)
}

// downloadsVolume and downloadsFolder are where all services of a project keep what uv has downloaded.
const downloadsVolume, downloadsFolder = "devenv-downloads", "/devenv/downloads"

// keepDownloads gives uv a place for its downloads that outlives the container and that the other services have too.
func (o *overlay) keepDownloads() {
	ownFolder := slices.ContainsFunc(o.service.Volumes, func(v types.ServiceVolumeConfig) bool {
		return strings.HasSuffix(path.Clean(v.Target), "/.cache/uv") || strings.HasSuffix(path.Clean(v.Target), "/.cache")
	})
	if ownFolder || o.env("UV_CACHE_DIR") != "" {
		return
	}
	image, _ := effective(o.in, o.service)
	o.environment.Downloads = path.Join(downloadsFolder, short(cmp.Or(image.Image, o.service.Image), o.service.Platform))
	o.change("volumes", "", downloadsVolume+":"+downloadsFolder, "uv in the container keeps its downloads there, for every service and the next container")
	o.service.Volumes = append(o.service.Volumes, types.ServiceVolumeConfig{Type: types.VolumeTypeVolume, Source: downloadsVolume, Target: downloadsFolder})
}

// mountedOver is what the compose file mounts over a folder of the container, or nil; the other mounts; and the folder of
// this machine that these put there, "" for a folder that is not in a source mount.
func (o *overlay) mountedOver(folder string) (over *types.ServiceVolumeConfig, others []types.ServiceVolumeConfig, host string) {
	for _, volume := range o.service.Volumes {
		if path.Clean(volume.Target) == folder {
			over = &volume
		} else {
			others = append(others, volume)
		}
	}
	without := o.service
	without.Volumes = others
	host, _ = source.NewMapping(without, o.in.IsFile).ToHost(folder)
	return over, others, host
}

// dropEnvironment takes a volume of the compose file away that holds the packages of mode local: in other modes these are
// the image's.
func (o *overlay) dropEnvironment() {
	packages, found := o.packages()
	if !found {
		return
	}
	folder, _ := o.environmentFolder(packages)
	over, others, host := o.mountedOver(folder)
	if over == nil || host == "" || over.Type != types.VolumeTypeVolume || over.Source == "" {
		return
	}
	o.change("volumes", over.Source+":"+over.Target, "", "it has the packages of mode local; in %s they are the image's", o.mode)
	o.service.Volumes = others
}

// respects says whether what the compose file mounts over an environment stays.
func (o *overlay) respects(own types.ServiceVolumeConfig) bool {
	if own.Type == types.VolumeTypeVolume && own.Source != "" {
		o.advise("its packages are in the volume %s, which keeps them when the image has others; without it in the compose file devenv has a volume for each uv.lock", own.Source)
	}
	return own.Type != types.VolumeTypeVolume || own.Source != ""
}

func (o *overlay) packages() (Packages, bool) {
	if o.in.Packages == nil {
		return Packages{}, false
	}
	return o.in.Packages(o.service)
}

// environmentFolder is the folder in the container that has the service's packages, and what says so.
func (o *overlay) environmentFolder(packages Packages) (folder, cause string) {
	if named := o.env("UV_PROJECT_ENVIRONMENT"); named != "" {
		return inside(packages.Folder, named), "UV_PROJECT_ENVIRONMENT is " + named
	}
	if named := o.env("VIRTUAL_ENV"); path.IsAbs(named) {
		return path.Clean(named), "VIRTUAL_ENV is " + named
	}
	for _, entry := range strings.Split(o.env("PATH"), ":") {
		if environmentPrograms.MatchString(entry) {
			return path.Dir(path.Clean(entry)), "PATH has " + entry
		}
	}
	if o.service.Build == nil {
		return "", ""
	}
	file, known := o.in.Dockerfiles[File(o.service)]
	if !known {
		return "", ""
	}
	syncs := file.Syncs(o.service.Build.Target)
	if len(syncs) == 0 {
		return "", ""
	}
	last := syncs[len(syncs)-1]
	return last.Environment, fmt.Sprintf("%s:%d makes %s", file.Path, last.Line, last.Environment)
}

// environmentPrograms are the folders of a PATH that belong to an environment, by the names that people give these.
var environmentPrograms = regexp.MustCompile(`^/(.*/)?\.?v?env/bin/?$`)

// inside is a path of the container that may be relative to a folder.
func inside(folder, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(folder, name)
}

// volumeFor chooses the volume for an environment, by its key in the project and its name: one that was brought to what is
// asked for in place, as `devenv add` does, else the one that was made for it. The name of one that has other packages
// by now is not used again.
func (o *overlay) volumeFor(folder, asked string) (key, name string) {
	ours := "devenv-" + o.service.Name + "-" + o.recipe(folder) + "-"
	prefix := o.in.Project.Name + "_"
	for _, kept := range sorted(o.in.Kept) {
		if o.in.Kept[kept] == asked && strings.HasPrefix(kept, prefix+ours) {
			return strings.TrimPrefix(kept, prefix), kept
		}
	}
	for again := 0; ; again++ {
		key = ours + short(asked, fmt.Sprint(again))
		if _, changed := o.in.Kept[prefix+key]; !changed {
			return key, prefix + key
		}
	}
}

// recipe stands for the Python of an environment and what it is made with: the image that everything stands on, build
// arguments and the commands of uv.
func (o *overlay) recipe(folder string) string {
	parts := []string{folder, o.service.Platform}
	if image, known := effective(o.in, o.service); known {
		parts = append(parts, image.Image)
	}
	if o.service.Build == nil {
		return short(append(parts, o.service.Image)...)
	}
	for _, name := range sorted(o.service.Build.Args) {
		parts = append(parts, name+"="+text(o.service.Build.Args[name]))
	}
	if file, known := o.in.Dockerfiles[File(o.service)]; known {
		for _, sync := range file.Syncs(o.service.Build.Target) {
			parts = append(parts, strings.Join(sync.Args, " "))
		}
	}
	return short(parts...)
}

func short(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:4])
}

// addVolumes declares the volumes of environments and downloads.
func (p *Plan) addVolumes() {
	if p.Project.Volumes = maps.Clone(p.Project.Volumes); p.Project.Volumes == nil {
		p.Project.Volumes = types.Volumes{}
	}
	for _, name := range sorted(p.Environments) {
		environment := p.Environments[name]
		if environment.Volume != "" {
			p.Project.Volumes[environment.key] = types.VolumeConfig{Name: environment.Volume, Labels: types.Labels{EnvironmentLabel: name}}
		}
		if environment.Downloads != "" {
			p.Project.Volumes[downloadsVolume] = types.VolumeConfig{Name: p.Project.Name + "_" + downloadsVolume, Labels: types.Labels{EnvironmentLabel: ""}}
		}
	}
}
