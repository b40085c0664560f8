package stack

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/compose/v5/pkg/api"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
)

// Share makes sure of volumes that a project has in common with another one, their owner: those that are missing are made
// as the owner itself would, so that they are its own when it is started.
func Share(ctx context.Context, eng *engine.Client, owner string, volumes types.Volumes) error {
	for key, volume := range volumes {
		labels := types.Labels{}
		for name, value := range volume.Labels {
			labels[name] = value
		}
		labels[api.ProjectLabel], labels[api.VolumeLabel], labels[api.VersionLabel] = owner, key, composeVersion()
		labels[engine.LabelFolder] = "" // it is the folder of the owner that counts, which is not known here
		made := engine.Volume{Name: volume.Name, Driver: volume.Driver, Options: volume.DriverOpts, Labels: labels}
		if err := eng.EnsureVolume(ctx, made); err != nil {
			return fault.New(fault.Failed, "volumes.%s: %w", key, err)
		}
	}
	return nil
}

// Alone refuses to start a service that runs an image as it is, such as a database, on a volume of p's or on one of those
// that are shared while another project uses it: each takes the files to be its own. It looks whoever shares it with
// whom, so the owner of a volume is refused as well as a guest.
func Alone(ctx context.Context, eng *engine.Client, p *types.Project, shared types.Volumes) error {
	exclusive := map[string]string{} // by volume: the service that is to have it for itself
	for _, service := range p.ServiceNames() {
		for _, mount := range p.Services[service].Volumes {
			volume, known := p.Volumes[mount.Source]
			_, common := shared[mount.Source]
			if known && p.Services[service].Build == nil && (common || !bool(volume.External)) {
				exclusive[volume.Name] = service
			}
		}
	}
	if len(exclusive) == 0 {
		return nil
	}
	names := slices.Sorted(maps.Keys(exclusive))
	if strangers, err := others(ctx, eng, p.Name, names...); len(strangers) == 0 || err != nil {
		return err
	}
	for _, name := range names {
		users, err := others(ctx, eng, p.Name, name)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return fault.New(fault.Failed, "%s: volume %s is in use by %s, and two of them would destroy what is in it",
				exclusive[name], name, users[0].Name).WithHint("%s", freeing(&users[0]))
		}
	}
	return nil
}

// others are the running containers that use one of some volumes and are of another project.
func others(ctx context.Context, eng *engine.Client, project string, volumes ...string) ([]engine.Container, error) {
	users, err := eng.Using(ctx, volumes...)
	return slices.DeleteFunc(users, func(c engine.Container) bool { return c.Project == project }), err
}

func freeing(user *engine.Container) string {
	if user.Project == "" {
		return "`docker stop " + user.Name + "` frees it"
	}
	return strings.Join([]string{"`devenv -p", user.Project, "stop", user.Service + "` frees it"}, " ")
}
