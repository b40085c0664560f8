package stack

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"devenv/devenv/engine"
)

// quietFor is how long nothing may run before a followed log is over: a restart of the only service takes a moment.
const quietFor = 2 * time.Second

// LogLine is one line that a container wrote, or a Note about it.
type LogLine struct {
	Service   string
	Container string // its name
	Number    int    // of the container within its service
	Stderr    bool
	Note      bool // not written by it: that it exited
	Text      string
}

// LogOptions says which lines are wanted, and who gets them.
type LogOptions struct {
	engine.LogRequest
	Services []string // none: all
	Line     func(LogLine)
}

// Logs hands over what a project's containers wrote, one line at a time. Without Follow it ends with the logs, one
// container after the other. With Follow it goes on with containers that are started or replaced meanwhile, and ends
// when nothing has run for two seconds, or with ctx.
//
// It does not use the SDK's Logs, which drops a last line without a line end, mixes stdout with stderr and, in its
// reports of exits, is ahead of the exited container's own last words.
func Logs(ctx context.Context, eng *engine.Client, project string, opt LogOptions) error {
	if !opt.Follow {
		containers, err := eng.Containers(ctx, project)
		if err != nil {
			return err
		}
		for i := range containers {
			if err := opt.read(ctx, eng, &containers[i], opt.LogRequest, opt.Line); err != nil {
				return err
			}
		}
		return nil
	}
	watching, cancel := context.WithCancel(ctx)
	f := &follower{eng: eng, opt: opt, streams: map[string]*stream{}, ended: make(chan string)}
	defer f.collect()
	defer cancel()
	events, broken := eng.Watch(watching, project)
	containers, err := eng.Containers(ctx, project)
	if err != nil {
		return err
	}
	for i := range containers {
		f.open(watching, &containers[i], opt.LogRequest)
	}
	return f.run(watching, project, events, broken)
}

func (o *LogOptions) wants(c *engine.Container) bool {
	return !c.Oneoff && (len(o.Services) == 0 || slices.Contains(o.Services, c.Service))
}

func (o *LogOptions) read(
	ctx context.Context, eng *engine.Client, c *engine.Container, request engine.LogRequest, line func(LogLine),
) error {
	if !o.wants(c) {
		return nil
	}
	return eng.Logs(ctx, c.ID, request, func(stderr bool, text string) {
		line(LogLine{Service: c.Service, Container: c.Name, Number: c.Number, Stderr: stderr, Text: text})
	})
}

// follower follows the logs of a project. Its maps belong to the goroutine that calls run.
//
// Goroutines: one per open stream, started by open, ended by the container's stop or the context; each announces its
// end on ended. One in engine.Watch. collect waits for all streams.
type follower struct {
	eng     *engine.Client
	opt     LogOptions
	streams map[string]*stream // by container ID
	ended   chan string
	flying  int
	mu      sync.Mutex // for opt.Line
}

// stream is the log of one container, run after run.
type stream struct {
	container engine.Container
	open      bool
	run       time.Time // when the run began that is being read, by the engine's clock
	died      time.Time // when the last run ended, its output included
	next      time.Time // from when a later run is to be read, once this one has been read to its end
	note      string    // what to say then
}

func (f *follower) open(ctx context.Context, c *engine.Container, request engine.LogRequest) {
	if !f.opt.wants(c) {
		return
	}
	detail, _, _ := f.eng.Inspect(ctx, c.ID)
	s := &stream{container: *c, run: detail.StartedAt}
	f.streams[c.ID] = s
	f.read(ctx, s, request)
}

func (f *follower) read(ctx context.Context, s *stream, request engine.LogRequest) {
	s.open = true
	f.flying++
	container := s.container
	go func() {
		_ = f.opt.read(ctx, f.eng, &container, request, f.line) // a container that is gone has no more lines
		f.ended <- container.ID
	}()
}

func (f *follower) line(l LogLine) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opt.Line(l)
}

func (f *follower) run(ctx context.Context, project string, events <-chan engine.Event, broken <-chan error) error {
	for {
		var quiet <-chan time.Time
		if f.flying == 0 {
			quiet = time.After(quietFor)
		}
		select {
		case e, open := <-events:
			if !open {
				events = nil
				continue
			}
			f.observe(ctx, project, e)
		case id := <-f.ended:
			f.flying--
			f.close(ctx, f.streams[id])
		case err, open := <-broken:
			if open && err != nil {
				return err
			}
			broken = nil
		case <-quiet:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// observe opens the log of a run that begins, and remembers how one ended.
func (f *follower) observe(ctx context.Context, project string, e engine.Event) {
	s := f.streams[e.ID]
	switch {
	case e.Action == engine.ActionDie && s != nil:
		s.note, s.died = fmt.Sprintf("exited with code %d", e.ExitCode), e.Time
		if !s.open {
			f.tell(s)
		}
	case e.Action == engine.ActionStart:
		detail, found, err := f.eng.Inspect(ctx, e.ID)
		if err != nil || !found {
			return
		}
		f.begin(ctx, project, s, e, detail)
	}
}

// begin reads a run from its beginning, after the one before it. An event may tell of a run that is read already.
func (f *follower) begin(ctx context.Context, project string, s *stream, e engine.Event, detail engine.Detail) {
	if s == nil {
		c, found, err := f.eng.Container(ctx, e.ID)
		if err == nil && found && c.Project == project {
			request := f.opt.LogRequest
			request.Since, request.Tail = "", ""
			f.open(ctx, &c, request)
		}
		return
	}
	if s.run.Equal(detail.StartedAt) {
		return
	}
	s.run = detail.StartedAt
	if s.next.IsZero() {
		s.next = s.died
	}
	if s.next.IsZero() {
		s.next = detail.FinishedAt
	}
	if !s.open {
		f.again(ctx, s)
	}
}

// close ends a run: it has been read to its end.
func (f *follower) close(ctx context.Context, s *stream) {
	s.open = false
	f.tell(s)
	if !s.next.IsZero() {
		f.again(ctx, s)
	}
}

func (f *follower) again(ctx context.Context, s *stream) {
	request := f.opt.LogRequest
	request.Since, request.Tail = engine.Since(s.next), ""
	s.next = time.Time{}
	f.read(ctx, s, request)
}

func (f *follower) tell(s *stream) {
	if s.note == "" {
		return
	}
	c := &s.container
	f.line(LogLine{Service: c.Service, Container: c.Name, Number: cmp.Or(c.Number, 1), Note: true, Text: s.note})
	s.note = ""
}

// collect waits for the streams, which the cancelled context ends.
func (f *follower) collect() {
	for ; f.flying > 0; f.flying-- {
		<-f.ended
	}
}
