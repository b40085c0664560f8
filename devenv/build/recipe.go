package build

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"devenv/devenv/fault"
)

// recipe is one build in BuildKit's terms: everything that decides the image. Equal recipes make equal images.
type recipe struct {
	Attrs        map[string]string // options of the Dockerfile frontend
	Locals       map[string]string // name of a local mount -> directory
	Text         string            // of the Dockerfile; "" when it lies in a remote context
	Ignore       string            // text of the .dockerignore that holds for it
	Dockerfile   string            // how messages name it; "" for dockerfile_inline
	Secrets      map[string]secret // by id
	SSH          map[string]string // id -> agent socket or key file
	CacheFrom    []cache
	CacheTo      []cache
	Entitlements []string
	Needs        map[string]string // named context -> service whose image it is
}

// secret is a file, or else a value.
type secret struct{ File, Value string }

// cache is one place to take build cache from or to bring it to.
type cache struct {
	Type  string
	Attrs map[string]string
}

// The names of the local mounts that the Dockerfile frontend knows.
const (
	contextMount    = "context"
	dockerfileMount = "dockerfile"
)

// newRecipe translates every key of a request's `build:`. The error is a *fault.Error that names service and key.
func newRecipe(req Request, f facts) (*recipe, error) {
	r := &recipe{
		Attrs:  map[string]string{"image-resolve-mode": "local"},
		Locals: map[string]string{}, Secrets: map[string]secret{}, SSH: map[string]string{}, Needs: map[string]string{},
	}
	table := keys()
	for _, field := range slices.Sorted(maps.Keys(table)) {
		if err := table[field](r, &req, f); err != nil {
			return nil, err
		}
	}
	if err := r.setPlatform(&req, f); err != nil {
		return nil, err
	}
	if req.Bundle != "" {
		r.Secrets[bundleSecret], r.Secrets[aptSecret] = secret{File: req.Bundle}, secret{Value: aptConfig}
	}
	return r, nil
}

// identity is equal for recipes that make the same image.
func (r *recipe) identity() string {
	text, _ := json.Marshal(r) // only maps, slices and strings: cannot fail
	return string(text)
}

// refuse is the error for a value of a key of `build:` that cannot be done.
func refuse(req *Request, key, format string, args ...any) *fault.Error {
	e := fault.New(fault.Usage, format, args...)
	e.Message = req.Service + ": build." + key + ": " + e.Message
	return e
}

// shown is a path as messages show it: relative to the project's directory if it lies inside.
func shown(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	if dir == "" || err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return path
	}
	return filepath.ToSlash(rel)
}
