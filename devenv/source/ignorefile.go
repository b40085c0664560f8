package source

import (
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// parseGit reads a .gitignore by the rules of gitignore(5); origin is the name that its lines are shown by.
func parseGit(text, origin string) []glob {
	var globs []glob
	for number, line := range lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		if g, ok := gitGlob(trimSpaces(line)); ok {
			g.origin = origin + ":" + strconv.Itoa(number+1)
			globs = append(globs, g)
		}
	}
	return globs
}

// gitGlob takes one line apart. A slash before the end anchors the pattern; without one it names an element anywhere.
func gitGlob(line string) (glob, bool) {
	g := glob{text: line}
	pattern := line
	if rest, negated := strings.CutPrefix(pattern, "!"); negated {
		g.negated, pattern = true, rest
	}
	if rest, folders := strings.CutSuffix(pattern, "/"); folders {
		g.folders, pattern = true, rest
	}
	g.base = !strings.Contains(pattern, "/")
	pattern = strings.TrimPrefix(pattern, "/")
	if pattern == "" {
		return glob{}, false
	}
	g.elements = strings.Split(pattern, "/")
	return g, true
}

// trimSpaces drops spaces at the end of a line, except one that is escaped.
func trimSpaces(line string) string {
	trimmed := strings.TrimRight(line, " ")
	escapes := len(trimmed) - len(strings.TrimRight(trimmed, `\`))
	if escapes%2 == 1 && len(trimmed) < len(line) {
		return trimmed + " "
	}
	return trimmed
}

// parseDocker reads a .dockerignore: every pattern is anchored at the build context.
func parseDocker(text, origin string) []glob {
	var globs []glob
	for number, line := range lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		if g, ok := dockerGlob(strings.TrimSpace(line)); ok {
			g.origin = origin + ":" + strconv.Itoa(number+1)
			globs = append(globs, g)
		}
	}
	return globs
}

// dockerGlob takes one line apart. Docker's ** crosses slashes wherever it stands, so "**.pyc" is "**/*.pyc".
func dockerGlob(line string) (glob, bool) {
	g := glob{text: line}
	pattern := line
	if rest, negated := strings.CutPrefix(pattern, "!"); negated {
		g.negated, pattern = true, strings.TrimSpace(rest)
	}
	pattern = strings.TrimPrefix(path.Clean("/"+filepath.ToSlash(pattern)), "/")
	if pattern == "" || line == "" {
		return glob{}, false
	}
	pattern = strings.ReplaceAll(pattern, "[!", `[\!`) // only ^ negates a class
	for element := range strings.SplitSeq(pattern, "/") {
		if rest, crosses := strings.CutPrefix(element, "**"); crosses && rest != "" {
			g.elements = append(g.elements, "**", "*"+rest)
			continue
		}
		g.elements = append(g.elements, element)
	}
	return g, true
}

// lines are the lines of a text without their ends, and without a byte order mark.
func lines(text string) []string {
	all := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	for i, line := range all {
		all[i] = strings.TrimSuffix(line, "\r")
	}
	return all
}

// lastMatch is the last of globs that names a path: the one that decides.
func lastMatch(globs []glob, path string, isDir bool) *glob {
	for i := len(globs) - 1; i >= 0; i-- {
		if globs[i].matches(path, isDir) {
			return &globs[i]
		}
	}
	return nil
}

// docker is the verdict of a .dockerignore on a path of its context: the last line that names the path or a folder
// that it is in. Unlike in git, a later line brings back what is inside an ignored folder.
func docker(globs []glob, path string) *glob { return dockerBelow(globs, path, ".") }

// dockerBelow leaves aside what names top or a folder above it.
func dockerBelow(globs []glob, path, top string) *glob {
	for i := len(globs) - 1; i >= 0; i-- {
		for part := path; part != "." && part != top; part = parent(part) {
			if globs[i].matches(part, true) {
				return &globs[i]
			}
		}
	}
	return nil
}

// parent is the folder of a relative, slashed path, "." for one without.
func parent(path string) string {
	if slash := strings.LastIndexByte(path, '/'); slash > 0 {
		return path[:slash]
	}
	return "."
}

// reopens is the first line that brings something back inside an ignored folder. A line such as !**/*.py could do so
// in every folder, and does.
func reopens(globs []glob, folder string) *glob {
	for i, g := range globs {
		if g.negated && opens(g.elements, folder) {
			return &globs[i]
		}
	}
	return nil
}
