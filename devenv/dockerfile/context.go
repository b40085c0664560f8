package dockerfile

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// MissingSource is a file that an instruction takes from the build context, where it is not.
type MissingSource struct {
	Path        string // relative to the context, with slashes
	Instruction string // COPY, ADD or RUN --mount
	Line        int
}

// ContextSources is what the stages of a target's Closure take from the build context: COPY and ADD without
// URLs and heredocs, and bind mounts of RUN. A Copy without any local source is left out.
func (f *File) ContextSources(target string) []Copy {
	var all []Copy
	for _, s := range f.Closure(target) {
		for _, c := range s.Copies {
			c.Sources = localSources(c)
			if c.From == "" && len(c.Sources)+len(c.Undecided) > 0 {
				all = append(all, c)
			}
		}
	}
	return all
}

// remote is a source of ADD that is downloaded: a URL, or a git repository in its short form.
var remote = regexp.MustCompile(`^(https?|git|ssh)://|^git@`)

func localSources(c Copy) []string {
	var local []string
	for _, source := range c.Sources {
		if c.Instruction != "ADD" || !remote.MatchString(source) {
			local = append(local, source)
		}
	}
	return local
}

// Missing is every source that a build of target needs and the context does not have, in the order of the
// file. As in BuildKit a glob may match nothing, and a path cannot leave the context. Sources that only the
// build can know, and what .dockerignore hides, are the build's to report.
func Missing(f *File, target string, context fs.FS) []MissingSource {
	var missing []MissingSource
	for _, c := range f.ContextSources(target) {
		for _, source := range c.Sources {
			name := contextPath(source)
			if isGlob(source) || exists(context, name) {
				continue
			}
			missing = append(missing, MissingSource{Path: name, Instruction: c.Instruction, Line: c.Line})
		}
	}
	return missing
}

func contextPath(source string) string {
	return strings.TrimPrefix(path.Join("/", source), "/")
}

func isGlob(source string) bool { return strings.ContainsAny(source, `*?[\`) }

// exists is false only where the name is certainly absent; a link is present whatever it points to.
func exists(context fs.FS, name string) bool {
	if name == "" {
		return true
	}
	_, err := fs.Lstat(context, name)
	return !errors.Is(err, fs.ErrNotExist)
}
