package build

import (
	"context"
	"strings"

	"devenv/devenv/dockerfile"
	"devenv/devenv/fault"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	"github.com/moby/buildkit/frontend/dockerfile/builder"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerui"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/apicaps"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// frontend turns a recipe's Dockerfile into BuildKit's graph, and keeps what is asked for later.
type frontend struct {
	recipe *recipe
	state  llb.State             // the graph, for builds that need this image
	config []byte                // of the image, as JSON
	lines  map[digest.Digest]int // step -> line of the Dockerfile
	err    error                 // why it failed, with details that are lost on the way through the engine
}

// run is a gateway.BuildFunc: c is the engine's solver.
func (f *frontend) run(ctx context.Context, c gateway.Client) (result *gateway.Result, err error) {
	defer func() { f.err = err }()
	if err := supported(c.BuildOpts()); err != nil {
		return nil, err
	}
	f.state, f.lines = llb.Scratch(), map[digest.Digest]int{}
	if f.recipe.trusts() {
		c = newTrusting(c, f.recipe.Text)
	}
	if f.recipe.ownFrontend() {
		result, err = f.convert(ctx, c)
	} else {
		result, err = builder.Build(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	f.config = result.Metadata[exptypes.ExporterImageConfigKey]
	return result, result.EachRef(func(ref gateway.Reference) error { return f.keep(ctx, ref) })
}

// ownFrontend says that the Dockerfile is converted right here. `docker/dockerfile:1` means the newest 1.x, for
// which this one is taken: to ask the registry would take longer than the build. Others are given to BuildKit's
// entry point, which fetches a remote Dockerfile, forwards to the image of a syntax line and scans for an SBOM.
func (r *recipe) ownFrontend() bool {
	_, chosen := r.Attrs["build-arg:BUILDKIT_SYNTAX"]
	_, scan := r.Attrs["attest:sbom"]
	if r.Text == "" || chosen || scan {
		return false
	}
	switch dockerfile.Syntax([]byte(r.Text)) {
	case "", "docker/dockerfile", "docker/dockerfile:1", "docker/dockerfile:latest":
		return true
	}
	return false
}

// convert is BuildKit's entry point without its forwarding and without the cache of image configurations, whose
// unsynchronized flag the race detector rejects (builder/resolvecache.go of v0.33).
func (f *frontend) convert(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
	c = reader{c, f.recipe.dockerfileTexts()}
	ui, err := dockerui.NewClient(c)
	if err != nil {
		return nil, err
	}
	source, err := ui.ReadEntrypoint(ctx, "Dockerfile")
	if err != nil {
		return nil, err
	}
	result, err := ui.Build(ctx, func(ctx context.Context, platform *ocispecs.Platform, _ int) (*dockerui.BuildResult, error) {
		graph, err := dockerfile2llb.Dockerfile2LLB(ctx, source.Data, dockerfile2llb.ConvertOpt{
			Config: ui.Config, Client: ui, SourceMap: source.SourceMap, MetaResolver: c, TargetPlatform: platform,
		})
		if err != nil {
			return nil, err
		}
		definition, err := graph.State.Marshal(ctx)
		if err != nil {
			return nil, err
		}
		solved, err := c.Solve(ctx, gateway.SolveRequest{Definition: definition.ToPB(), CacheImports: ui.CacheImports})
		if err != nil {
			return nil, err
		}
		ref, err := solved.SingleRef()
		return &dockerui.BuildResult{Reference: ref, Image: graph.Image, BaseImage: graph.BaseImage, Epoch: graph.Epoch}, err
	})
	if err != nil {
		return nil, err
	}
	return result.Finalize()
}

// supported refuses what the frontend would leave out in silence because the engine's BuildKit is too old for it.
func supported(have gateway.BuildOpts) error {
	for attr, capability := range map[string]apicaps.CapID{"ulimit": pb.CapExecMetaUlimit, "shm-size": pb.CapExecMountTmpfsSize} {
		if have.Opts[attr] != "" && have.LLBCaps.Supports(capability) != nil {
			return fault.New(fault.Usage, "build.%s: this engine is too old for it", composeKey(attr)).
				WithHint("remove the key, or use Docker Engine 23.0 or later")
		}
	}
	return nil
}

func composeKey(attr string) string {
	if attr == "ulimit" {
		return "ulimits"
	}
	return strings.ReplaceAll(attr, "-", "_")
}

// keep holds the graph of a result, and the line of each of its steps.
func (f *frontend) keep(ctx context.Context, ref gateway.Reference) (err error) {
	if f.state, err = ref.ToState(); err != nil {
		return err
	}
	definition, err := f.state.Marshal(ctx)
	if err != nil || definition.Source == nil {
		return err
	}
	for step, places := range definition.Source.Locations {
		for _, place := range places.Locations {
			if len(place.Ranges) > 0 && f.lines[digest.Digest(step)] == 0 {
				f.lines[digest.Digest(step)] = int(place.Ranges[0].Start.Line)
			}
		}
	}
	return nil
}
