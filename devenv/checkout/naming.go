package checkout

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"devenv/devenv/state"
)

// Source says who chose the name that Compose would use.
type Source int

// The sources of a name, the weakest first.
const (
	Folder  Source = iota // nobody: it is the folder's
	File                  // `name:` of a compose file
	EnvFile               // COMPOSE_PROJECT_NAME in .env or a file of --env-file
	Given                 // a flag, the shell's COMPOSE_PROJECT_NAME, a profile: a person, for this checkout
)

// Naming is what a checkout's Compose project is called, and why.
type Naming struct {
	Project string // the name
	Base    string // the name that Compose alone would use
	Suffix  string // what sets it apart from other checkouts, without the hyphen; "" for the first one
	Cause   string // of the suffix
}

// Suffixed says that this checkout stands beside another one of the same project.
func (n Naming) Suffixed() bool { return n.Suffix != "" }

// Apart is a name that is the same in every checkout, such as a container_name, made this checkout's own. One that
// already has the suffix, by ${COMPOSE_PROJECT_NAME}, is.
func (n Naming) Apart(name string) string {
	if !n.Suffixed() || strings.Contains(name, n.Suffix) {
		return name
	}
	return name + "-" + n.Suffix
}

// Name decides the name of the checkout's project. base is the one that Compose would use. What this machine remembers
// (known, without what is gone) goes before everything but a name that somebody gave, so that the name stays the same
// when other checkouts come and go, and when this one is moved.
//
// A linked worktree has a suffix from the beginning, as the main one may be started at any time. Of other checkouts,
// also those whose env file has the name, the first to be started has the name as it is.
func Name(c Checkout, base string, source Source, known []state.Project) Naming {
	if source == Given {
		return Naming{Project: base, Base: base}
	}
	if own, found := remembered(c, base, source, known); found {
		return Naming{own.Name, own.Base, own.Suffix(), own.Cause}
	}
	own := Naming{Project: base, Base: base}
	if c.Worktree != "" && source != EnvFile {
		own = suffixed(base, c.Worktree, "this is the linked git worktree "+c.Worktree, c.common, c.Worktree)
	}
	for _, other := range known { // also a linked worktree may have been copied
		if other.Name == own.Project && other.Root != c.Root {
			return suffixed(base, filepath.Base(c.Root), fmt.Sprintf("%s is the project in %s", other.Name, other.Folder), c.Root)
		}
	}
	return own
}

// remembered is what this machine knows of the checkout under a name. A folder that was moved may have another name now;
// that does not change one with a suffix. A name without one that another checkout has taken over is gone: that happens
// while a folder is away.
func remembered(c Checkout, base string, source Source, known []state.Project) (state.Project, bool) {
	for _, own := range known {
		taken := slices.ContainsFunc(known, func(p state.Project) bool { return p.Name == own.Name && p.Base != "" && p.Root != c.Root })
		if own.Folder == c.Folder && !taken && (own.Base == base || own.Base != "" && own.Suffix() != "" && source == Folder) {
			return own, true
		}
	}
	return state.Project{}, false
}

// suffixed is a name with a suffix that says where it is, followed by a fingerprint: two places may be called alike, or
// have no letter that a project name can have.
func suffixed(base, place, cause string, identity ...string) Naming {
	sum := sha256.Sum256([]byte(strings.Join(identity, "\x00")))
	const digits = 3
	suffix := hex.EncodeToString(sum[:digits])
	word := strings.TrimLeft(strings.TrimPrefix(slug(place), base), "-_")
	if word = strings.TrimRight(word[:min(longest, len(word))], "-_"); word != "" {
		suffix = word + "-" + suffix
	}
	return Naming{Project: base + "-" + suffix, Base: base, Suffix: suffix, Cause: cause}
}

// longest is how much of a place's name is taken: with service and number the names of containers stay readable, and
// short enough for a host name.
const longest = 20

// slug is what of a name can stand in a project's name: lower case letters, digits, hyphens and underscores.
func slug(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			return r
		case r < unicode.MaxASCII:
			return '-'
		}
		return -1
	}, strings.ToLower(name)), "-_")
}
