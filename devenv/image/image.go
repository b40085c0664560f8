// Package image knows what a built image holds, without running anything of it: its configuration, the weight of its
// layers and the instructions that made them, its files, and what they mean: programs, Python packages, debuggers,
// compilers, tests. `devenv compare` and `devenv doctor` ask here, so both give one answer.
//
// Read takes the images' layers from the engine as `docker save` gives them. A layer never changes, so what was learned
// of it is kept in a cache under its digest, and a second look costs no archive.
package image

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// Image is a local image.
type Image struct {
	Ref    string // as it was asked for
	ID     string // sha256:...
	Size   int64  // of all layers, in bytes, as the engine counts it
	Config Config
	Layers []Layer // the lowest first
	files  tree
	sorted []File
	hidden []File
}

// With is the image as a container has it that says something else than the image's own configuration.
func (i Image) With(config Config) Image {
	i.Config = config
	return i
}

// Config is what a container of the image gets that says nothing else. Its fields are those of an image's
// configuration (OCI image specification, with Docker's HEALTHCHECK and SHELL).
type Config struct {
	User         string   // as in USER: name or number, maybe with a group; "" is root
	Env          []string // NAME=value
	Entrypoint   []string
	Cmd          []string
	WorkingDir   string // "" is /
	Healthcheck  *Healthcheck
	ExposedPorts Names // 8000/tcp
	Volumes      Names
	Labels       map[string]string
	Shell        []string // of the Dockerfile's shell forms; nil is /bin/sh -c
}

// Names are sorted. In an image's configuration they are the keys of an object whose values are empty.
type Names []string

// UnmarshalJSON reads the keys.
func (n *Names) UnmarshalJSON(content []byte) error {
	var keys map[string]struct{}
	err := json.Unmarshal(content, &keys)
	*n = slices.Sorted(maps.Keys(keys))
	return err
}

// Healthcheck is HEALTHCHECK. Its times are 0 where the engine's own hold.
type Healthcheck struct {
	Test          []string // NONE; CMD and arguments; CMD-SHELL and a line
	Interval      time.Duration
	Timeout       time.Duration
	StartPeriod   time.Duration
	StartInterval time.Duration
	Retries       int
}

// Layer is what one instruction added.
type Layer struct {
	Digest      string // of its archive, sha256:...
	Instruction string // RUN apt-get ..., COPY ...; "" if the image does not tell
	Size        int64  // of its files, in bytes
	Files       int    // how many files, links and folders it has
}

// Lookup is the value of a variable of the image, and whether it is set.
func (c Config) Lookup(name string) (string, bool) {
	for _, pair := range c.Env {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value, true
		}
	}
	return "", false
}

// Checks reports whether the image has a healthcheck, which NONE is not.
func (c Config) Checks() bool {
	return c.Healthcheck != nil && len(c.Healthcheck.Test) > 0 && c.Healthcheck.Test[0] != "NONE"
}
