package build

import (
	"context"
	"strings"
	"sync"
	"time"

	bk "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/progress/progressui"
	"github.com/opencontainers/go-digest"
)

// patience is how long builds may be silent before their progress is shown although no step was executed yet:
// longer than a build in which everything is cached.
const patience = 500 * time.Millisecond

// update is one message of a build's status stream.
type update struct {
	owner  string // the service
	status *bk.SolveStatus
}

// view draws updates, in one goroutine.
type view interface {
	draw(update)
	close()
}

// screen merges the status streams of the builds of a Run. It stays empty while everything is cached.
//
// Goroutines: follow, one per build, send to updates; run draws and ends when close closes updates.
type screen struct {
	updates chan update
	open    func() view
	done    sync.WaitGroup
}

// newScreen begins to listen. The screen outlives a cancelled ctx, so that the end of the builds is seen.
func newScreen(ctx context.Context, opt Options) *screen {
	s := &screen{updates: make(chan update)}
	switch {
	case opt.Out == nil:
		s.open = func() view { return nothing{} }
	case opt.Terminal:
		s.open = func() view { return newTerminalView(context.WithoutCancel(ctx), opt) }
	default:
		s.open = func() view { return newPlain(opt.Out) }
	}
	s.done.Go(s.run)
	return s
}

func (s *screen) show(owner string, status *bk.SolveStatus) { s.updates <- update{owner, status} }

// close draws what is left and ends the screen.
func (s *screen) close() {
	close(s.updates)
	s.done.Wait()
}

func (s *screen) run() {
	var held []update
	var shown view
	owners := map[digest.Digest]string{}
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		var begin bool
		select {
		case u, ok := <-s.updates:
			if !ok {
				if shown != nil {
					shown.close()
				}
				return
			}
			held = append(held, owned(u, owners))
			begin = worksOn(u.status)
		case <-late.C:
			begin = true
		}
		if shown == nil && begin {
			shown = s.open()
		}
		for shown != nil && len(held) > 0 {
			shown.draw(held[0])
			held = held[1:]
		}
	}
}

// worksOn says that a step executes or fails.
func worksOn(status *bk.SolveStatus) bool {
	for _, v := range status.Vertexes {
		if executing(v) || v.Error != "" {
			return true
		}
	}
	return false
}

// owned leaves out what another build tells as well: services that share a stage share its steps, and each
// stream carries their output.
func owned(u update, owners map[digest.Digest]string) update {
	mine := func(step digest.Digest) bool {
		if owners[step] == "" {
			owners[step] = u.owner
		}
		return owners[step] == u.owner
	}
	out := &bk.SolveStatus{Warnings: u.status.Warnings}
	for _, v := range u.status.Vertexes {
		if mine(v.Digest) {
			out.Vertexes = append(out.Vertexes, v)
		}
	}
	for _, s := range u.status.Statuses {
		if mine(s.Vertex) {
			out.Statuses = append(out.Statuses, s)
		}
	}
	for _, l := range u.status.Logs {
		if mine(l.Vertex) {
			out.Logs = append(out.Logs, l)
		}
	}
	return update{u.owner, out}
}

type nothing struct{}

func (nothing) draw(update) {}
func (nothing) close()      {}

// terminalView is BuildKit's own display, with the service before each step.
type terminalView struct {
	statuses chan *bk.SolveStatus
	done     sync.WaitGroup
}

func newTerminalView(ctx context.Context, opt Options) view {
	display, err := progressui.NewDisplay(opt.Out, progressui.TtyMode)
	if err != nil {
		return newPlain(opt.Out) // not a terminal after all
	}
	t := &terminalView{statuses: make(chan *bk.SolveStatus)}
	t.done.Go(func() { _, _ = display.UpdateFrom(ctx, t.statuses) }) // it only fails with ctx, which is not cancelled
	return t
}

func (t *terminalView) draw(u update) { t.statuses <- withPrefix(u) }

func (t *terminalView) close() {
	close(t.statuses)
	t.done.Wait()
}

// withPrefix names the service in every step: "[api base 2/3] RUN ...".
func withPrefix(u update) *bk.SolveStatus {
	out := *u.status
	out.Vertexes = nil
	for _, v := range u.status.Vertexes {
		named := *v
		if rest, ok := strings.CutPrefix(v.Name, "["); ok {
			named.Name = "[" + u.owner + " " + rest
		} else {
			named.Name = "[" + u.owner + "] " + v.Name
		}
		out.Vertexes = append(out.Vertexes, &named)
	}
	return &out
}
