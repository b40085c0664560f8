package build

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"devenv/devenv/fault"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/frontend/dockerui"
)

// remoteContext tells a git repository or a URL, which the engine fetches itself, from a directory.
func remoteContext(context string) bool {
	if _, ok, _ := dockerui.DetectGitContext(context, nil); ok {
		return true
	}
	_, _, ok := dockerui.DetectHTTPContext(context)
	return ok
}

func contextKey(r *recipe, req *Request, f facts) error {
	context := req.Build.Context
	if remoteContext(context) {
		r.Attrs[contextMount] = context
		return nil
	}
	if err := directory(context); err != nil {
		return refuse(req, "context", "%s: %w", shown(f.dir, context), err)
	}
	r.Locals[contextMount] = context
	return nil
}

func directory(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("no such directory")
	case err != nil:
		return err
	case !info.IsDir():
		return errors.New("not a directory")
	}
	return nil
}

// dockerfileKey is for dockerfile and dockerfile_inline. The text is read here, so a Dockerfile may lie outside
// of the context, or be a link; the one of a remote context stays there.
func dockerfileKey(r *recipe, req *Request, f facts) error {
	build, own := req.Build, ""
	switch {
	case build.DockerfileInline != "" && build.Dockerfile != "":
		return refuse(req, "dockerfile_inline", "dockerfile is set as well")
	case build.DockerfileInline != "":
		r.Text = build.DockerfileInline
	case remoteContext(build.Context):
		r.Dockerfile = defaultTo(build.Dockerfile, "Dockerfile")
		r.Attrs["filename"] = r.Dockerfile
		return nil
	default:
		path := defaultTo(build.Dockerfile, "Dockerfile")
		if !filepath.IsAbs(path) {
			path = filepath.Join(build.Context, path)
		}
		r.Dockerfile = shown(f.dir, path)
		text, err := readDockerfile(path)
		if err != nil {
			return fault.New(fault.Usage, "%s: %w", r.Dockerfile, err).
				WithHint("it is the Dockerfile of service %s: see its build.context and build.dockerfile", req.Service)
		}
		r.Text = text
		own = path + ".dockerignore"
	}
	r.Ignore = readIgnore(own, filepath.Join(build.Context, ".dockerignore"))
	r.Attrs["dockerfilekey"] = dockerfileMount // from this machine, also for a remote context
	return nil
}

// readDockerfile reads a Dockerfile, whose name may be written in lower case.
func readDockerfile(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && filepath.Base(path) == "Dockerfile" {
		text, err = os.ReadFile(filepath.Join(filepath.Dir(path), "dockerfile"))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", errors.New("no such file")
	}
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return "", failed.Err
	}
	if err == nil && strings.TrimSpace(string(text)) == "" {
		return "", errors.New("it is empty")
	}
	return string(text), err
}

// readIgnore is the text of the first of the files that exists: the one beside the Dockerfile hides the one of
// the context, even if it is empty.
func readIgnore(paths ...string) string {
	for _, path := range paths {
		if text, err := os.ReadFile(path); err == nil {
			return string(text)
		}
	}
	return ""
}

func defaultTo(value, other string) string {
	if value == "" {
		return other
	}
	return value
}

// additionalContextsKey gives the named contexts: directories, images, URLs, and other services' images.
func additionalContextsKey(r *recipe, req *Request, f facts) error {
	for _, name := range slices.Sorted(maps.Keys(req.Build.AdditionalContexts)) {
		value := req.Build.AdditionalContexts[name]
		named, err := reference.ParseNormalizedNamed(name)
		if err != nil {
			return refuse(req, "additional_contexts", "%q: %w", name, err)
		}
		// The name as the frontend looks for it after FROM and --from=.
		id := strings.TrimSuffix(reference.FamiliarString(named), ":latest")
		if err := r.addContext(req, f, id, value); err != nil {
			return err
		}
	}
	return nil
}

func (r *recipe) addContext(req *Request, f facts, name, value string) error {
	service, isService := strings.CutPrefix(value, types.ServicePrefix)
	switch {
	case isService:
		r.Needs[name] = service
	case strings.HasPrefix(value, "oci-layout://"):
		return refuse(req, "additional_contexts", "%s: oci-layout is not supported", name).
			WithHint("load the image into the engine and write docker-image://NAME")
	case strings.HasPrefix(value, "docker-image://") || remoteContext(value):
		r.Attrs["context:"+name] = value
	default:
		if err := directory(value); err != nil {
			return refuse(req, "additional_contexts", "%s: %s: %w", name, shown(f.dir, value), err)
		}
		r.Attrs["context:"+name] = "local:" + contextMount + ":" + name
		r.Locals[contextMount+":"+name] = value
	}
	return nil
}

// secretsKey finds the project's secrets that the build may read with RUN --mount=type=secret.
func secretsKey(r *recipe, req *Request, f facts) error {
	for _, use := range req.Build.Secrets {
		definition, ok := req.Secrets[use.Source]
		if !ok {
			return refuse(req, "secrets", "%q is not defined under the project's secrets", use.Source)
		}
		if use.UID != "" || use.GID != "" || use.Mode != nil {
			return refuse(req, "secrets", "%s: uid, gid and mode belong to the step that reads the secret", use.Source).
				WithHint("RUN --mount=type=secret,id=%s,uid=...,gid=...,mode=...", defaultTo(use.Target, use.Source))
		}
		found, err := findSecret(types.FileObjectConfig(definition), req.Environment, f)
		if err != nil {
			return refuse(req, "secrets", "%s: %w", use.Source, err)
		}
		r.Secrets[defaultTo(use.Target, use.Source)] = found
	}
	return nil
}

func findSecret(definition types.FileObjectConfig, environment types.Mapping, f facts) (secret, error) {
	switch {
	case bool(definition.External):
		return secret{}, errors.New("an external secret cannot be read by a build")
	case definition.Environment != "":
		value, ok := environment[definition.Environment]
		if !ok {
			return secret{}, errors.New(definition.Environment + " is not set in the environment")
		}
		return secret{Value: value}, nil
	case definition.File != "":
		if _, err := os.Stat(definition.File); err != nil {
			return secret{}, errors.New(shown(f.dir, definition.File) + ": no such file")
		}
		return secret{File: definition.File}, nil
	}
	return secret{Value: definition.Content}, nil
}

// sshKey gives agents and keys for RUN --mount=type=ssh; "default" is the agent of the environment.
func sshKey(r *recipe, req *Request, _ facts) error {
	for _, key := range req.Build.SSH {
		path := defaultTo(key.Path, req.Environment["SSH_AUTH_SOCK"])
		if path == "" {
			return refuse(req, "ssh", "%s: no SSH agent: SSH_AUTH_SOCK is not set", defaultTo(key.ID, "default"))
		}
		if _, err := os.Stat(path); err != nil {
			return refuse(req, "ssh", "%s: %s: no such file", defaultTo(key.ID, "default"), path)
		}
		r.SSH[defaultTo(key.ID, "default")] = path
	}
	return nil
}

func cacheFromKey(r *recipe, req *Request, f facts) (err error) {
	r.CacheFrom, err = caches(req, "cache_from", req.Build.CacheFrom, f)
	return err
}

func cacheToKey(r *recipe, req *Request, f facts) (err error) {
	r.CacheTo, err = caches(req, "cache_to", req.Build.CacheTo, f)
	for _, c := range r.CacheTo {
		if err == nil && c.Type != "inline" && !f.containerd {
			err = refuse(req, "cache_to", "type %q: this engine's image store can only write type=inline", c.Type).
				WithHint("use type=inline, or an engine with the containerd image store")
		}
	}
	return err
}

// plainImage is a cache that is given as the name of an image alone.
var plainImage = regexp.MustCompile(`^[^=,]+$`)

func caches(req *Request, key string, entries []string, f facts) ([]cache, error) {
	var all []cache
	for _, entry := range entries {
		if plainImage.MatchString(entry) {
			all = append(all, cache{Type: "registry", Attrs: map[string]string{"ref": entry}})
			continue
		}
		c, err := parseCache(entry, f)
		if err != nil {
			return nil, refuse(req, key, "%q: %w", entry, err)
		}
		all = append(all, c)
	}
	return all, nil
}

// parseCache reads "type=local,dest=path". Paths are relative to the project's directory.
func parseCache(entry string, f facts) (cache, error) {
	fields, err := csv.NewReader(strings.NewReader(entry)).Read()
	if err != nil {
		return cache{}, err
	}
	c := cache{Attrs: map[string]string{}}
	for _, field := range fields {
		name, value, ok := strings.Cut(field, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case !ok:
			return cache{}, errors.New(field + " is not name=value")
		case name == "type":
			c.Type = value
		case (name == "src" || name == "dest") && !filepath.IsAbs(value):
			c.Attrs[name] = filepath.Join(f.dir, value)
		default:
			c.Attrs[name] = value
		}
	}
	if c.Type == "" {
		return cache{}, errors.New("no type")
	}
	return c, nil
}
