package devenv

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/live"
	"devenv/devenv/reload"
	"devenv/devenv/reload/agent"
	"devenv/devenv/stack"
	"devenv/devenv/watch"
)

// Do is part of live.Doer.
func (s *session) Do(ctx context.Context, action reload.Action) (note string, err error) {
	defer s.announce(action)()
	switch action.Verb {
	case reload.Converge, reload.Rebuild, reload.Recreate:
		return "", s.converge(ctx)
	case reload.Adopt:
		return "", s.reopen(ctx)
	case reload.Reload:
		return s.reload(ctx, action)
	case reload.Provision:
		return "", s.provision(ctx, action.Service)
	case reload.Restart:
		return "", s.restart(ctx, action.Service)
	case reload.Sync:
		return s.sync(ctx, action)
	case reload.Exec:
		return s.hook(ctx, action)
	case reload.Nothing:
	}
	return "", nil
}

// converge loads the project again and does what `up` does with what is there.
func (s *session) converge(ctx context.Context) error {
	e, err := s.env().again(ctx)
	if err != nil {
		return err
	}
	return e.changeForFiles(ctx, func() error {
		in, planned, err := e.planPresent(ctx)
		if err != nil {
			return err
		}
		if planned, err = e.ready(ctx, in, planned, false); err != nil {
			return err
		}
		s.replace(ctx, e, in, planned)
		_, err = e.converged(ctx, planned, UpOptions{Timeout: DefaultTimeout})
		return err
	})
}

// reopen loads the project again and touches no container.
func (s *session) reopen(ctx context.Context) error {
	e, err := s.env().again(ctx)
	if err != nil {
		return err
	}
	in, planned, err := e.planPresent(ctx)
	if err != nil {
		return err
	}
	s.replace(ctx, e, in, planned)
	containers, err := s.containers(ctx, "")
	for _, c := range containers {
		s.arrived(ctx, c) // it may be looked after now, and have come before that was known
	}
	return err
}

// containers are the running containers of a service, "" for all of them.
func (s *session) containers(ctx context.Context, service string) ([]engine.Container, error) {
	all, err := s.env().engine.Containers(ctx, s.env().project.Compose.Name)
	return slices.DeleteFunc(all, func(c engine.Container) bool {
		return c.Oneoff || c.State != engine.Running || service != "" && c.Service != service
	}), err
}

// each does something in every running container of a service; all are tried. Where none runs it is done when one
// starts.
func (s *session) each(ctx context.Context, service string, do func(engine.Container) error) error {
	containers, err := s.containers(ctx, service)
	if err != nil {
		return err
	}
	if len(containers) == 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.missed[service] = true
		return fault.New(fault.Failed, "%s does not run", service).WithHint("it is done when it starts: devenv up -d")
	}
	var all []error
	for _, container := range containers {
		all = append(all, do(container))
	}
	return errors.Join(all...)
}

// reload has the code of files loaded by all processes of a service. A container that does not run starts with it.
func (s *session) reload(ctx context.Context, action reload.Action) (note string, err error) {
	files := s.inContainer(action)
	containers, err := s.containers(ctx, action.Service)
	if err != nil {
		return "", err
	}
	if len(containers) == 0 {
		return "", live.Unneeded("does not run, and will start with the new code")
	}
	if err := s.debuggers.mayReload(action.Service); err != nil {
		return "", err
	}
	var all []error
	for _, c := range containers {
		done, err := s.agents.reload(ctx, c, func(ctx context.Context, link *agent.Link) (*agent.Reloaded, error) {
			return link.Reload(ctx, files)
		})
		if done != nil {
			note = parts(done)
		}
		all = append(all, s.failure(action.Service, err))
	}
	if unaided, err := s.env().unaided(ctx, action.Service, errors.Join(all...)); unaided != "" {
		return unaided, err
	}
	return note, errors.Join(all...)
}

// inContainer are the causes of an action as paths in the service's container.
func (s *session) inContainer(action reload.Action) []string {
	var files []string
	mapping := s.seen(action.Service).Mapping
	for _, cause := range action.Causes {
		if path, mapped := mapping.ToContainer(cause.Path); mapped {
			files = append(files, path)
		}
	}
	return files
}

func (s *session) restart(ctx context.Context, service string) error {
	e := s.env()
	scope := stack.Scope{Project: e.project.Compose, Services: []string{service}, Report: e.report}
	if s.seen(service).Style == reload.RestartContainer {
		if err := s.mayRestart(ctx, service); err != nil {
			return err
		}
		grace := restartUnderDelve
		scope.Timeout = &grace
		defer s.debuggers.partDelve(ctx, service)()
	}
	return e.stack.Restart(ctx, e.project.Compose.Name, scope)
}

// run runs a command in a container; an exit status that is not zero is an error with what it said.
func (s *session) run(ctx context.Context, c engine.Container, command engine.Command) error {
	output, status, err := s.env().engine.Output(ctx, c.ID, command)
	if err == nil && status != 0 {
		err = fault.New(fault.Failed, "%s: %s: exit code %d", c.Service, strings.Join(command.Args, " "), status).
			WithDetail(strings.Split(strings.TrimSpace(string(output)), "\n")...)
	}
	return err
}

// sync copies the files of develop.watch into the containers, and takes away the ones that are gone.
func (s *session) sync(ctx context.Context, action reload.Action) (note string, err error) {
	s.remember(action)
	files, gone := map[string]string{}, []string{"rm", "-rf", "--"}
	for _, file := range action.Copies {
		if file.Deleted {
			gone = append(gone, file.Container)
		} else {
			files[file.Container] = file.Host
		}
	}
	return fmt.Sprintf("%d files", len(action.Copies)), s.each(ctx, action.Service, func(c engine.Container) error {
		err := s.env().engine.CopyFiles(ctx, c.ID, files)
		if len(gone) > 3 {
			err = errors.Join(err, s.run(ctx, c, engine.Command{Args: gone, User: "0"}))
		}
		return err
	})
}

// remember keeps what was copied, for the container that comes after this one.
func (s *session) remember(action reload.Action) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.copied[action.Service] == nil {
		s.copied[action.Service] = map[string]watch.Change{}
	}
	for _, file := range action.Copies {
		kind := watch.Modified
		if file.Deleted {
			kind = watch.Deleted
		}
		s.copied[action.Service][file.Host] = watch.Change{Path: file.Host, Kind: kind}
	}
}

// hook runs a sync+exec command of develop.watch.
func (s *session) hook(ctx context.Context, action reload.Action) (note string, err error) {
	hook := action.Command
	var env []string
	for name, value := range hook.Environment {
		if value != nil {
			env = append(env, name+"="+*value)
		}
	}
	return strings.Join(hook.Command, " "), s.each(ctx, action.Service, func(c engine.Container) error {
		return s.run(ctx, c, engine.Command{Args: hook.Command, Env: env, User: hook.User, WorkingDir: hook.WorkingDir})
	})
}
