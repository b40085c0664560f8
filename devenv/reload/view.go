package reload

import (
	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/source"
)

// View is what a decision depends on besides the batch. All host paths are absolute and clean.
type View struct {
	// Compose are the files that decide what the project is: compose files, .env and other files of variables for
	// them, profiles, the choice of mode and profile.
	Compose []string
	// EnvFiles are the services' env files, with the names of the services that read them.
	EnvFiles map[string][]string
	// Services are the services that run, by name.
	Services []Service
	// Ignored is the verdict on a file.
	Ignored func(path string) source.Verdict
}

// Style is how a service takes in new code: the value of x-devenv.reload.
type Style string

// The styles. A service without one runs no Python that devenv knows of.
const (
	Fork     Style = "fork"    // a supervisor forks a new child
	Replace  Style = "restart" // the process is started anew by the agent
	Native   Style = "native"  // its own reloader sees the files
	Off      Style = "off"
	NoPython Style = ""

	// Those of a Go service under Delve, which devenv finds by itself.
	RestartContainer Style = "restart-container" // its process builds the program when it starts
	RebuildImage     Style = "rebuild-image"     // its process runs what the image was built with
)

// Service is one service that runs.
type Service struct {
	Name    string
	Style   Style
	Mapping source.Mapping
	// Dependencies are what the container's environment is made from: uv.lock, and the pyproject.toml of each member.
	Dependencies []string
	// Compile is a command in the container that fails where a new start would not build its program; nil if it is not known.
	Compile []string
	// Build is nil for a service that uses an image as it is.
	Build *Build
	// Triggers are its rules of develop.watch, in order.
	Triggers []*source.Trigger
}

// Build is what an image is made from.
type Build struct {
	Context, Dockerfile string
	// Sources are what the stages of the target copy from the context: relative, slashed, maybe with wildcards; "."
	// for all of it.
	Sources []string
	// Placed are those of them that the target itself has, with their places, as far as they are known.
	Placed []Placed
}

// Placed is a source of COPY or ADD and where it goes.
type Placed struct {
	Source string // as in Build.Sources
	Dest   string // absolute in the container; with a slash at its end it is a folder
}

func copies(action types.WatchAction) bool {
	return action == types.WatchActionSync || action == types.WatchActionSyncRestart || action == types.WatchActionSyncExec
}
