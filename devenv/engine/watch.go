package engine

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
)

// Action is what happened to a container.
type Action string

// The actions that Watch tells; the engine has more and Watch passes them on by their own names.
const (
	ActionCreate  Action = "create"
	ActionStart   Action = "start"
	ActionDie     Action = "die"
	ActionOOM     Action = "oom"
	ActionHealth  Action = "health_status"
	ActionDestroy Action = "destroy"
	ActionRename  Action = "rename"
)

// Event is one thing that happened to a container of a project.
type Event struct {
	Time     time.Time // by the engine's clock
	Action   Action
	ID       string
	Name     string
	Service  string
	Oneoff   bool
	ExitCode int    // of ActionDie
	Health   string // of ActionHealth
}

// ErrStreamEnded ends a Watch whose engine went away without saying why.
var ErrStreamEnded = errors.New("the engine ended its event stream")

// Watch tells what happens to a project's containers. The subscription exists when Watch returns, so whoever lists
// the containers after it misses nothing. Both channels are closed when ctx ends or the stream breaks; the error
// then holds at most one value, nothing after ctx ended.
//
// Goroutine: one per Watch, started here, ended by ctx or by the engine's stream. The reader need not drain.
func (c *Client) Watch(ctx context.Context, project string) (<-chan Event, <-chan error) {
	messages, failures := c.api.Events(ctx, events.ListOptions{Filters: filters.NewArgs(
		filters.Arg("type", "container"),
		filters.Arg("label", LabelProject+"="+project),
	)})
	happened, failed := make(chan Event), make(chan error, 1)
	go func() {
		defer close(happened)
		defer close(failed)
		for {
			select {
			case m := <-messages:
				select {
				case happened <- fromMessage(&m):
				case <-ctx.Done():
					return
				}
			case err := <-failures:
				if ctx.Err() == nil {
					failed <- c.streamFailure(err)
				}
				return
			}
		}
	}()
	return happened, failed
}

func (c *Client) streamFailure(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrStreamEnded
	}
	return c.failure(err)
}

func fromMessage(m *events.Message) Event {
	action, detail, _ := strings.Cut(string(m.Action), ": ")
	attributes := m.Actor.Attributes
	exit, _ := strconv.Atoi(attributes["exitCode"])
	event := Event{
		Time: time.Unix(0, m.TimeNano), Action: Action(action), ID: m.Actor.ID, Name: attributes["name"],
		Service: attributes[LabelService], Oneoff: attributes[LabelOneoff] == "True", ExitCode: exit,
	}
	if event.Action == ActionHealth {
		event.Health = detail
	}
	return event
}

func keys[K ~string, V any](m map[K]V) []string {
	all := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, string(k))
	}
	return all
}
