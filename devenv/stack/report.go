package stack

import (
	"context"
	"io"
	"strings"
	"sync"

	"github.com/docker/compose/v5/pkg/api"
	"github.com/sirupsen/logrus"
)

// State is how far the thing of an Event is.
type State int

// The states of an Event.
const (
	Working State = iota
	Done
	Warning
	Failed
)

// Event is one step of progress, such as Container shop-api-1: Starting.
type Event struct {
	Kind    string // Container, Service, Network, Volume, Image; "" for a remark on the whole project
	Name    string
	Text    string // Creating, Started, Healthy ... in Compose's words
	Detail  string
	State   State
	Parent  string // the image, for one of its layers
	Current int64  // bytes, of a pull
	Total   int64
}

// Report receives the events of one operation, one at a time, from any goroutine. Nil is allowed.
type Report func(Event)

// bus is the EventProcessor of one operation of the SDK.
type bus struct {
	mu     sync.Mutex
	report Report
	failed string // the first resource that failed, as the SDK names it
}

func newBus(report Report) *bus { return &bus{report: report} }

// Start and Done bracket an operation; devenv's commands do that themselves.
func (b *bus) Start(context.Context, string) {}

// Done is part of api.EventProcessor.
func (b *bus) Done(string, bool) {}

// On is part of api.EventProcessor; the SDK calls it from many goroutines.
func (b *bus) On(resources ...api.Resource) {
	for i := range resources {
		event := fromResource(&resources[i])
		if event.State == Failed {
			b.fail(resources[i].ID)
		}
		b.tell(event)
	}
}

func (b *bus) tell(e Event) {
	if b.report == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.report(e)
}

func (b *bus) fail(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed == "" {
		b.failed = id
	}
}

// failure is the ID of the first resource that the SDK reported as failed, or "".
func (b *bus) failure() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed
}

func fromResource(r *api.Resource) Event {
	event := Event{Text: r.Text, Detail: r.Details, Current: r.Current, Total: r.Total, State: Working}
	switch r.Status {
	case api.Done:
		event.State = Done
	case api.Warning:
		event.State = Warning
	case api.Error:
		event.State = Failed
	case api.Working:
	}
	event.Kind, event.Name = splitID(r.ID)
	if r.ParentID != "" {
		_, event.Parent = splitID(r.ParentID)
	}
	return event
}

// splitID takes "Container shop-api-1" apart, and the "service:api:1", "network:default" and "volume:data" by which
// the SDK reports a failed creation. Other IDs are names alone.
func splitID(id string) (kind, name string) {
	if before, after, found := strings.Cut(id, " "); found {
		return before, after
	}
	switch before, after, _ := strings.Cut(id, ":"); before {
	case "service":
		service, _, _ := strings.Cut(after, ":")
		return "Service", service
	case "network":
		return "Network", after
	case "volume":
		return "Volume", after
	}
	return "", id
}

// warnings is where the SDK's log lines go. Compose and docker/cli warn through the process-wide standard logger
// of logrus, which would write to stderr past the only printer. captureWarnings, called by Open, is the one place
// that changes that: the logger writes nowhere and its warnings become Events of the operations that run. The
// newest Stack of a process gets them; a process has one.
type warnings struct {
	mu   sync.Mutex
	open map[*bus]struct{}
}

func captureWarnings() *warnings {
	w := &warnings{open: map[*bus]struct{}{}}
	logrus.SetOutput(io.Discard)
	logrus.StandardLogger().ReplaceHooks(logrus.LevelHooks{
		logrus.WarnLevel:  {w},
		logrus.ErrorLevel: {w},
	})
	return w
}

// to sends warnings to b until the returned function is called.
func (w *warnings) to(b *bus) (end func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open[b] = struct{}{}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.open, b)
	}
}

// Levels is part of logrus.Hook.
func (w *warnings) Levels() []logrus.Level {
	return []logrus.Level{logrus.WarnLevel, logrus.ErrorLevel}
}

// Fire is part of logrus.Hook.
func (w *warnings) Fire(entry *logrus.Entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for b := range w.open {
		b.tell(Event{Text: strings.Join(strings.Fields(entry.Message), " "), State: Warning})
	}
	return nil
}
