package engine

import (
	"context"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/filters"
	images "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
)

// Thing is a network, a volume or an image.
type Thing struct {
	ID     string // a volume has none: it is its name
	Name   string
	Labels map[string]string
}

// Belongings are things on the engine that have something in common.
type Belongings struct {
	Containers                []Container
	Networks, Volumes, Images []Thing
}

// Marked is everything with a label, NAME or NAME=VALUE, of whatever project.
func (c *Client) Marked(ctx context.Context, label string) (all Belongings, err error) {
	filter := filters.NewArgs(filters.Arg("label", label))
	if all.Containers, err = c.containers(ctx, filters.Arg("label", label)); err != nil {
		return all, err
	}
	networks, err := c.api.NetworkList(ctx, network.ListOptions{Filters: filter})
	if err != nil {
		return all, c.failure(err)
	}
	for i := range networks {
		all.Networks = append(all.Networks, Thing{networks[i].ID, networks[i].Name, networks[i].Labels})
	}
	volumes, err := c.api.VolumeList(ctx, volume.ListOptions{Filters: filter})
	if err != nil {
		return all, c.failure(err)
	}
	for _, v := range volumes.Volumes {
		all.Volumes = append(all.Volumes, Thing{v.Name, v.Name, v.Labels})
	}
	built, err := c.api.ImageList(ctx, images.ListOptions{Filters: filter})
	if err != nil {
		return all, c.failure(err)
	}
	for i := range built {
		for _, tag := range built[i].RepoTags {
			all.Images = append(all.Images, Thing{built[i].ID, tag, built[i].Labels})
		}
	}
	for _, things := range [...][]Thing{all.Networks, all.Volumes, all.Images} {
		slices.SortFunc(things, func(a, b Thing) int { return strings.Compare(a.Name, b.Name) })
	}
	return all, nil
}
