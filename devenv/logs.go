package devenv

import (
	"context"
	"strconv"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/stack"
)

// LogsOptions are the flags of logs.
type LogsOptions struct {
	Services   []string
	Follow     bool
	Tail       string // lines of each container, or "all"
	Since      string // RFC 3339 time, or a span before now
	Timestamps bool
}

// Logs prints what the services wrote.
func (e *Environment) Logs(ctx context.Context, options LogsOptions) error {
	if err := e.project.Known(options.Services); err != nil {
		return err
	}
	if _, err := strconv.ParseUint(options.Tail, 10, 32); err != nil && options.Tail != "all" {
		return fault.New(fault.Usage, "--tail %s: not a number of lines", options.Tail).WithHint("a number, or all")
	}
	if err := e.connect(ctx); err != nil {
		return err
	}
	names := options.Services
	if len(names) == 0 {
		names = e.Services()
	}
	e.settings.Term.Prefixes(names)
	err := stack.Logs(ctx, e.engine, e.project.Compose.Name, stack.LogOptions{
		LogRequest: engine.LogRequest{Follow: options.Follow, Tail: options.Tail, Since: options.Since, Timestamps: options.Timestamps},
		Services:   options.Services, Line: e.logLine,
	})
	if options.Follow && ctx.Err() != nil {
		return nil //nolint:nilerr // Ctrl-C is how following ends
	}
	return err
}
