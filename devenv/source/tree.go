package source

import (
	"cmp"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
)

// Rules are what decides which files matter, as the project states it. All paths are absolute and clean.
type Rules struct {
	// Roots are the folders that devenv looks at: source mounts, build contexts and paths of develop.watch. A root is
	// never ignored, whatever rule names it or a folder above it.
	Roots []string
	// State is devenv's own folder, which is never looked at.
	State string
	// Contexts are the build contexts, for their .dockerignore.
	Contexts []Context
	// Include and Ignore are the lines of x-devenv.watch, in the language of .gitignore.
	Include, Ignore []Line
	// Triggers are the rules of develop.watch. What one of them names is looked at.
	Triggers []*Trigger
	// Shown shortens a path for Verdict.Origin; nil leaves it as it is.
	Shown func(path string) string
}

// Context is a build context; Dockerfile is the absolute path of the file whose own .dockerignore comes first.
type Context struct{ Folder, Dockerfile string }

// Line is one pattern of x-devenv.watch, anchored at Folder; Origin is the file:line it stands at.
type Line struct{ Pattern, Folder, Origin string }

// Verdict says whether a path is ignored and by which rule. A path that no rule names is not, and its Rule is "".
type Verdict struct {
	Ignored bool
	Rule    string // the pattern as it was written, or what a built-in rule is about
	Origin  string // file:line, or "built in"

	kind kind
}

// kind is where a verdict comes from: it decides what may overrule it.
type kind int

const (
	noRule kind = iota
	forGood
	byUser
	byBuiltIn
	byDocker
	byGit
)

const versionControl = "data of version control"

func (v Verdict) String() string {
	word := "watched"
	if v.Ignored {
		word = "ignored"
	}
	if v.Rule == "" {
		return word
	}
	return word + ": " + v.Rule + " (" + v.Origin + ")"
}

// Tree answers "is this path ignored?" for everything that asks: what is watched, synced or reloaded. It remembers
// what it has read of ignore files until Refresh. It is safe for concurrent use.
//
// The first of these that says something about a path decides:
//
//  1. data of version control and devenv's own state: ignored
//  2. x-devenv.watch include, then ignore
//  3. a folder above the path is ignored, and nothing of the following brings the path back
//  4. built-in rules: virtual environments, caches, build outputs, temporary files of editors
//  5. .dockerignore, by Docker's rules: a later line brings back what is inside an ignored folder
//  6. .gitignore and .git/info/exclude, by git's rules: it does not
//
// Two kinds of path are looked at although 3 to 6 ignore them. A path that a trigger of develop.watch wants: Compose
// does not read .gitignore, and what it would sync must not be missed (built-in rules below the trigger's path hold).
// And a Python file in a folder that is not ignored: git's and Docker's rules say what is not committed or not in the
// image, but generated modules and local settings run like any other code.
type Tree struct {
	rules    Rules
	include  []line
	ignore   []line
	mu       sync.Mutex
	folders  map[string]*folderState
	contexts []contextRules
}

type line struct {
	glob
	folder string
}

type contextRules struct {
	folder string
	globs  []glob
}

// folderState is what is known of a folder for everything in it.
type folderState struct {
	verdict  Verdict
	included bool         // an include rule names the folder or one above
	git      []ignoreFile // of the folders above, and when read is true of this one
	read     bool
}

// NewTree makes a Tree. Nothing is read before the first question.
func NewTree(rules Rules) *Tree {
	if rules.Shown == nil {
		rules.Shown = func(path string) string { return path }
	}
	return &Tree{rules: rules, include: compile(rules.Include), ignore: compile(rules.Ignore)}
}

func compile(all []Line) []line {
	var compiled []line
	for _, l := range all {
		if g, ok := gitGlob(l.Pattern); ok {
			g.origin = l.Origin
			compiled = append(compiled, line{g, l.Folder})
		}
	}
	return compiled
}

// Same reports whether two trees have the same rules, whatever they have read of ignore files.
func (t *Tree) Same(other *Tree) bool {
	a, b := t.rules, other.rules
	a.Shown, b.Shown = nil, nil // functions compare to nothing, and shorten the same paths in both
	return t == other || reflect.DeepEqual(a, b)
}

// Refresh forgets what was read of ignore files, because one of them has changed.
func (t *Tree) Refresh() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.folders, t.contexts = nil, nil
}

// Governs reports whether a file holds rules of this tree, so that a change of it calls for a Refresh.
func (t *Tree) Governs(path string) bool {
	name := filepath.Base(path)
	return name == gitIgnore && t.root(path) != "" || slices.ContainsFunc(t.rules.Contexts, func(c Context) bool {
		return path == c.Dockerfile+".dockerignore" || path == filepath.Join(c.Folder, ".dockerignore")
	})
}

// Ignored is the verdict on an absolute, clean path. For a folder it means that nothing in it matters, so that it
// need not be looked into; a folder that is ignored and holds something that is not gets the verdict "watched".
func (t *Tree) Ignored(path string, isDir bool) Verdict {
	if t.root(path) == "" {
		return Verdict{Ignored: true, Rule: "outside of every watched folder", Origin: "built in"}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	verdict := t.state(path, isDir).verdict
	if !verdict.Ignored || verdict.kind == forGood {
		return verdict
	}
	if wanted, ok := t.wanted(path, isDir, verdict); ok {
		return wanted
	}
	return verdict
}

// root is the outermost root that path is in, or "".
func (t *Tree) root(path string) string {
	found := ""
	for _, root := range t.rules.Roots {
		if hostHolds(root, path) && (found == "" || len(root) < len(found)) {
			found = root
		}
	}
	return found
}

// innerRoot is the innermost root that path is in, or "".
func (t *Tree) innerRoot(path string) string {
	found := ""
	for _, root := range t.rules.Roots {
		if hostHolds(root, path) && len(root) > len(found) {
			found = root
		}
	}
	return found
}

// state works out what is known of a path from the folder it is in. What it finds out about folders, it keeps.
func (t *Tree) state(path string, isDir bool) *folderState {
	if known, ok := t.folders[path]; ok && isDir {
		return known
	}
	if slices.Contains(t.rules.Roots, path) && t.root(path) == path {
		return t.keep(path, isDir, &folderState{git: t.above(path)})
	}
	up := t.state(filepath.Dir(path), true)
	t.readGit(filepath.Dir(path), up)
	state := &folderState{git: up.git}
	state.verdict, state.included = t.judge(path, isDir, up)
	return t.keep(path, isDir, state)
}

func (t *Tree) keep(path string, isDir bool, state *folderState) *folderState {
	if isDir {
		if t.folders == nil {
			t.folders = map[string]*folderState{}
		}
		t.folders[path] = state
	}
	return state
}

// readGit adds the .gitignore of a folder when the first path in it is judged.
func (t *Tree) readGit(path string, state *folderState) {
	if state.read || state.verdict.Ignored {
		return
	}
	state.read = true
	if own := t.gitFile(path, filepath.Join(path, gitIgnore)); own != nil {
		state.git = append(slices.Clip(state.git), own...)
	}
}

// Listed says that whoever asks has just listed a folder, and whether a .gitignore was there: in one of ten thousand
// folders there is, and to look for the others takes a fifth of the time that it takes to list them.
func (t *Tree) Listed(folder string, names func(string) bool) {
	if names(gitIgnore) || t.root(folder) == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state(folder, true).read = true
}

// judge is the order of the rules.
func (t *Tree) judge(path string, isDir bool, up *folderState) (v Verdict, included bool) {
	name := filepath.Base(path)
	switch {
	case up.verdict.kind == forGood:
		return up.verdict, false
	case isRepository(name):
		return Verdict{true, versionControl, "built in", forGood}, false
	case path == t.rules.State:
		return Verdict{true, "devenv's own state", "built in", forGood}, false
	case slices.Contains(t.rules.Roots, path):
		return Verdict{}, false
	}
	if l := lineFor(t.include, path, isDir); l != nil {
		return Verdict{false, l.text, l.origin, byUser}, true
	}
	if l := lineFor(t.ignore, path, isDir); l != nil {
		return Verdict{true, l.text, l.origin, byUser}, false
	}
	if up.verdict.Ignored && up.verdict.kind != byDocker {
		return up.verdict, false
	}
	if v := builtInVerdict(path, name, isDir); v.Ignored || up.included {
		return v, up.included
	}
	return t.fromFiles(path, isDir, up), false
}

// lineFor is the last line that names a path; a negated one names nothing.
func lineFor(all []line, path string, isDir bool) *line {
	for i := len(all) - 1; i >= 0; i-- {
		if l := &all[i]; hostHolds(l.folder, path) && l.matches(below(l.folder, path), isDir) {
			if l.negated {
				return nil
			}
			return l
		}
	}
	return nil
}

func builtInVerdict(path, name string, isDir bool) Verdict {
	if rule := builtInRule(path, name, isDir); rule != "" {
		return Verdict{true, rule, "built in", byBuiltIn}
	}
	return Verdict{}
}

// fromFiles asks the .dockerignore files, then git's.
func (t *Tree) fromFiles(path string, isDir bool, up *folderState) Verdict {
	python := !isDir && filepath.Ext(path) == ".py"
	if g := t.docker(path); g != nil {
		return Verdict{!python || up.verdict.Ignored, g.text, g.origin, byDocker}
	}
	if g := git(up.git, path, isDir); g != nil && !g.negated {
		return Verdict{!python, g.text, g.origin, byGit}
	}
	return Verdict{}
}

// docker is the line that ignores a path in every context that it is in. A line that names a root, or a folder above it,
// keeps it out of the image and says nothing of what is mounted in its place.
func (t *Tree) docker(path string) *glob {
	var decided *glob
	inner := t.innerRoot(path)
	for _, context := range t.dockerignores() {
		if !hostHolds(context.folder, path) {
			continue
		}
		top := "."
		if hostHolds(context.folder, inner) {
			top = cmp.Or(below(context.folder, inner), ".")
		}
		g := dockerBelow(context.globs, cmp.Or(below(context.folder, path), "."), top)
		if g == nil || g.negated {
			return nil
		}
		decided = g
	}
	return decided
}

func (t *Tree) dockerignores() []contextRules {
	if t.contexts != nil {
		return t.contexts
	}
	t.contexts = []contextRules{}
	for _, context := range t.rules.Contexts {
		t.contexts = append(t.contexts, contextRules{context.Folder, dockerignore(context, t.rules.Shown)})
	}
	return t.contexts
}

// dockerignore reads the ignore file of a context: the Dockerfile's own, else the context's.
func dockerignore(context Context, shown func(string) string) []glob {
	for _, path := range []string{context.Dockerfile + ".dockerignore", filepath.Join(context.Folder, ".dockerignore")} {
		if text, err := os.ReadFile(path); err == nil {
			return parseDocker(string(text), shown(path))
		}
	}
	return nil
}

func (t *Tree) shown(path string) string { return t.rules.Shown(path) }

// wanted finds what brings an ignored path back: a trigger of develop.watch, or, for a folder, something inside.
func (t *Tree) wanted(path string, isDir bool, verdict Verdict) (Verdict, bool) {
	if verdict.kind != byUser {
		for _, trigger := range t.rules.Triggers {
			if trigger.covers(path) && !trigger.Ignored(path, isDir).Ignored && !builtInBetween(trigger.Path, path, isDir) {
				return Verdict{Rule: "develop.watch of " + trigger.Service, Origin: trigger.Origin}, true
			}
		}
	}
	if !isDir {
		return Verdict{}, false
	}
	return t.leads(path, verdict)
}

// leads reports that an ignored folder must be walked through, and for which rule.
func (t *Tree) leads(folder string, verdict Verdict) (Verdict, bool) {
	for _, root := range t.rules.Roots {
		if hostHolds(folder, root) {
			return Verdict{Rule: "holds " + t.shown(root), Origin: "built in"}, true
		}
	}
	for _, l := range t.include {
		if !l.negated && hostHolds(l.folder, folder) && l.mayMatchBelow(below(l.folder, folder)) {
			return Verdict{Rule: l.text, Origin: l.origin}, true
		}
	}
	if verdict.kind != byDocker {
		return Verdict{}, false
	}
	for _, context := range t.dockerignores() {
		if !hostHolds(context.folder, folder) {
			continue
		}
		if g := reopens(context.globs, below(context.folder, folder)); g != nil {
			return Verdict{Rule: g.text, Origin: g.origin}, true
		}
	}
	return Verdict{}, false
}

// builtInBetween reports whether a built-in rule names path, or a folder between it and the folder of a trigger.
func builtInBetween(folder, path string, isDir bool) bool {
	for ; len(path) > len(folder); path, isDir = filepath.Dir(path), true {
		if builtInVerdict(path, filepath.Base(path), isDir).Ignored {
			return true
		}
	}
	return false
}

// Roots are the outermost roots, each once, sorted: together they hold every path that is not ignored.
func (t *Tree) Roots() []string {
	var roots []string
	for _, root := range t.rules.Roots {
		if t.root(root) == root && !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
	}
	slices.Sort(roots)
	return roots
}

// Included reports whether an include rule of x-devenv.watch names the path: its owner says that it matters.
func (v Verdict) Included() bool { return !v.Ignored && v.kind == byUser }
