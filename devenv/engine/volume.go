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
