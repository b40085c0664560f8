// Package build makes images with the BuildKit that every Docker Engine since 20.10 carries, in process and
// without a plugin.
//
// The Dockerfile frontend runs here, as a client of the engine's solver, so every engine understands the same
// Dockerfiles: heredocs, named contexts and `COPY --exclude` work on 20.10 too. A `# syntax=` line is honoured
// and gives the build to that frontend's image instead.
//
// A `build:` section becomes a recipe (pure, recipe.go and keys.go), recipes that are equal become one build
// (graph.go), and a solve (solve.go) carries it out while the status stream is shown and kept for the error
// message (monitor.go, display.go, failure.go).
package build

import (
	"context"
	"io"
	"net"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// Dialer opens a hijacked connection to an endpoint of the engine's API.
type Dialer interface {
	DialHijack(ctx context.Context, url, proto string, meta map[string][]string) (net.Conn, error)
}

// Request asks for the image of one service.
type Request struct {
	Service     string
	Tags        []string          // names to give to the image, the main one first; without any nothing is exported
	Build       types.BuildConfig // resolved: paths absolute, variables replaced
	Platform    string            // the service's platform, or "" for the engine's
	Secrets     types.Secrets     // the project's
	Environment types.Mapping     // the project's: args without value, secrets from the environment, SSH_AUTH_SOCK
	NoCache     bool              // run every step again
	Pull        bool              // look for newer base images in the registry
	// Bundle is a file of certificates that the processes of all steps trust instead of their own; "" is none. It leaves no
	// trace in the image, and when its content changes no step runs again for that.
	Bundle string
	// Labels are put on the image beside build.labels and win over them, as Compose's own do.
	Labels types.Labels
}

// Result is one build that was made.
type Result struct {
	Services []string // that asked for it, in the order of the requests
	Image    string   // its main name
	ID       string   // sha256:..., the ID that an inspection of the image gives; "" if nothing was exported
	Cached   bool     // no step was executed
	Duration time.Duration
}

// Options are what all builds of a Run have in common.
type Options struct {
	Dir      string    // the project's directory: names of files in messages are relative to it
	Out      io.Writer // where progress goes; nil is nowhere
	Terminal bool      // Out is a terminal, an *os.File or the like: show BuildKit's display
	// Hidden are absolute paths that no build sees, wherever its context is: what devenv itself writes into a project
	// must not make an image stale.
	Hidden []string
	// Mask hides secrets in a line of progress or of a failed step's output; nil hides nothing.
	Mask func(text string) string
	// Auth finds the credentials for a key of Docker's configuration file, usually a registry's host; nil is
	// anonymous.
	Auth func(ctx context.Context, key string) (Credentials, error)
}

// Credentials are what a registry wants to see. An identity token goes into Secret, without a Username.
type Credentials struct {
	Username string
	Secret   string
}

// Run builds the requested images, independent ones side by side, and returns one Result for each build in
// the order of the requests. The first failure stops the others; it is a *fault.Error, or the context's error.
func Run(ctx context.Context, dial Dialer, requests []Request, opt Options) ([]Result, error) {
	if len(requests) == 0 {
		return nil, nil
	}
	e, err := connect(ctx, dial)
	if err != nil {
		return nil, err
	}
	defer e.close()
	jobs, err := newJobs(requests, e.facts(opt))
	if err != nil {
		return nil, err
	}
	return runJobs(ctx, e, jobs, opt)
}
