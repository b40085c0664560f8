package stack

import (
	"context"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/compose/v5/pkg/api"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
)

// Share makes sure of volumes that p has in common with another project, their owner: those that are missing are made
// as the owner itself would, so that they are its own when it is started. It refuses where a service that runs an image
// as it is, such as a database, would use such a volume beside another one: each takes the files to be its own.
func Share(ctx context.Context, eng *engine.Client, p *types.Project, owner string, volumes types.Volumes) error {
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
		users, err := eng.Using(ctx, volume.Name)
		if err != nil {
			return err
		}
		if err := inUse(p, key, volume.Name, users); err != nil {
			return err
		}
	}
	return nil
}

// inUse is the refusal to have two databases on one volume.
func inUse(p *types.Project, key, name string, users []engine.Container) error {
	for _, service := range p.ServiceNames() {
		mounts := p.Services[service].Volumes
		if p.Services[service].Build != nil || !slices.ContainsFunc(mounts, func(m types.ServiceVolumeConfig) bool { return m.Source == key }) {
			continue
		}
		for i := range users {
			if user := &users[i]; user.Project != p.Name {
				return fault.New(fault.Failed, "%s: volume %s is in use by %s, and two of them would destroy what is in it", service, name, user.Name).
					WithHint("%s", freeing(user))
			}
		}
	}
	return nil
}

func freeing(user *engine.Container) string {
	if user.Project == "" {
		return "`docker stop " + user.Name + "` frees it"
	}
	return strings.Join([]string{"`devenv -p", user.Project, "stop", user.Service + "` frees it"}, " ")
}
