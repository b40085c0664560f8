package build

import (
	"context"
	"errors"
	"net"

	"devenv/devenv/fault"

	bk "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/worker/label"
)

// Labels that the engine gives its worker.
const hostGatewayLabel = "org.mobyproject.buildkit.worker.moby.host-gateway-ip"

// engine is the BuildKit inside one Docker Engine.
type engine struct {
	dial   Dialer
	client *bk.Client
	labels map[string]string // of its worker
}

// connect reaches the engine's BuildKit. The connection lives until close.
func connect(ctx context.Context, dial Dialer) (*engine, error) {
	e := &engine{dial: dial}
	client, err := bk.New(ctx, "",
		bk.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return dial.DialHijack(ctx, "/grpc", "h2c", nil)
		}),
		bk.WithSessionDialer(e.dialSession))
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	e.client = client
	workers, err := client.ListWorkers(ctx)
	if err != nil {
		e.close()
		return nil, unreachable(ctx, err)
	}
	if len(workers) > 0 {
		e.labels = workers[0].Labels
	}
	return e, nil
}

func (e *engine) close() { _ = e.client.Close() } // only a connection: nothing to lose

func (e *engine) dialSession(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
	return e.dial.DialHijack(ctx, "/session", proto, meta)
}

func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return known
	}
	return fault.New(fault.Engine, "engine: its BuildKit does not answer: %w", err).
		WithHint("builds need Docker Engine 20.10 or later")
}

// facts are what a recipe must know of the engine and the options.
type facts struct {
	dir         string
	hostGateway string // the address for "host-gateway"; "" if the engine does not tell it (before 23.0)
	containerd  bool   // images live in containerd's store: several platforms, attestations, every cache
}

func (e *engine) facts(opt Options) facts {
	return facts{
		dir: opt.Dir, hostGateway: e.labels[hostGatewayLabel],
		containerd: e.labels[label.Snapshotter] != "", // the worker on graph drivers has none
	}
}
