package devenv

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"devenv/devenv/fault"
	"devenv/devenv/live"
	"devenv/devenv/plan"
	"devenv/devenv/reload"
	"devenv/devenv/state"
	"devenv/devenv/watch"
)

// session is a running `up` of this project: package live runs it, package reload decides, and it does what was decided.
type session struct {
	agents    *agents
	debuggers *debuggers
	running   *live.Session
	stale     chan struct{} // an image is behind the lock file

	mu     sync.Mutex // guards what follows: a converge replaces it
	now    *Environment
	view   reload.View
	uv     map[string]packageWork // by service: where its packages come from
	watch  watch.Options
	known  map[string]bool                    // IDs of containers that have all their files
	copied map[string]map[string]watch.Change // by service and host path: what develop.watch has brought into containers
	missed map[string]bool                    // services for which something was to be done while they did not run
}

// watched runs a session for what was planned until ctx ends, or, if it is asked to, when the project has no container
// left. It answers at the project's control socket.
func (e *Environment) watched(ctx context.Context, in plan.Input, planned plan.Plan, untilEmpty bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s := e.newSession(ctx, in, planned)
	defer s.debuggers.close()
	defer s.agents.close()
	defer stop()
	if err := s.running.Start(ctx); err != nil {
		return err
	}
	if reason := s.running.Watching().Reason; reason != nil {
		e.settings.Term.Fail(reason)
	}
	if err := s.debuggers.listen(planned.Debug); err != nil {
		e.settings.Term.Fail(err)
	}
	e.sayDebuggers(s.debuggers.all(), planned)
	listener, err := live.Listen(ctx, e.socket())
	if err != nil {
		return fault.New(fault.Failed, "control socket: %w", err)
	}
	var others sync.WaitGroup
	others.Go(func() {
		s.running.Serve(ctx, listener, live.Control{
			Styles: s.styles, Debuggers: s.debuggers.all, Adopt: s.adopt, Provision: s.provisionShared, Stop: stop,
		})
	})
	others.Go(func() { s.follow(ctx, untilEmpty, stop) })
	others.Go(func() { s.rebuilds(ctx) })
	own := asTheyAre(e.socket(), e.store.LockFile(state.Live))
	others.Go(func() { s.guard(ctx, own, stop) })
	s.running.Run(ctx)
	stop()
	others.Wait()
	return nil
}

// guardEvery is how often a session looks whether the project's folder and its own files are still there: mostly it has let
// go of its debug ports before an `up -d` that comes after `git clean` wants them.
const guardEvery = time.Second

// guard ends the session when nobody could reach it any more: the project's folder is gone, removed or moved, or what the
// session is found and held by, as after `git clean -fdX`. The events of a removal say only what was in the folder, and may
// be over before.
func (s *session) guard(ctx context.Context, own ownFiles, stop func()) {
	again := time.NewTicker(guardEvery)
	defer again.Stop()
	for {
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
		e := s.env()
		if _, err := os.Stat(e.project.Dir()); errors.Is(err, fs.ErrNotExist) {
			e.settings.Term.Say("%s is gone; what runs of it runs on, and `devenv prune` removes it", e.project.Dir())
			stop()
		} else if lost := own.lost(); lost != "" {
			e.settings.Term.Say("%s is gone, or of another session: nothing watches here any more; `devenv up -d` watches again", lost)
			stop()
		}
	}
}

// ownFiles are files as they were when a session began, by path; nil for one that was not there.
type ownFiles map[string]os.FileInfo

func asTheyAre(paths ...string) ownFiles {
	all := ownFiles{}
	for _, path := range paths {
		all[path], _ = os.Stat(path) // one that is gone already is lost
	}
	return all
}

// lost is one of the files that is no longer there or is another file, or "". One that cannot be looked at is there.
func (f ownFiles) lost() string {
	for _, path := range slices.Sorted(maps.Keys(f)) {
		now, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(f[path], now) {
			return path
		}
	}
	return ""
}

func (e *Environment) newSession(ctx context.Context, in plan.Input, planned plan.Plan) *session {
	s := &session{known: map[string]bool{}, copied: map[string]map[string]watch.Change{}, missed: map[string]bool{}, stale: make(chan struct{}, 1)}
	s.debuggers = &debuggers{session: s, ctx: ctx, ports: map[string]*debugPort{}}
	s.agents = &agents{engine: e.engine, failed: s.firstFailed, serves: s.debuggers.serves, links: map[string]*agentLink{}}
	s.running = live.New(s, s.report)
	s.set(e, in, planned)
	return s
}

// replace takes in the project as it is planned now, and watches it before anything of it starts.
func (s *session) replace(ctx context.Context, e *Environment, in plan.Input, planned plan.Plan) {
	s.set(e, in, planned)
	if err := s.debuggers.listen(planned.Debug); err != nil {
		e.settings.Term.Fail(err)
	}
	s.running.Look(ctx)
}

func (s *session) set(e *Environment, in plan.Input, planned plan.Plan) {
	tree := e.tree(in, planned)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.uv = e, uvProjects(in, planned)
	s.view = e.view(in, planned, tree, s.uv)
	s.watch = watch.Options{Tree: tree, State: e.store.Folder(), Poll: e.settings.Poll}
	if watchable(planned) {
		s.watch.Files = e.watchedFiles()
		for _, service := range s.view.Services {
			s.watch.Files = append(s.watch.Files, service.Dependencies...) // also where git ignores a lock file
		}
	}
}

// env is the project as it was loaded last.
func (s *session) env() *Environment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// View is part of live.Doer.
func (s *session) View() reload.View {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view
}

// packages is where the packages of a service come from.
func (s *session) packages(service string) packageWork {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.uv[service]
}

// Watch is part of live.Doer.
func (s *session) Watch() watch.Options {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.watch
}

// Taken is part of live.Doer. Where nothing can be remembered, the next session looks at more files than it must.
func (s *session) Taken(until time.Time) { _ = s.env().store.SaveTaken(until) }

// adopt has the project loaded again, because another devenv has changed its containers.
func (s *session) adopt(ctx context.Context, adoption live.Adoption) {
	s.mu.Lock()
	changed := *s.now
	changed.settings.Mode, changed.settings.Profile, changed.settings.DebugWait = adoption.Mode, adoption.Profile, adoption.DebugWait
	s.now = &changed
	s.mu.Unlock()
	s.running.Act(ctx, reload.Action{Verb: reload.Adopt, Causes: []reload.Cause{{Path: changed.project.Dir(), Rule: adoption.Command}}})
}

// socketLength is how long the path of a Unix socket may be, where that is shortest (macOS: 104 with the zero at its end).
const socketLength = 103

// socket is where a session of this checkout answers: in its state, or, where that path is too long, in the user's.
func (e *Environment) socket() string {
	path := filepath.Join(e.store.Folder(), "live.sock")
	if home := e.stateHome(); len(path) > socketLength && home != "" {
		sum := sha256.Sum256([]byte(path))
		return filepath.Join(home, hex.EncodeToString(sum[:8])+".sock")
	}
	return path
}

// watchedFiles are the single files that decide what the project is.
func (e *Environment) watchedFiles() []string {
	return slices.Concat(e.project.Files(), e.project.EnvFiles())
}

// hasAgent says whether devenv reloads the processes of a service.
func (s *session) hasAgent(service string) bool {
	style := s.seen(service).Style
	return style == reload.Fork || style == reload.Replace
}

// seen is a service as decisions see it; the zero value for one that is not watched.
func (s *session) seen(service string) reload.Service {
	services := s.View().Services
	if at := slices.IndexFunc(services, func(seen reload.Service) bool { return seen.Name == service }); at >= 0 {
		return services[at]
	}
	return reload.Service{}
}

// styles say how each service with an agent takes in new code.
func (s *session) styles(ctx context.Context) map[string]string {
	containers, err := s.containers(ctx, "")
	if err != nil {
		return nil
	}
	services := map[string]string{}
	for _, c := range containers {
		services[c.ID] = c.Service
	}
	styles := s.agents.styles(services)
	maps.DeleteFunc(styles, func(service, _ string) bool { return s.seen(service).Name == "" })
	return styles
}
