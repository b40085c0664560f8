package stack

import (
	"context"
	"errors"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/compose/v5/pkg/api"
)

// Scope says what an operation acts on.
type Scope struct {
	Project  *types.Project // nil: whatever the engine has of the project, found by label
	Services []string       // none: all
	Timeout  *time.Duration // for a container to end by itself before it is killed; nil: its own, or 10 s
	Report   Report
}

// DownOptions says what Down removes beyond containers and networks.
type DownOptions struct {
	Scope
	Volumes       bool // named volumes of the project and anonymous ones, with their data
	RemoveOrphans bool // containers of services that the project no longer has
}

// Down stops and removes a project's containers and networks.
func (s *Stack) Down(ctx context.Context, name string, opt DownOptions) error {
	report := opt.Report
	if len(opt.Services) > 0 && report != nil {
		report = func(event Event) {
			if event.State != Warning || event.Kind != "Network" { // the others use it still, as they should
				opt.Report(event)
			}
		}
	}
	return s.operate(ctx, report, func(sdk api.Compose) error {
		return sdk.Down(ctx, name, api.DownOptions{
			Project: copied(opt.Project), Services: opt.Services, Timeout: opt.Timeout,
			Volumes: opt.Volumes, RemoveOrphans: opt.RemoveOrphans,
		})
	})
}

// Stop stops containers and keeps them.
func (s *Stack) Stop(ctx context.Context, name string, scope Scope) error {
	return s.operate(ctx, scope.Report, func(sdk api.Compose) error {
		return sdk.Stop(ctx, name, api.StopOptions{
			Project: copied(scope.Project), Services: scope.Services, Timeout: scope.Timeout,
		})
	})
}

// Restart stops and starts containers, and those that depend on them with `restart: true`.
func (s *Stack) Restart(ctx context.Context, name string, scope Scope) error {
	return s.operate(ctx, scope.Report, func(sdk api.Compose) error {
		return sdk.Restart(ctx, name, api.RestartOptions{
			Project: copied(scope.Project), Services: scope.Services, Timeout: scope.Timeout,
		})
	})
}

// Kill sends signal, such as SIGKILL, to running containers. A project without any is no error.
func (s *Stack) Kill(ctx context.Context, name, signal string, scope Scope) error {
	return s.operate(ctx, scope.Report, func(sdk api.Compose) error {
		err := sdk.Kill(ctx, name, api.KillOptions{
			Project: copied(scope.Project), Services: scope.Services, Signal: signal,
		})
		if errors.Is(err, api.ErrNoResources) {
			return nil
		}
		return err
	})
}

func (s *Stack) operate(ctx context.Context, report Report, act func(api.Compose) error) error {
	return s.operateOn(ctx, newBus(report), act)
}

// operateOn runs one operation of the SDK with its progress and warnings on b. A cancelled context is the cause
// of whatever the SDK then says.
func (s *Stack) operateOn(ctx context.Context, b *bus, act func(api.Compose) error) error {
	sdk, err := s.sdk(b)
	if err != nil {
		return err
	}
	defer s.warnings.to(b)()
	err = act(sdk)
	if cause := ctx.Err(); cause != nil {
		return cause
	}
	return err
}

// copied protects the caller's project from the SDK, which changes what it is given.
func copied(p *types.Project) *types.Project {
	if p == nil {
		return nil
	}
	return Labels(p)
}
