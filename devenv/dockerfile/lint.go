package dockerfile

import (
	"context"
	"encoding/json"
	"slices"
	"sync/atomic"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerui"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/opencontainers/go-digest"
)

// Warning is what one of BuildKit's own checks says of a line.
type Warning struct {
	Rule string // as BuildKit names it, such as StageNameCasing
	Text string
	URL  string // its documentation
	Line int    // 0 where the check names none
}

// undefinedVariable is the check that needs the environment of the base images.
const undefinedVariable = "UndefinedVar"

// Lint runs the checks of `docker build --check`, in this process and without fetching anything: env gives the
// environment (NAME=value) of an image that is known, to several goroutines. Where one is not, its variables are not
// called undefined.
func Lint(ctx context.Context, content []byte, args map[string]string, env func(image string) ([]string, bool)) ([]Warning, error) {
	known := images{env: env}
	results, err := dockerfile2llb.DockerfileLint(ctx, content, dockerfile2llb.ConvertOpt{
		Config: dockerui.Config{BuildArgs: args}, MetaResolver: &known,
		SourceMap: &llb.SourceMap{Definition: &llb.Definition{}, Data: content},
	})
	if err != nil {
		return nil, err
	}
	var all []Warning
	for _, w := range results.Warnings {
		warning := Warning{Rule: w.RuleName, Text: w.Detail, URL: w.URL}
		if w.Location != nil && len(w.Location.Ranges) > 0 {
			warning.Line = int(w.Location.Ranges[0].Start.Line)
		}
		if warning.Rule != undefinedVariable || !known.guessed.Load() {
			all = append(all, warning)
		}
	}
	slices.SortStableFunc(all, func(a, b Warning) int { return a.Line - b.Line })
	return all, nil
}

// images answers for a registry with what is known of an image.
type images struct {
	env     func(image string) ([]string, bool)
	guessed atomic.Bool
}

// ResolveImageConfig is the configuration of an image, empty where it is not known.
func (i *images) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	var image dockerspec.DockerOCIImage
	env, known := i.env(ref)
	if !known {
		i.guessed.Store(true)
	}
	image.Config.Env = env
	content, err := json.Marshal(image)
	return ref, digest.FromBytes(content), content, err
}
