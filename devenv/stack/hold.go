package stack

import (
	"context"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
)

// holdFor is how long a container of Hold lives if nobody ends it, in seconds: whoever made it may have been killed.
const holdFor = "3600"

// Hold starts a one-off container of a service in which nothing runs, for commands to be run in and files to be copied
// to; what the service depends on is not started. The caller removes it; after an hour it ends and removes itself. The
// SDK prints the container's ID to the Stack's Out.
//
// As Run does, it takes the signal handling of the process away.
func (s *Stack) Hold(ctx context.Context, eng *engine.Client, p *types.Project, service string, report Report) (engine.Container, error) {
	return s.hold(ctx, eng, p, service, RunOptions{NoDeps: true, Report: report})
}

// HoldReady is Hold after what the service depends on has been started, and the conditions hold within timeout; 0 is as
// long as it takes.
func (s *Stack) HoldReady(
	ctx context.Context, eng *engine.Client, p *types.Project, service string, timeout time.Duration, report Report,
) (engine.Container, error) {
	return s.hold(ctx, eng, p, service, RunOptions{WaitTimeout: timeout, Report: report})
}

func (s *Stack) hold(ctx context.Context, eng *engine.Client, p *types.Project, service string, opt RunOptions) (engine.Container, error) {
	name := oneOffName(p.Name, service)
	opt.CommandOptions = CommandOptions{Service: service, Command: []string{holdFor}, Detach: true, NoTTY: true}
	opt.Entrypoint, opt.Remove = []string{"sleep"}, true
	_, err := s.run(ctx, eng, p, name, opt)
	if err != nil {
		return engine.Container{}, err
	}
	c, found, err := eng.Container(ctx, name)
	if err == nil && !found {
		err = fault.New(fault.Failed, "%s: its one-off container has ended at once", service)
	}
	return c, err
}
