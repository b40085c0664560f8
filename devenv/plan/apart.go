package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// Apart is the project as this checkout has it beside others: what the compose file calls by the same name everywhere gets
// the checkout's suffix, as the project's name has it already. What is external stays as it is, and volumes that all
// checkouts share have the first one's name. Where the checkout has no suffix the project is returned as it is.
func Apart(in Input) (*types.Project, []Change, []Advice) {
	if !in.Naming.Suffixed() {
		return in.Project, nil, nil
	}
	a := apart{in: in}
	own := *in.Project
	a.change("", "name", in.Naming.Base, in.Naming.Project)
	own.Services = a.services()
	own.Networks = maps.Clone(own.Networks)
	for _, key := range sorted(own.Networks) {
		network := own.Networks[key]
		network.Name = a.resource("networks."+key, network.Name, bool(network.External))
		own.Networks[key] = network
	}
	own.Volumes = maps.Clone(own.Volumes)
	for _, key := range sorted(own.Volumes) {
		own.Volumes[key] = a.volume(key, own.Volumes[key])
	}
	return &own, a.changes, a.advice
}

type apart struct {
	in      Input
	changes []Change
	advice  []Advice
}

func (a *apart) change(service, key, from, to string) {
	if from != to {
		a.changes = append(a.changes, Change{service, key, from, to, a.in.Naming.Cause})
	}
}

// services are copies with names of their own. In the networks of the checkout a container is found under its declared
// name too.
func (a *apart) services() types.Services {
	all := types.Services{}
	for _, name := range sorted(a.in.Project.Services) {
		service := a.in.Project.Services[name]
		if declared := service.ContainerName; declared != "" {
			service.ContainerName = a.in.Naming.Apart(declared)
			service.Networks = withAlias(service.Networks, declared)
			a.change(name, "container_name", declared, service.ContainerName)
		}
		for _, joined := range [...]*string{&service.NetworkMode, &service.Ipc, &service.Pid} {
			if container, is := strings.CutPrefix(*joined, "container:"); is && a.declares(container) {
				*joined = "container:" + a.in.Naming.Apart(container)
			}
		}
		if service.Image != "" && a.builds(service.Image) && !strings.Contains(service.Image, a.in.Naming.Suffix) {
			own := tagFor(service.Image, a.in.Naming.Suffix)
			a.change(name, "image", service.Image, own)
			service.Image = own
		}
		all[name] = service
	}
	return all
}

// declares says that a service of the project has this container_name.
func (a *apart) declares(container string) bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(a.in.Project.Services)), func(s types.ServiceConfig) bool {
		return s.ContainerName == container
	})
}

// builds says that a service of the project builds this image: then it has the code of one checkout.
func (a *apart) builds(image string) bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(a.in.Project.AllServices())), func(s types.ServiceConfig) bool {
		return s.Build != nil && s.Image == image
	})
}

func withAlias(networks map[string]*types.ServiceNetworkConfig, alias string) map[string]*types.ServiceNetworkConfig {
	own := map[string]*types.ServiceNetworkConfig{}
	for key, network := range networks {
		joined := types.ServiceNetworkConfig{}
		if network != nil {
			joined = *network
		}
		joined.Aliases = append(slices.Clone(joined.Aliases), alias)
		own[key] = &joined
	}
	return own
}

// resource is the name of a network or volume. Compose's own names begin with that of the project, so they are apart.
func (a *apart) resource(key, name string, external bool) string {
	if external {
		a.advice = append(a.advice, Advice{Text: key + ": " + name + " is external, so every checkout of " + a.in.Naming.Base + " uses the same"})
		return name
	}
	own := a.in.Naming.Apart(name)
	a.change("", key+".name", name, own)
	return own
}

func (a *apart) volume(key string, volume types.VolumeConfig) types.VolumeConfig {
	if bool(volume.External) || !a.in.Shared.Has(key) {
		volume.Name = a.resource("volumes."+key, volume.Name, bool(volume.External))
		return volume
	}
	shared := a.in.sharedName(volume.Name)
	if cause := "x-devenv.volumes has all checkouts share it"; shared != volume.Name {
		a.changes = append(a.changes, Change{"", "volumes." + key + ".name", volume.Name, shared, cause})
	} else {
		a.advice = append(a.advice, Advice{Text: "volumes." + key + ": " + cause})
	}
	volume.Name, volume.External = shared, true // it is not this project's to remove
	return volume
}

// sharedVolumes are the volumes that belong to the first checkout and that this one uses, under their keys.
func (in Input) sharedVolumes() types.Volumes {
	all := types.Volumes{}
	for key, volume := range in.Project.Volumes {
		if in.Naming.Suffixed() && in.Shared.Has(key) && !bool(volume.External) {
			volume.Name = in.sharedName(volume.Name)
			all[key] = volume
		}
	}
	return all
}

// sharedName is what the first checkout calls a volume.
func (in Input) sharedName(name string) string {
	return strings.Replace(name, in.Naming.Project, in.Naming.Base, 1)
}
