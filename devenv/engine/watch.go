package engine

import (
	"context"
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
	ActionStart   Action = "start"
	ActionDie     Action = "die"
	ActionOOM     Action = "oom"
	ActionHealth  Action = "health_status"
	ActionDestroy Action = "destroy"
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
					failed <- c.failure(err) // the end of the stream included: no engine ends it while it lives
				}
				return
			}
		}
	}()
	return happened, failed
}

// killed is the exit code of a process that SIGKILL ended: 128 and the signal's number.
const killed = 137

// ranOutOfMemory looks for an out-of-memory event in a container's run. The engine notes it on the container only if
// it arrives before the exit, which it need not.
func (c *Client) ranOutOfMemory(ctx context.Context, id string, run time.Time) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	messages, ended := c.api.Events(ctx, events.ListOptions{
		Since: Since(run), Until: Since(time.Now()),
		Filters: filters.NewArgs(filters.Arg("container", id), filters.Arg("event", string(ActionOOM))),
	})
	select {
	case <-messages:
		return true
	case <-ended: //nolint:errcheck // it says that the past has been told
		return false
	}
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
