package engine

import (
	"context"

	"github.com/containerd/errdefs"
)

// Image is what a local image says about itself.
type Image struct {
	ID  string   // sha256:...
	Env []string // NAME=value
}

// Image looks at a local image by tag, digest or ID; one that is not there is found false.
func (c *Client) Image(ctx context.Context, ref string) (_ Image, found bool, err error) {
	got, err := c.api.ImageInspect(ctx, ref)
	if notFound(err) {
		return Image{}, false, nil
	}
	if err != nil {
		return Image{}, false, c.failure(err)
	}
	image := Image{ID: got.ID}
	if got.Config != nil {
		image.Env = got.Config.Env
	}
	return image, true, nil
}

func notFound(err error) bool { return err != nil && errdefs.IsNotFound(err) }
