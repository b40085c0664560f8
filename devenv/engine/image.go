package engine

import (
	"context"
	"time"

	"github.com/containerd/errdefs"
)

// Image is what a local image says about itself.
type Image struct {
	ID           string // sha256:...
	Tags         []string
	Digests      []string // name@sha256:..., empty for an image that was built here
	Created      time.Time
	Size         int64 // bytes
	OS, Arch     string
	Env          []string // NAME=value
	Cmd          []string
	Entrypoint   []string
	User         string
	WorkingDir   string
	Labels       map[string]string
	Volumes      []string // anonymous volumes
	ExposedPorts []string // 8000/tcp
	Healthcheck  bool
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
	created, _ := time.Parse(time.RFC3339Nano, got.Created)
	image := Image{
		ID: got.ID, Tags: got.RepoTags, Digests: got.RepoDigests, Created: created, Size: got.Size,
		OS: got.Os, Arch: got.Architecture,
	}
	if config := got.Config; config != nil {
		image.Env, image.Cmd, image.Entrypoint = config.Env, config.Cmd, config.Entrypoint
		image.User, image.WorkingDir, image.Labels = config.User, config.WorkingDir, config.Labels
		image.Volumes, image.ExposedPorts = keys(config.Volumes), keys(config.ExposedPorts)
		check := config.Healthcheck
		image.Healthcheck = check != nil && len(check.Test) > 0 && check.Test[0] != "NONE"
	}
	return image, true, nil
}

func notFound(err error) bool { return err != nil && errdefs.IsNotFound(err) }
