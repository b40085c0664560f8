package build

import (
	"context"
	"slices"
	"strings"

	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/proto"

	"devenv/devenv/dockerfile"
	"devenv/devenv/trust"
)

// An unchanged Dockerfile knows of no certificates, and the image must not keep any. So the steps are changed on their
// way to the engine: each process of a RUN gets the bundle as a secret mount and its path in the environment, both of
// which end with the process. The mount lies below /dev, which is a tmpfs in every step: where a file is mounted on the
// image's own file system, BuildKit of Engine 20.10 leaves an empty file in its place (moby/moby#38667).

// The secrets and where they are mounted.
const (
	bundleSecret, bundlePath = "devenv.ca-bundle", "/dev/devenv/ca-bundle.pem"
	aptSecret, aptPath       = "devenv.apt-conf", "/dev/devenv/apt.conf"
)

// aptConfig names the bundle to apt, which has no variable for it but one for a file like this (apt.conf(5)).
const aptConfig = `Acquire::https::CAInfo "` + bundlePath + `";` + "\n"

// trusts says that the steps of the build are to trust a bundle.
func (r *recipe) trusts() bool { _, given := r.Secrets[bundleSecret]; return given }

// trusting is the engine's solver, except that the processes of all steps trust the bundle.
type trusting struct {
	gateway.Client
	own map[string]bool // variables that the Dockerfile sets, which stay as it sets them; nil where it is not known
}

func newTrusting(c gateway.Client, text string) trusting {
	file, err := dockerfile.Parse("", []byte(text))
	if text == "" || err != nil { // the frontend says what is wrong with it
		return trusting{Client: c}
	}
	own := map[string]bool{}
	for _, stage := range file.Stages {
		for _, variables := range []map[string]string{stage.Env, stage.Args} {
			for name := range variables {
				own[name] = true
			}
		}
	}
	return trusting{c, own}
}

// Solve changes the steps of a graph, also of one that another frontend has made of a Dockerfile.
func (t trusting) Solve(ctx context.Context, request gateway.SolveRequest) (*gateway.Result, error) {
	if request.Definition != nil {
		changed, err := t.changed(request.Definition)
		if err != nil {
			return nil, err
		}
		request.Definition = changed
	}
	result, err := t.Client.Solve(ctx, request)
	if err != nil || request.Definition != nil {
		return result, err
	}
	return t.again(ctx, result)
}

// again solves the graphs of a result with the changes. So far none of their steps has run.
func (t trusting) again(ctx context.Context, result *gateway.Result) (_ *gateway.Result, err error) {
	if result.Ref != nil {
		result.Ref, err = t.resolved(ctx, result.Ref)
	}
	for platform, ref := range result.Refs {
		if err == nil && ref != nil {
			result.Refs[platform], err = t.resolved(ctx, ref)
		}
	}
	return result, err
}

func (t trusting) resolved(ctx context.Context, ref gateway.Reference) (gateway.Reference, error) {
	state, err := ref.ToState()
	if err != nil {
		return nil, err
	}
	definition, err := state.Marshal(ctx)
	if err != nil || len(definition.Def) == 0 {
		return ref, err
	}
	solved, err := t.Solve(ctx, gateway.SolveRequest{Definition: definition.ToPB()})
	if err != nil {
		return nil, err
	}
	return solved.SingleRef()
}

// changed is a graph whose processes have the bundle. A step that has another input has another digest, and with it all
// that stand on it.
func (t trusting) changed(graph *pb.Definition) (*pb.Definition, error) {
	now := &pb.Definition{Metadata: map[string]*pb.OpMetadata{}}
	digests := map[string]string{}
	for _, content := range graph.Def {
		before := digest.FromBytes(content).String()
		var op pb.Op
		if err := op.UnmarshalVT(content); err != nil {
			return nil, err
		}
		if t.change(&op, digests) {
			var err error
			if content, err = (proto.MarshalOptions{Deterministic: true}).Marshal(&op); err != nil {
				return nil, err
			}
		}
		after := digest.FromBytes(content).String()
		digests[before] = after
		now.Def = append(now.Def, content)
		if metadata, has := graph.Metadata[before]; has {
			now.Metadata[after] = metadata
		}
	}
	if graph.Source != nil {
		now.Source = &pb.Source{Infos: graph.Source.Infos, Locations: map[string]*pb.Locations{}}
		for step, places := range graph.Source.Locations {
			now.Source.Locations[digests[step]] = places
		}
	}
	return now, nil
}

// change gives a step its inputs' new digests and, where it runs a process, the bundle. It says whether that changed it.
func (t trusting) change(op *pb.Op, digests map[string]string) bool {
	changed := false
	for _, input := range op.Inputs {
		if now := digests[input.Digest]; now != "" && now != input.Digest {
			input.Digest, changed = now, true
		}
	}
	run := op.GetExec()
	if run == nil || slices.ContainsFunc(run.Mounts, func(m *pb.Mount) bool { return m.Dest == bundlePath }) {
		return changed
	}
	for _, name := range trust.Variables() {
		t.set(run.Meta, name, bundlePath)
	}
	t.set(run.Meta, "APT_CONFIG", aptPath)
	run.Mounts = append(run.Mounts, secretMount(bundleSecret, bundlePath), secretMount(aptSecret, aptPath))
	return true
}

// set sets a variable unless the Dockerfile does. What a base image says of its own certificates is replaced.
func (t trusting) set(meta *pb.Meta, name, value string) {
	at := slices.IndexFunc(meta.Env, func(assignment string) bool { return strings.HasPrefix(assignment, name+"=") })
	switch {
	case at < 0:
		meta.Env = append(meta.Env, name+"="+value)
	case t.own != nil && !t.own[name]:
		meta.Env[at] = name + "=" + value
	}
}

func secretMount(id, path string) *pb.Mount {
	return &pb.Mount{
		Input: int64(pb.Empty), Output: int64(pb.SkipOutput), Dest: path, MountType: pb.MountType_SECRET,
		SecretOpt: &pb.SecretOpt{ID: id, Mode: 0o444},
	}
}
