package build

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"sync"

	bk "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	"github.com/moby/buildkit/session"
)

// solution is what a job has made.
type solution struct {
	id       string // of the image, "" if it was not exported
	cached   bool   // no step was executed
	frontend frontend
	session  *session.Session
}

// run builds j's image under its names.
func (j *job) run(ctx context.Context, e *engine, show *screen, opt Options) error {
	owner := strings.Join(j.services, ",")
	made, watch, err := j.undisturbed(ctx, func() (*solution, *monitor, error) {
		watch := newMonitor(func(status *bk.SolveStatus) { show.show(owner, calm(status)) }, opt.Mask)
		made, err := j.solve(ctx, e, opt, watch, len(j.names) > 0)
		return made, watch, err
	})
	if err != nil {
		return j.failure(ctx, err, made, watch, opt)
	}
	j.made = made
	return nil
}

// solve lets the frontend give the engine's solver a graph, and waits for the image. The session stays open for
// jobs that read this one's files, until release. With an error the solution tells what is known of it.
func (j *job) solve(ctx context.Context, e *engine, opt Options, watch *monitor, export bool) (*solution, error) {
	made := &solution{frontend: frontend{recipe: j.recipe}}
	request, err := j.solveOpt(export)
	if err != nil {
		return made, err
	}
	s, err := newSession(ctx, j.recipe, opt)
	if err != nil {
		return made, err
	}
	made.session = s
	go func() { _ = s.Run(ctx, e.dialSession) }() // ends with Close; a lost session fails the solve itself
	request.SharedSession, request.SessionPreInitialized = s, true
	building, stop := context.WithCancel(ctx)
	defer stop()
	statuses := make(chan *bk.SolveStatus)
	var seen sync.WaitGroup
	seen.Go(func() { watch.follow(statuses, stop) }) // ends when Build closes statuses
	response, err := e.client.Build(building, request, "devenv", made.frontend.run, statuses)
	seen.Wait()
	if watch.onlyCached && watch.worked() {
		err = errStale
	}
	if err != nil {
		made.close()
		return made, err
	}
	made.id = response.ExporterResponse[exptypes.ExporterImageDigestKey]
	made.cached = !watch.worked()
	return made, nil
}

func (made *solution) close() {
	if made != nil && made.session != nil {
		_ = made.session.Close() // only a connection
	}
}

// release ends what later jobs could read of j.
func (j *job) release() { j.made.close() }

// solveOpt is the recipe as BuildKit's client takes it.
func (j *job) solveOpt(export bool) (bk.SolveOpt, error) {
	request := bk.SolveOpt{
		FrontendAttrs:       maps.Clone(j.recipe.Attrs),
		FrontendInputs:      map[string]llb.State{},
		AllowedEntitlements: j.recipe.Entitlements,
		CacheImports:        cacheOptions(j.recipe.CacheFrom),
		CacheExports:        cacheOptions(j.recipe.CacheTo),
	}
	for name, other := range j.needs {
		if err := addInput(&request, name, other); err != nil {
			return request, err
		}
	}
	if export {
		attrs := map[string]string{}
		if len(j.names) > 0 {
			attrs["name"] = strings.Join(j.names, ",")
		}
		request.Exports = []bk.ExportEntry{{Type: "moby", Attrs: attrs}}
	}
	return request, nil
}

// addInput gives another job's result as a named context: its graph, which is cached by now, and its config.
func addInput(request *bk.SolveOpt, name string, other *job) error {
	if other.made == nil {
		return errors.New("image of " + other.services[0] + " is not built")
	}
	input := "service:" + other.services[0]
	metadata, err := json.Marshal(map[string][]byte{exptypes.ExporterImageConfigKey: other.made.frontend.config})
	if err != nil {
		return err
	}
	request.FrontendInputs[input] = other.made.frontend.state
	request.FrontendAttrs["context:"+name] = "input:" + input
	request.FrontendAttrs["input-metadata:"+input] = string(metadata)
	return nil
}

func cacheOptions(caches []cache) []bk.CacheOptionsEntry {
	var entries []bk.CacheOptionsEntry
	for _, c := range caches {
		entries = append(entries, bk.CacheOptionsEntry{Type: c.Type, Attrs: maps.Clone(c.Attrs)})
	}
	return entries
}
