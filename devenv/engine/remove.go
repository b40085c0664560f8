package engine

import (
	"context"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
)

// Holdings are the IDs of what a Compose project has on the engine, each with its name.
type Holdings struct {
	Containers map[string]string
	Networks   map[string]string
	Volumes    map[string]string // volumes have no ID: name to name
}

// Holdings lists a project's containers, networks and volumes by Compose's label.
func (c *Client) Holdings(ctx context.Context, project string) (Holdings, error) {
	h := Holdings{Containers: map[string]string{}, Networks: map[string]string{}, Volumes: map[string]string{}}
	label := filters.NewArgs(filters.Arg("label", LabelProject+"="+project))
	containers, err := c.Containers(ctx, project)
	if err != nil {
		return h, err
	}
	for i := range containers {
		h.Containers[containers[i].ID] = containers[i].Name
	}
	networks, err := c.api.NetworkList(ctx, network.ListOptions{Filters: label})
	if err != nil {
		return h, c.failure(err)
	}
	for i := range networks {
		h.Networks[networks[i].ID] = networks[i].Name
	}
	volumes, err := c.api.VolumeList(ctx, volume.ListOptions{Filters: label})
	if err != nil {
		return h, c.failure(err)
	}
	for _, v := range volumes.Volumes {
		h.Volumes[v.Name] = v.Name
	}
	return h, nil
}

// RemoveContainer kills and removes a container with its anonymous volumes. One that is gone, or that another
// call is removing, is no error.
func (c *Client) RemoveContainer(ctx context.Context, id string) error {
	err := c.api.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if errdefs.IsConflict(err) {
		return nil
	}
	return c.unlessGone(err)
}

// RemoveNetwork removes a network; one that is gone is no error.
func (c *Client) RemoveNetwork(ctx context.Context, id string) error {
	return c.unlessGone(c.api.NetworkRemove(ctx, id))
}

// RemoveVolume removes a volume with its data; one that is gone is no error.
func (c *Client) RemoveVolume(ctx context.Context, name string) error {
	return c.unlessGone(c.api.VolumeRemove(ctx, name, true))
}

// Start starts a container that is there.
func (c *Client) Start(ctx context.Context, id string) error {
	return c.failure(c.api.ContainerStart(ctx, id, container.StartOptions{}))
}

// Rename gives a container another name.
func (c *Client) Rename(ctx context.Context, id, name string) error {
	return c.failure(c.api.ContainerRename(ctx, id, name))
}

// Kill sends a signal, such as SIGKILL or SIGUSR1, to a container's first process. One that does not run is no error.
func (c *Client) Kill(ctx context.Context, id, signal string) error {
	err := c.api.ContainerKill(ctx, id, signal)
	if errdefs.IsConflict(err) { // it does not run
		return nil
	}
	return c.unlessGone(err)
}

func (c *Client) unlessGone(err error) error {
	if notFound(err) {
		return nil
	}
	return c.failure(err)
}
