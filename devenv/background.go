package devenv

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"devenv/devenv/fault"
	"devenv/devenv/live"
	"devenv/devenv/plan"
	"devenv/devenv/state"
)

// liveCommand is what the background session of `up -d` is called where it holds the project.
const liveCommand = "devenv up -d"

// Live is the background session that `up -d` leaves behind: it watches and reloads until `down`, a foreground `up` or a
// signal ends it.
func (e *Environment) Live(ctx context.Context) error {
	e.settings.Command = liveCommand
	lock, err := e.store.Lock(ctx, state.Live, e.holder())
	if err != nil {
		return err
	}
	err = e.connect(ctx)
	if err == nil {
		err = e.session(ctx)
	}
	return errors.Join(err, lock.Release())
}

// session runs for the services that have containers.
func (e *Environment) session(ctx context.Context) error {
	in, planned, err := e.planPresent(ctx)
	if err != nil {
		return err
	}
	return e.watched(ctx, in, planned, true)
}

// handOver makes sure that a session looks after what was planned and has just been brought up, and that its programs
// have been loaded.
func (e *Environment) handOver(ctx context.Context, planned plan.Plan) error {
	if err := e.lookedAfter(ctx, planned); err != nil {
		return err
	}
	return e.loaded(ctx, planned)
}

// lookedAfter makes sure of a session: the one that runs, or a background session, where there is something to watch.
func (e *Environment) lookedAfter(ctx context.Context, planned plan.Plan) error {
	if _, held := e.store.Holder(state.Live); held {
		answer, err := live.Ask(ctx, e.socket(), live.Request{Adopt: &live.Adoption{
			Command: e.settings.Command, Mode: e.settings.Mode, Profile: e.settings.Profile, DebugWait: e.settings.DebugWait,
		}})
		e.sayDebuggers(answer.Debuggers, planned)
		if !errors.Is(err, live.ErrOther) {
			return err
		}
		if err := e.endBackground(ctx); err != nil {
			return err
		}
	}
	if !watchable(planned) {
		return nil
	}
	log := filepath.Join(e.store.Folder(), "live.log")
	answer, err := live.Spawn(ctx, e.liveArgs(), e.settings.Env, e.settings.Dir, log, e.socket())
	if err != nil {
		return err
	}
	e.sayDebuggers(answer.Debuggers, planned)
	e.settings.Term.Say("watching in the background; its log is %s", e.project.Rel(log))
	return nil
}

// sayDebuggers prints where an editor attaches to services that can be debugged in their modes of now.
func (e *Environment) sayDebuggers(debuggers map[string]live.Debugger, planned plan.Plan) {
	for _, service := range slices.Sorted(maps.Keys(planned.Debug)) {
		if address := debuggers[service].Address; address != "" {
			e.settings.Term.Say("%-12s %s  (debugger)", service, address)
		}
	}
}

// liveArgs are the command line of the background session.
func (e *Environment) liveArgs() []string {
	args := append(e.projectFlags(), "live", "--mode", e.settings.Mode, "--profile", e.settings.Profile, "--poll", e.settings.Poll.String())
	for _, service := range e.settings.DebugWait {
		args = append(args, "--debug-wait", service)
	}
	return args
}

// projectFlags are the flags before the command that name this project.
func (e *Environment) projectFlags() []string {
	var args []string
	for _, file := range e.settings.Files {
		args = append(args, "--file", file)
	}
	for _, file := range e.settings.EnvFiles {
		args = append(args, "--env-file", file)
	}
	if e.settings.ProjectDir != "" {
		args = append(args, "--project-directory", e.settings.ProjectDir)
	}
	if e.settings.Name != "" {
		args = append(args, "--project-name", e.settings.Name)
	}
	return args
}

// endBackground ends the background session, if one runs, and waits until it has let go of the project.
func (e *Environment) endBackground(ctx context.Context) error {
	holder, held := e.store.Holder(state.Live)
	if !held {
		return e.store.Bury(state.Live)
	}
	if holder.Command != liveCommand {
		return nil
	}
	if _, err := live.Ask(ctx, e.socket(), live.Request{Stop: true}); err != nil && !errors.Is(err, live.ErrOther) {
		return err
	}
	return e.ended(ctx, holder)
}

// endsByItself waits for a background session whose folder was moved away: it finds that out, and nobody can ask it where the
// folder is now. One that goes on sees the folder where it was, as on the host of a container that has it mounted.
func (e *Environment) endsByItself(ctx context.Context) error {
	holder, held := e.store.Holder(state.Live)
	if !held || holder.Command != liveCommand {
		return nil
	}
	e.settings.Term.Say("this folder was moved: waiting for the background session (pid %d) to end", holder.PID)
	if err := e.ended(ctx, holder); err != nil {
		e.settings.Term.Warn("%s", err)
		return ctx.Err()
	}
	return e.store.Bury(state.Live) // it gave its lock back where the folder was
}

// ended waits until a session has let go of the project.
func (e *Environment) ended(ctx context.Context, holder state.Holder) error {
	ctx, cancel := context.WithTimeout(ctx, endWithin)
	defer cancel()
	for {
		if _, held := e.store.Holder(state.Live); !held {
			return nil
		}
		select {
		case <-ctx.Done():
			return fault.New(fault.Failed, "the background session (pid %d) does not end", holder.PID)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// endWithin bounds the wait for a session that finishes the action that is under way, after it has seen that it is to end.
const endWithin = 10*time.Second + guardEvery
