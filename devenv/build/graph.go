package build

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"devenv/devenv/fault"

	"github.com/distribution/reference"
	"golang.org/x/sync/errgroup"
)

// job is one build for all the services whose recipes are equal.
type job struct {
	recipe   *recipe
	services []string
	names    []string        // of the image, in full form, the main one first
	needs    map[string]*job // named context -> the job whose image it is
	done     chan struct{}   // closed when made is set
	made     *solution
}

// newJobs turns requests into builds: equal ones become one, and a context `service:NAME` becomes an edge.
func newJobs(requests []Request, f facts) ([]*job, error) {
	var jobs []*job
	byIdentity, byService := map[string]*job{}, map[string]*job{}
	for _, req := range requests {
		r, err := newRecipe(req, f)
		if err != nil {
			return nil, err
		}
		names, err := imageNames(&req)
		if err != nil {
			return nil, err
		}
		j := byIdentity[r.identity()]
		if j == nil {
			j = &job{recipe: r, needs: map[string]*job{}, done: make(chan struct{})}
			byIdentity[r.identity()] = j
			jobs = append(jobs, j)
		}
		j.services = append(j.services, req.Service)
		j.names = append(j.names, names...)
		byService[req.Service] = j
	}
	return jobs, link(jobs, byService)
}

// imageNames are the request's names and those of `build.tags`, normalized as the engine stores them.
func imageNames(req *Request) ([]string, error) {
	var names []string
	for _, tag := range append(slices.Clone(req.Tags), req.Build.Tags...) {
		named, err := reference.ParseNormalizedNamed(tag)
		if err != nil {
			return nil, refuse(req, "tags", "%q is not the name of an image: %w", tag, err)
		}
		full := reference.TagNameOnly(named).String()
		if !slices.Contains(names, full) {
			names = append(names, full)
		}
	}
	return names, nil
}

// link connects the jobs that need other jobs' images.
func link(jobs []*job, byService map[string]*job) error {
	for _, j := range jobs {
		for name, service := range j.recipe.Needs {
			other := byService[service]
			if other == nil {
				return fault.New(fault.Usage, "%s: build.additional_contexts: %s: service %q is not built", j.services[0], name, service)
			}
			if strings.Contains(other.recipe.Attrs["platform"], ",") {
				return fault.New(fault.Usage, "%s: build.additional_contexts: %s: service %q is built for several platforms", j.services[0], name, service)
			}
			j.needs[name] = other
		}
	}
	for _, j := range jobs {
		if circle := j.circle(nil); circle != nil {
			return fault.New(fault.Usage, "%s: build.additional_contexts: circle of services: %s",
				j.services[0], strings.Join(circle, " needs "))
		}
	}
	return nil
}

// circle is the way from j back to a job on path, or nil.
func (j *job) circle(path []*job) []string {
	if slices.Contains(path, j) {
		return []string{j.services[0]}
	}
	for _, other := range j.needs {
		if rest := other.circle(append(path, j)); rest != nil {
			return append([]string{j.services[0]}, rest...)
		}
	}
	return nil
}

// sideBySide is how many builds run at a time.
const sideBySide = 4

// runJobs runs the jobs, each after those it needs. One goroutine per job, all ended when it returns; sessions
// stay open until then because a later job reads an earlier one's files through its session.
func runJobs(ctx context.Context, e *engine, jobs []*job, opt Options) ([]Result, error) {
	show := newScreen(ctx, opt)
	defer show.close()
	group, groupCtx := errgroup.WithContext(ctx)
	places := make(chan struct{}, sideBySide)
	results := make([]Result, len(jobs))
	for i, j := range jobs {
		group.Go(func() error {
			if !j.await(groupCtx, places) {
				return groupCtx.Err()
			}
			defer func() { <-places }()
			start := time.Now()
			if err := j.run(groupCtx, e, show, opt); err != nil {
				return err
			}
			results[i] = j.result(time.Since(start))
			close(j.done)
			return nil
		})
	}
	err := group.Wait()
	for _, j := range jobs {
		j.release()
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return nil, known
	}
	return results, err
}

// await waits for the jobs that j needs, then for a free place.
func (j *job) await(ctx context.Context, places chan struct{}) bool {
	for _, other := range j.needs {
		select {
		case <-other.done:
		case <-ctx.Done():
			return false
		}
	}
	select {
	case places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (j *job) result(took time.Duration) Result {
	r := Result{Services: j.services, ID: j.made.id, Cached: j.made.cached, Duration: took}
	if len(j.names) > 0 {
		named, _ := reference.ParseNormalizedNamed(j.names[0]) // was made by imageNames
		r.Image = reference.FamiliarString(named)
	}
	return r
}
