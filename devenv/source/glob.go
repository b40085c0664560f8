package source

import (
	"strings"
	"unicode/utf8"
)

// glob is one line of an ignore file, taken apart. Git and Docker write their lines alike and mean them differently;
// parseGit and parseDocker say how. Neither language has a library that names the line which decided, so the matching
// is written here, and the tests hold it against git and against moby/patternmatcher.
type glob struct {
	text     string   // as the user wrote it
	origin   string   // file:line
	negated  bool     // ! : what it matches is not ignored after all
	folders  bool     // a trailing slash: folders only
	base     bool     // without a slash: the last element of a path decides
	elements []string // of the pattern, split at slashes; "**" stands for any number of elements
}

// matches reports whether a path, slashed and relative to where the pattern is anchored, is what the pattern names.
func (g *glob) matches(path string, isDir bool) bool {
	if g.folders && !isDir {
		return false
	}
	if g.base {
		return wild(g.elements[0], path[strings.LastIndexByte(path, '/')+1:])
	}
	return matchElements(g.elements, path)
}

// mayMatchBelow reports whether the pattern could name something inside folder. Patterns that could name something in
// any folder do not count: as in git, they never open a folder that is ignored.
func (g *glob) mayMatchBelow(folder string) bool {
	if g.base || g.elements[0] == "**" {
		return false
	}
	return opens(g.elements, folder)
}

func opens(elements []string, folder string) bool {
	for _, element := range elements {
		if folder == "" || element == "**" {
			return true
		}
		name, rest, _ := strings.Cut(folder, "/")
		if !wild(element, name) {
			return false
		}
		folder = rest
	}
	return false
}

// matchElements matches the elements of a pattern against all elements of a path.
func matchElements(elements []string, path string) bool {
	for i, element := range elements {
		if element == "**" {
			return matchAnywhere(elements[i+1:], path)
		}
		name, rest, more := strings.Cut(path, "/")
		if !wild(element, name) {
			return false
		}
		if !more {
			return i == len(elements)-1
		}
		path = rest
	}
	return false
}

// matchAnywhere matches elements after a "**": against path, or against what is left of it at any depth. Nothing
// after the "**" asks for one more element at least: "a/**" names what is in a, not a.
func matchAnywhere(elements []string, path string) bool {
	if len(elements) == 0 {
		return path != ""
	}
	for {
		if matchElements(elements, path) {
			return true
		}
		_, rest, more := strings.Cut(path, "/")
		if !more {
			return false
		}
		path = rest
	}
}

// wild matches one element of a pattern (*, ?, [a-z], [[:digit:]], \x) against one element of a path.
func wild(pattern, name string) bool {
	if !strings.ContainsAny(pattern, `*?[\`) {
		return pattern == name
	}
	for len(pattern) > 0 {
		if pattern[0] == '*' {
			return wildStar(strings.TrimLeft(pattern, "*"), name)
		}
		r, size := utf8.DecodeRuneInString(name)
		if size == 0 {
			return false
		}
		rest, ok := one(pattern, r)
		if !ok {
			return false
		}
		pattern, name = rest, name[size:]
	}
	return name == ""
}

// wildStar matches what follows a star against name or any end of it.
func wildStar(pattern, name string) bool {
	if pattern == "" {
		return true
	}
	if !strings.ContainsAny(pattern, `*?[\`) {
		return strings.HasSuffix(name, pattern)
	}
	for i := range len(name) + 1 {
		if wild(pattern, name[i:]) {
			return true
		}
	}
	return false
}

// one matches the first item of a pattern, which is not a star, against a rune, and gives the pattern after it.
func one(pattern string, r rune) (rest string, ok bool) {
	switch pattern[0] {
	case '?':
		return pattern[1:], true
	case '[':
		return class(pattern[1:], r)
	case '\\':
		pattern = pattern[1:]
	}
	p, size := utf8.DecodeRuneInString(pattern)
	return pattern[size:], size > 0 && p == r
}

// class matches the inside of a bracket expression. One that does not end matches nothing.
func class(pattern string, r rune) (rest string, ok bool) {
	negated := strings.HasPrefix(pattern, "!") || strings.HasPrefix(pattern, "^")
	if negated {
		pattern = pattern[1:]
	}
	found := false
	for first := true; first || !strings.HasPrefix(pattern, "]"); first = false {
		if name, after, isNamed := named(pattern); isNamed {
			found = found || inClass(name, r)
			pattern = after
			continue
		}
		low, after := bound(pattern)
		high := low
		if len(after) > 1 && after[0] == '-' && after[1] != ']' {
			high, after = bound(after[1:])
		}
		if low == utf8.RuneError || after == "" {
			return "", false
		}
		found = found || low <= r && r <= high
		pattern = after
	}
	return pattern[1:], found != negated
}

// bound is one end of a range in a bracket expression, and the pattern after it.
func bound(pattern string) (rune, string) {
	pattern = strings.TrimPrefix(pattern, `\`)
	r, size := utf8.DecodeRuneInString(pattern)
	return r, pattern[size:]
}

// named is the name of a POSIX class such as [:alpha:] at the begin of pattern.
func named(pattern string) (name, rest string, ok bool) {
	inside, found := strings.CutPrefix(pattern, "[:")
	if !found {
		return "", "", false
	}
	name, rest, ok = strings.Cut(inside, ":]")
	return name, rest, ok
}

func inClass(name string, r rune) bool {
	lower, upper, digit := 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9'
	switch name {
	case "lower":
		return lower
	case "upper":
		return upper
	case "digit":
		return digit
	case "alpha":
		return lower || upper
	case "alnum":
		return lower || upper || digit
	case "xdigit":
		return digit || 'a' <= r && r <= 'f' || 'A' <= r && r <= 'F'
	case "blank":
		return r == ' ' || r == '\t'
	case "space":
		return strings.ContainsRune(" \t\n\v\f\r", r)
	case "punct":
		return '!' <= r && r <= '~' && !lower && !upper && !digit
	case "cntrl":
		return r < ' ' || r == 0x7f
	case "graph":
		return '!' <= r && r <= '~'
	case "print":
		return ' ' <= r && r <= '~'
	}
	return false
}
