package engine

import (
	"context"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"
)

// UnusedVolumes are the volumes of a project that no container has, not even a stopped one, and that carry a label: their
// names, each with the label's value.
func (c *Client) UnusedVolumes(ctx context.Context, project, label string) (map[string]string, error) {
	list, err := c.api.VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(
		filters.Arg("label", LabelProject+"="+project), filters.Arg("label", label), filters.Arg("dangling", "true"),
	)})
	if err != nil {
		return nil, c.failure(err)
	}
	unused := map[string]string{}
	for _, v := range list.Volumes {
		unused[v.Name] = v.Labels[label]
	}
	return unused, nil
}

// Mounting are the containers, of whatever project and also those that have ended, that mount a folder of the engine's host.
func (c *Client) Mounting(ctx context.Context, folder string) ([]Container, error) {
	return c.containers(ctx, filters.Arg("volume", folder))
}

// Volume is a named volume as it is to be made.
type Volume struct {
	Name, Driver    string // "" is the engine's own driver
	Options, Labels map[string]string
}

// EnsureVolume makes a volume; one that is there is left as it is.
func (c *Client) EnsureVolume(ctx context.Context, v Volume) error {
	_, err := c.api.VolumeInspect(ctx, v.Name)
	if notFound(err) {
		_, err = c.api.VolumeCreate(ctx, volume.CreateOptions{Name: v.Name, Driver: v.Driver, DriverOpts: v.Options, Labels: v.Labels})
	}
	return c.failure(err)
}

// Using are the running containers, of whatever project, that have one of some volumes mounted.
func (c *Client) Using(ctx context.Context, volumes ...string) ([]Container, error) {
	only := []filters.KeyValuePair{filters.Arg("status", Running)}
	for _, volume := range volumes {
		only = append(only, filters.Arg("volume", volume))
	}
	return c.containers(ctx, only...)
}
