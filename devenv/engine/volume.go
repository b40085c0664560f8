package engine

import (
	"context"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"
)

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

// Using are the running containers, of whatever project, that have a volume mounted.
func (c *Client) Using(ctx context.Context, volume string) ([]Container, error) {
	return c.containers(ctx, filters.Arg("volume", volume), filters.Arg("status", Running))
}
