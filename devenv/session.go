package devenv

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"devenv/devenv/engine"
	"devenv/devenv/fault"
	"devenv/devenv/live"
	"devenv/devenv/plan"
	"devenv/devenv/reload"
	"devenv/devenv/reload/agent"
	"devenv/devenv/source"
	"devenv/devenv/stack"
	"devenv/devenv/term"
	"devenv/devenv/watch"
)

// session is a running `up` of this project: it does what package reload decides.
type session struct {
	agents *agents

	mu   sync.Mutex // guards what follows: a converge replaces it
	now  *Environment
	view reload.View
}

// env is the project as it was loaded last.
func (s *session) env() *Environment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// watched runs a session for what was planned until ctx ends, answering at the project's control socket.
func (e *Environment) watched(ctx context.Context, in plan.Input, planned plan.Plan) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	tree := e.tree(in, planned)
	watcher := watch.New(watch.Options{Tree: tree, Files: e.watchedFiles(), State: e.store.Folder()})
	if err := watcher.Start(ctx); err != nil {
		return err
	}
	if reason := watcher.Status().Reason; reason != nil {
		e.settings.Term.Fail(reason)
	}
	listener, err := live.Listen(ctx, e.socket())
	if err != nil {
		return fault.New(fault.Failed, "control socket: %w", err)
	}
	s := &session{now: e, agents: newAgents(e.engine), view: e.view(in, planned, tree)}
	defer s.agents.close()
	s.meet(ctx)
	running := live.New(watcher, s, s.report)
	var serving sync.WaitGroup
	serving.Go(func() { running.Serve(ctx, listener, func() map[string]string { return s.styles(ctx) }, stop) })
	running.Run(ctx)
	stop()
	serving.Wait()
	return nil
}

// socket is where a session of this checkout answers.
func (e *Environment) socket() string { return filepath.Join(e.store.Folder(), "live.sock") }

// watchedFiles are the single files that decide what the project is.
func (e *Environment) watchedFiles() []string {
	return slices.Concat(e.project.Files(), e.project.EnvFiles())
}

// tree are the rules by which files of the project matter.
func (e *Environment) tree(in plan.Input, planned plan.Plan) *source.Tree {
	rules := source.Rules{State: e.store.Folder(), Shown: e.project.Rel}
	for _, service := range planned.Project.Services {
		for _, mount := range source.Mounts(service, in.IsFile) {
			rules.Roots = append(rules.Roots, mount.Source)
		}
		if service.Build != nil && !remote(service.Build.Context) {
			rules.Roots = append(rules.Roots, service.Build.Context)
			rules.Contexts = append(rules.Contexts, source.Context{Folder: service.Build.Context, Dockerfile: plan.File(service)})
		}
	}
	for _, triggers := range e.triggers(planned) {
		rules.Triggers = append(rules.Triggers, triggers...)
		for _, trigger := range triggers {
			rules.Roots = append(rules.Roots, trigger.Path)
		}
	}
	return source.NewTree(rules)
}

// triggers are the rules of develop.watch, by service.
func (e *Environment) triggers(planned plan.Plan) map[string][]*source.Trigger {
	all := map[string][]*source.Trigger{}
	for name, service := range planned.Project.Services {
		if service.Develop == nil {
			continue
		}
		for _, rule := range service.Develop.Watch {
			all[name] = append(all[name], source.NewTrigger(service, rule, "", e.project.Rel))
		}
	}
	return all
}

// view is what decisions depend on, for what was planned.
func (e *Environment) view(in plan.Input, planned plan.Plan, tree *source.Tree) reload.View {
	view := reload.View{
		Compose: e.project.Files(), EnvFiles: e.project.ServiceEnvFiles(),
		Ignored: func(path string) source.Verdict { return tree.Ignored(path, false) },
	}
	triggers := e.triggers(planned)
	for _, name := range planned.Project.ServiceNames() {
		service := planned.Project.Services[name]
		seen := reload.Service{Name: name, Mapping: source.NewMapping(service, in.IsFile), Triggers: triggers[name]}
		if slices.Contains(planned.Agents, name) {
			seen.Style = reload.Style(in.Extensions[name].Reload)
			if seen.Style == "" {
				seen.Style = reload.Fork
			}
		} else if setting := in.Extensions[name].Reload; setting != "" {
			seen.Style = reload.Style(setting)
		}
		for _, folder := range seen.Mapping.Folders() {
			if isFile(filepath.Join(folder, "pyproject.toml")) {
				seen.Package = folder
			}
		}
		if service.Build != nil && !remote(service.Build.Context) {
			seen.Build = &reload.Build{
				Context: service.Build.Context, Dockerfile: plan.File(service), Sources: copiedSources(in, service.Build.Target, plan.File(service)),
			}
		}
		view.Services = append(view.Services, seen)
	}
	return view
}

// copiedSources are what the stages of a target copy from the build context; all of it where no Dockerfile says.
func copiedSources(in plan.Input, target, path string) []string {
	file, known := in.Dockerfiles[path]
	if !known {
		return []string{"."}
	}
	var sources []string
	for _, c := range file.ContextSources(target) {
		sources = append(sources, c.Sources...)
	}
	return sources
}

// View is part of live.Doer.
func (s *session) View() reload.View {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view
}

// Do is part of live.Doer.
func (s *session) Do(ctx context.Context, action reload.Action) (note string, err error) {
	switch action.Verb {
	case reload.Converge, reload.Rebuild, reload.Recreate:
		return "", s.converge(ctx)
	case reload.Reload:
		return s.reload(ctx, action)
	case reload.Provision:
		return s.provision(ctx, action.Service)
	case reload.Restart:
		return "", s.env().stack.Restart(ctx, s.env().project.Compose.Name, stack.Scope{
			Project: s.env().project.Compose, Services: []string{action.Service}, Report: s.env().report,
		})
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
	return e.change(ctx, func() error {
		in, planned, err := e.planPresent(ctx)
		if err != nil {
			return err
		}
		if err := e.ready(ctx, in, planned, false); err != nil {
			return err
		}
		if err := e.converged(ctx, planned, UpOptions{Timeout: DefaultTimeout}); err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.now, s.view = e, e.view(in, planned, e.tree(in, planned))
		return nil
	})
}

// emptied ends when the project has no container left: somebody took it down, with whatever tool.
func (e *Environment) emptied(ctx context.Context) {
	events, broken := e.engine.Watch(ctx, e.project.Compose.Name)
	for {
		select {
		case event, open := <-events:
			if !open {
				return
			}
			if event.Action != engine.ActionDestroy {
				continue
			}
			if left, err := e.engine.Containers(ctx, e.project.Compose.Name); err != nil || len(left) == 0 {
				return
			}
		case <-broken: //nolint:errcheck // the engine is gone, and with it what there was to watch
			return
		case <-ctx.Done():
			return
		}
	}
}

// meet connects to the agents before they are needed, so that the first save need not wait for it. A container that
// cannot be reached now will be told of at the first reload.
func (s *session) meet(ctx context.Context) {
	containers, err := s.running(ctx, "")
	if err != nil {
		return
	}
	for _, c := range containers {
		if s.style(c.Service) == reload.Fork || s.style(c.Service) == reload.Replace {
			_, _ = s.agents.to(ctx, c.ID)
		}
	}
}

func (s *session) style(service string) reload.Style {
	for _, seen := range s.View().Services {
		if seen.Name == service {
			return seen.Style
		}
	}
	return reload.NoPython
}

// running are the running containers of a service.
func (s *session) running(ctx context.Context, service string) ([]engine.Container, error) {
	all, err := s.env().engine.Containers(ctx, s.env().project.Compose.Name)
	return slices.DeleteFunc(all, func(c engine.Container) bool {
		return c.Oneoff || c.State != engine.Running || service != "" && c.Service != service
	}), err
}

// each does something in every running container of a service; all are tried.
func (s *session) each(ctx context.Context, service string, do func(engine.Container) error) error {
	containers, err := s.running(ctx, service)
	if err != nil {
		return err
	}
	if len(containers) == 0 {
		return fault.New(fault.Failed, "%s does not run", service)
	}
	var all []error
	for _, container := range containers {
		all = append(all, do(container))
	}
	return errors.Join(all...)
}

func (s *session) reload(ctx context.Context, action reload.Action) (note string, err error) {
	files := s.inContainer(action)
	err = s.each(ctx, action.Service, func(c engine.Container) error {
		done, err := s.agents.reload(ctx, c.ID, func(ctx context.Context, link *agent.Link) (*agent.Reloaded, error) {
			return link.Reload(ctx, files)
		})
		if done != nil {
			note = parts(done)
		}
		return s.failure(action.Service, err)
	})
	return note, err
}

// inContainer are the causes of an action as paths in the service's container.
func (s *session) inContainer(action reload.Action) []string {
	var files []string
	for _, service := range s.View().Services {
		if service.Name != action.Service {
			continue
		}
		for _, cause := range action.Causes {
			if path, mapped := service.Mapping.ToContainer(cause.Path); mapped {
				files = append(files, path)
			}
		}
	}
	return files
}

// failure words what an agent said: the place in the new code, and that the old code still answers.
func (s *session) failure(service string, err error) error {
	var failed *agent.Failure
	if !errors.As(err, &failed) {
		return err
	}
	said := fault.New(fault.Failed, "%s: %s", service, failed.Message)
	if failed.File != "" {
		said = fault.New(fault.Failed, "%s:%d: %s", s.onHost(service, failed.File), failed.Line, failed.Message)
	}
	if failed.Serving {
		return said.WithHint("the last good version goes on serving; the next good save replaces it")
	}
	return said.WithHint("there is no good version yet; the next good save starts it")
}

// onHost is a container path as the developer knows the file.
func (s *session) onHost(service, path string) string {
	for _, seen := range s.View().Services {
		if host, mapped := seen.Mapping.ToHost(path); seen.Name == service && mapped {
			return s.env().project.Rel(host)
		}
	}
	return path
}

func parts(done *agent.Reloaded) string {
	var all []string
	for _, part := range []string{"fork", "import", "bind", "accept"} {
		all = append(all, fmt.Sprintf("%s %.0f", part, done.Milliseconds[part]))
	}
	return strings.Join(all, ", ") + " ms"
}

// provision brings the container's environment in line with the lock file, then reloads with a fresh supervisor.
func (s *session) provision(ctx context.Context, service string) (note string, err error) {
	folder := ""
	for _, seen := range s.View().Services {
		if seen.Name == service {
			folder, _ = seen.Mapping.ToContainer(seen.Package)
		}
	}
	return "", s.each(ctx, service, func(c engine.Container) error {
		output, status, err := s.env().engine.Output(ctx, c.ID, engine.Command{Args: []string{"uv", "sync", "--locked"}, WorkingDir: folder})
		if err != nil {
			return err
		}
		if status != 0 {
			return fault.New(fault.Failed, "%s: uv sync: exit code %d", service, status).
				WithDetail(strings.Split(strings.TrimSpace(string(output)), "\n")...)
		}
		_, err = s.agents.reload(ctx, c.ID, func(ctx context.Context, link *agent.Link) (*agent.Reloaded, error) { return link.Refresh(ctx) })
		return s.failure(service, err)
	})
}

// sync copies the files of develop.watch into the containers, and takes away the ones that are gone.
func (s *session) sync(ctx context.Context, action reload.Action) (note string, err error) {
	return fmt.Sprintf("%d files", len(action.Copies)), s.each(ctx, action.Service, func(c engine.Container) error {
		files, gone := map[string]string{}, []string{"rm", "-rf", "--"}
		for _, file := range action.Copies {
			if file.Deleted {
				gone = append(gone, file.Container)
			} else {
				files[file.Container] = file.Host
			}
		}
		err := s.env().engine.CopyFiles(ctx, c.ID, files)
		if len(gone) > 3 {
			_, _, removed := s.env().engine.Output(ctx, c.ID, engine.Command{Args: gone, User: "0"})
			err = errors.Join(err, removed)
		}
		return err
	})
}

// hook runs a sync+exec command of develop.watch.
func (s *session) hook(ctx context.Context, action reload.Action) (note string, err error) {
	hook := action.Command
	return strings.Join(hook.Command, " "), s.each(ctx, action.Service, func(c engine.Container) error {
		var env []string
		for name, value := range hook.Environment {
			if value != nil {
				env = append(env, name+"="+*value)
			}
		}
		output, status, err := s.env().engine.Output(ctx, c.ID, engine.Command{
			Args: hook.Command, Env: env, User: hook.User, WorkingDir: hook.WorkingDir,
		})
		if err == nil && status != 0 {
			err = fault.New(fault.Failed, "%s: %s: exit code %d", action.Service, strings.Join(hook.Command, " "), status).
				WithDetail(strings.Split(strings.TrimSpace(string(output)), "\n")...)
		}
		return err
	})
}

// report prints an outcome: one line for what was done, the error for what failed, and with --verbose what was left
// alone and why.
func (s *session) report(outcome live.Outcome) {
	t, action := s.env().settings.Term, outcome.Action
	switch {
	case action.Verb == reload.Nothing:
		t.Detail("%s: nothing to do: %s", s.causes(action), action.Causes[0].Rule)
	case outcome.Err != nil:
		t.Fail(outcome.Err)
	default:
		t.Say("%s  %s in %s  %s", action.Service, done(action.Verb), term.Duration(outcome.Took), s.causes(action))
		if outcome.Note != "" {
			t.Detail("%s  %s", action.Service, outcome.Note)
		}
	}
}

func done(verb reload.Verb) string {
	switch verb {
	case reload.Reload:
		return "reloaded"
	case reload.Restart:
		return "restarted"
	case reload.Sync:
		return "synced"
	case reload.Provision:
		return "packages synced, reloaded"
	case reload.Exec:
		return "ran its command"
	case reload.Converge, reload.Rebuild, reload.Recreate, reload.Nothing:
	}
	return "brought up to date"
}

// causes are the files of an action as a developer types them, the first three by name.
func (s *session) causes(action reload.Action) string {
	var names []string
	for i, cause := range action.Causes {
		if i == 3 {
			names = append(names, fmt.Sprintf("and %d more", len(action.Causes)-3))
			break
		}
		names = append(names, s.env().project.Rel(cause.Path))
	}
	return strings.Join(names, ", ")
}

// styles say how each service with an agent takes in new code.
func (s *session) styles(ctx context.Context) map[string]string {
	containers, err := s.running(ctx, "")
	if err != nil {
		return nil
	}
	services := map[string]string{}
	for _, c := range containers {
		services[c.ID] = c.Service
	}
	return s.agents.styles(services)
}
