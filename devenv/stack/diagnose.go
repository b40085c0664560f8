package stack

import (
	"context"
	"strings"
	"time"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
)

// shownLines is how much of a log or of a healthcheck's output a failure shows.
const shownLines = 10

// diagnose words why a container will not come up, with the evidence: the end of its log or of its healthcheck.
func diagnose(ctx context.Context, eng *engine.Client, r *replica, why trouble) *fault.Error {
	switch why {
	case sick:
		probe, _, _ := eng.LastHealth(ctx, r.id)
		return unhealthy(r.service, probe).WithHint("`devenv logs %s` shows what it wrote", r.service)
	case unsupplied:
		return fault.New(fault.Usage, "%s: has no healthcheck, and another service waits for its health", r.service).
			WithHint("add a healthcheck to %s, or wait with condition: service_started", r.service)
	case withdrawn:
		return fault.New(fault.Unhealthy, "%s: its container was removed while it was waited for", r.service)
	case absent:
		return fault.New(fault.Unhealthy, "%s: has no container", r.service).WithHint("`devenv up %s` creates it", r.service)
	}
	lines, _ := eng.LastLogs(ctx, r.id, shownLines)
	return exitFault(r, why, lines)
}

func unhealthy(service string, probe engine.Probe) *fault.Error {
	failure := fault.New(fault.Unhealthy, "%s is unhealthy: its healthcheck failed %d times, the last with exit code %d",
		service, probe.FailingStreak, probe.ExitCode)
	return failure.WithDetail(lastLines(probe.Output)...)
}

// exitFault words an exit by what is known of it.
func exitFault(r *replica, why trouble, log []string) *fault.Error {
	failure := fault.New(fault.Unhealthy, "%s exited with code %d right after its start", r.service, r.exit)
	switch {
	case r.oom:
		return fault.New(fault.Unhealthy, "%s was killed: out of memory", r.service).WithDetail(log...).
			WithHint("raise mem_limit (deploy.resources.limits.memory) of %s, or the engine's memory", r.service)
	case why == looping:
		failure = fault.New(fault.Unhealthy, "%s is restarted again and again: it exits with code %d", r.service, r.exit)
	case why == incomplete:
		failure = fault.New(fault.Unhealthy, "%s did not complete: it exited with code %d", r.service, r.exit)
	}
	failure = failure.WithDetail(log...)
	text := strings.Join(log, "\n")
	switch {
	case strings.Contains(text, "exec format error"):
		return failure.WithHint("the image of %s is for another CPU architecture, or its script has no #! line", r.service)
	case strings.Contains(text, "exec ") && strings.Contains(text, "no such file or directory"):
		return failure.WithHint("the script's interpreter is missing; Windows line ends in its #! line do that too")
	}
	return failure.WithHint("`devenv logs %s` shows all that it wrote", r.service)
}

// tooLate words that a container was not up in time.
func tooLate(ctx context.Context, eng *engine.Client, r *replica, timeout time.Duration) *fault.Error {
	probe, found, _ := eng.LastHealth(ctx, r.id)
	switch {
	case found:
		return fault.New(fault.Unhealthy, "%s is not healthy after %s: its healthcheck last gave exit code %d",
			r.service, timeout, probe.ExitCode).WithDetail(lastLines(probe.Output)...).
			WithHint("`devenv logs %s` shows what it wrote; a slow start wants a longer start_period", r.service)
	case r.healthcheck:
		return fault.New(fault.Unhealthy, "%s is not healthy after %s: its healthcheck has not run yet", r.service, timeout).
			WithHint("shorten the healthcheck's interval")
	case r.state == engine.Running:
		return fault.New(fault.Unhealthy, "%s still runs after %s, and another service waits for its end", r.service, timeout).
			WithHint("`devenv logs %s` shows what it does", r.service)
	}
	return fault.New(fault.Unhealthy, "%s is not running after %s: it is %s", r.service, timeout, r.state).
		WithHint("`devenv logs %s` shows what it wrote", r.service)
}

// lastLines are the last lines of a text, as many as a failure shows.
func lastLines(text string) []string {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	all := strings.Split(text, "\n")
	return all[max(0, len(all)-shownLines):]
}
