package engine

import (
	"context"
	"errors"
	"io"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	images "github.com/docker/docker/api/types/image"
)

// Image is what a local image says about itself.
type Image struct {
	ID     string   // sha256:...
	Env    []string // NAME=value
	Layers []string // digests of their archives, sha256:..., the lowest first
	Size   int64    // of its layers, in bytes
}

// Image looks at a local image by tag, digest or ID; one that is not there is found false.
func (c *Client) Image(ctx context.Context, ref string) (_ Image, there bool, err error) {
	got, err := c.api.ImageInspect(ctx, ref)
	if notFound(err) {
		return Image{}, false, nil
	}
	if err != nil {
		return Image{}, false, c.failure(err)
	}
	found := Image{ID: got.ID, Layers: got.RootFS.Layers, Size: got.Size}
	if got.Config != nil {
		found.Env = got.Config.Env
	}
	return found, true, nil
}

// Unpack is a file, or a folder with all that is in it, of a local image. No process of it runs.
func (c *Client) Unpack(ctx context.Context, ref, name string) ([]File, error) {
	created, err := c.api.ContainerCreate(ctx, &container.Config{Image: ref, Cmd: []string{name}}, nil, nil, nil, "")
	if err != nil {
		return nil, c.failure(err)
	}
	defer func() { _ = c.RemoveContainer(context.WithoutCancel(ctx), created.ID) }()
	return c.Get(ctx, created.ID, name)
}

// Save gives take one archive of local images, as `docker save` writes it: what they share is in it once.
func (c *Client) Save(ctx context.Context, refs []string, take func(archive io.Reader) error) error {
	archive, err := c.api.ImageSave(ctx, refs)
	if err != nil {
		return c.failure(err)
	}
	return c.failure(errors.Join(take(archive), archive.Close()))
}

// RemoveImage takes a name away from an image, and removes the image if it was the last; one that is gone is no error.
func (c *Client) RemoveImage(ctx context.Context, ref string) error {
	_, err := c.api.ImageRemove(ctx, ref, images.RemoveOptions{})
	return c.unlessGone(err)
}

func notFound(err error) bool { return err != nil && errdefs.IsNotFound(err) }
