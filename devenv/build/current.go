package build

import (
	"context"
	"errors"
)

// errStale ends a build of which only the cached part was wanted.
var errStale = errors.New("a step would run")

// Current says whether building request would give the image with the ID that is there already. needed are the
// requests of the services that its additional_contexts name.
//
// It asks the solver itself, so its yes is certain: every step is in the cache, and the image made of them has
// this ID. The first step that begins to run is cancelled before its process has come far. If all is cached but
// the ID differs (a change was taken back), the engine is left with that other image, without a name.
func Current(ctx context.Context, dial Dialer, request Request, id string, opt Options, needed ...Request) (bool, error) {
	e, err := connect(ctx, dial)
	if err != nil {
		return false, err
	}
	defer e.close()
	request.Tags, request.Build.Tags = nil, nil
	jobs, err := newJobs(append(needed[:len(needed):len(needed)], request), e.facts(opt))
	if err != nil {
		return false, err
	}
	defer func() {
		for _, j := range jobs {
			j.release()
		}
	}()
	target := jobOf(jobs, request.Service)
	same, err := target.cached(ctx, e, opt, true)
	if err != nil || !same {
		return false, err
	}
	return target.made.id == id, nil
}

func jobOf(jobs []*job, service string) *job {
	for _, j := range jobs {
		for _, name := range j.services {
			if name == service {
				return j
			}
		}
	}
	return nil // cannot be: newJobs gives every service a job
}

// cached solves j and the jobs it needs as long as no step has to run.
func (j *job) cached(ctx context.Context, e *engine, opt Options, export bool) (bool, error) {
	if _, always := j.recipe.Attrs["no-cache"]; always {
		return false, nil
	}
	for _, other := range j.needs {
		if same, err := other.cached(ctx, e, opt, false); err != nil || !same {
			return false, err
		}
	}
	made, watch, err := j.undisturbed(ctx, func() (*solution, *monitor, error) {
		watch := newMonitor(nil, opt.Mask)
		watch.onlyCached = true
		made, err := j.solve(ctx, e, opt, watch, export)
		return made, watch, err
	})
	switch {
	case errors.Is(err, errStale):
		return false, nil
	case err != nil:
		return false, j.failure(ctx, err, made, watch, opt)
	}
	j.made = made
	return made.cached, nil
}
