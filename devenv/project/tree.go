package project

import (
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v4"

	"devenv/devenv/document"
	"devenv/profiles"
)

// tree is the compose files in use as YAML nodes, so that a value can be traced to its line. It mirrors what
// compose-go's loader does with include and extends; it is built when an origin is asked for, and it is forgiving:
// what cannot be read or parsed is left out, since the loader reports it.
type tree struct {
	units    []*unit
	remote   map[string]string // local copies of remote files
	extended map[string]*unit  // files that were reached by extends only
	order    []*unit           // all units as they were found
}

// unit is one compose file in one place of the tree.
type unit struct {
	file     string
	dir      string // what relative paths in include, extends and env_file are relative to
	scope    scope
	roots    []*yaml.Node
	includes map[*yaml.Node][][]*unit // by root: for each entry of include its file and that file's overrides

	profile  *profiles.Profile         // that it is made of; nil for a compose file
	reworded map[*yaml.Node]*yaml.Node // nodes that the profile has in its own words
}

// origin is the place of a node.
func (u *unit) origin(at *yaml.Node) Origin {
	if u.profile != nil {
		if own, is := u.reworded[at]; is {
			at = own
		}
		place := u.profile.Place(at)
		return Origin{Kind: ProfileFile, File: place.File, Line: place.Line, Column: place.Column}
	}
	return Origin{Kind: File, File: u.file, Line: at.Line, Column: at.Column}
}

// Roles of a contribution, by how Compose came to it.
type role int

const (
	own      role = iota // stands in the file itself
	included             // brought in by include
	extends              // the base that a service extends
)

// contribution is one place where a thing (a service, a volume) is defined. Compose merges the contributions to a
// thing in order, the later over the earlier.
type contribution struct {
	unit  *unit
	role  role
	entry int // for included: which entry of include
	at    *yaml.Node
	node  *yaml.Node
}

func (in *inputs) tree() *tree {
	in.treeOnce.Do(func() {
		t := &tree{remote: in.remotes, extended: map[string]*unit{}}
		scope := in.scope()
		for _, file := range in.contents {
			t.units = append(t.units, t.add(file.Filename, file.Content, in.dir, scope, nil))
		}
		if in.profile != nil {
			u := composeUnit(in.profile)
			u.dir, u.scope = in.dir, scope
			t.units, t.order = append(t.units, u), append(t.order, u)
		}
		in.built = t
	})
	return in.built
}

// scope is where the variables of the main compose files come from.
func (in *inputs) scope() scope {
	s := append(scope{{kind: ProcessEnvironment, values: in.process}}, in.profileLayers...)
	if in.envFilesNamed {
		s = s.withEnvFiles(NamedEnvFile, in.envFiles)
	} else {
		for _, file := range in.envFiles {
			s = s.withEnvFiles(DotEnvFile, []string{file})
		}
	}
	return append(s, layer{kind: Default, values: in.env}) // PWD and COMPOSE_PROJECT_NAME
}

// add parses a file and everything that it includes. ancestors are the files on the way to it.
func (t *tree) add(file string, content []byte, dir string, scope scope, ancestors []string) *unit {
	u := &unit{file: file, dir: dir, scope: scope, includes: map[*yaml.Node][][]*unit{}}
	u.roots, _ = document.Parse(content)
	t.order = append(t.order, u)
	if slices.Contains(ancestors, file) {
		return u // a cycle; the loader reports it
	}
	for _, root := range u.roots {
		_, list := document.Child(root, "include")
		if list = document.Follow(list); list == nil {
			continue
		}
		for _, entry := range list.Content {
			u.includes[root] = append(u.includes[root], t.include(u, document.Follow(entry), append(ancestors, file)))
		}
	}
	return u
}

// include adds the files of one entry of include: the short form, a path, or the long one.
func (t *tree) include(u *unit, entry *yaml.Node, ancestors []string) []*unit {
	paths, envFiles := u.strings(entry), []string(nil)
	dir := ""
	if entry.Kind == yaml.MappingNode {
		paths = u.strings(second(document.Child(entry, "path")))
		envFiles = u.strings(second(document.Child(entry, "env_file")))
		if names := u.strings(second(document.Child(entry, "project_directory"))); len(names) > 0 {
			dir = absoluteIn(u.dir, names[0])
		}
	}
	if len(paths) == 0 {
		return nil
	}
	for i := range paths {
		paths[i] = t.local(u.dir, paths[i])
	}
	if dir == "" {
		dir = filepath.Dir(paths[0])
	}
	scope := u.scope.withEnvFiles(DotEnvFile, includeEnvFiles(u.dir, dir, envFiles))
	var units []*unit
	for _, path := range paths {
		content, _ := os.ReadFile(path)
		units = append(units, t.add(path, content, dir, scope, ancestors))
	}
	return units
}

// includeEnvFiles are the env files of an included project: those that include names, else its .env.
func includeEnvFiles(from, dir string, named []string) []string {
	var files []string
	for _, file := range named {
		if file != os.DevNull {
			files = append(files, absoluteIn(from, file))
		}
	}
	if len(named) > 0 {
		return files
	}
	file := filepath.Join(dir, ".env")
	if info, err := os.Stat(file); err == nil && !info.IsDir() {
		return []string{file}
	}
	return nil
}

// local is the absolute path of a file, or of the local copy of a remote one.
func (t *tree) local(dir, path string) string {
	if local, ok := t.remote[path]; ok {
		return local
	}
	return absoluteIn(dir, path)
}

// strings are the interpolated scalars of a scalar or list node.
func (u *unit) strings(node *yaml.Node) []string {
	node = document.Follow(node)
	if node == nil {
		return nil
	}
	if node.Kind == yaml.SequenceNode {
		var all []string
		for _, item := range node.Content {
			all = append(all, u.strings(item)...)
		}
		return all
	}
	if node.Kind != yaml.ScalarNode {
		return nil
	}
	value, _, _ := u.scope.substitute(node.Value)
	return []string{value}
}

func second(_, value *yaml.Node) *yaml.Node { return value }

// files are the paths of all compose files in use, each once.
func (t *tree) files() []string {
	for _, u := range slices.Clone(t.order) {
		for _, root := range u.roots {
			for _, name := range document.Keys(second(document.Child(root, "services"))) {
				t.inRoot(u, root, "services", name, nil) // reaches the files that extends brings in
			}
		}
	}
	var files []string
	for _, u := range t.order {
		if u.profile == nil && !slices.Contains(files, u.file) {
			files = append(files, u.file)
		}
	}
	return files
}

// contributions are the places that define the thing called name in section ("services", "volumes", ...), in the
// order in which Compose merges them.
func (t *tree) contributions(section, name string) []contribution {
	return t.inUnits(t.units, section, name, nil)
}

func (t *tree) inUnits(units []*unit, section, name string, seen []string) []contribution {
	var all []contribution
	for _, u := range units {
		for _, root := range u.roots {
			all = append(all, t.inRoot(u, root, section, name, seen)...)
		}
	}
	return all
}

// inRoot are the contributions of one document: the base it extends, then what it includes (the first entry of
// include wins over the next), then its own words. seen holds the services on the way here, against cycles.
func (t *tree) inRoot(u *unit, root *yaml.Node, section, name string, seen []string) []contribution {
	var all []contribution
	for entry, units := range slices.Backward(u.includes[root]) {
		for _, c := range t.inUnits(units, section, name, seen) {
			if c.role == own {
				c.role, c.entry = included, entry
			}
			all = append(all, c)
		}
	}
	at, node := document.Child(second(document.Child(root, section)), name)
	if at == nil {
		return all
	}
	all = append(all, contribution{unit: u, role: own, at: at, node: node})
	if section != "services" {
		return all
	}
	return append(t.base(u, root, name, node, seen), all...)
}

// base are the contributions of the service that service name of u extends, or nothing.
func (t *tree) base(u *unit, root *yaml.Node, name string, service *yaml.Node, seen []string) []contribution {
	_, node := document.Child(service, "extends")
	if node = document.Follow(node); node == nil || slices.Contains(seen, u.file+"\x00"+name) {
		return nil
	}
	seen = append(slices.Clone(seen), u.file+"\x00"+name)
	ref, file := u.strings(node), []string(nil)
	if node.Kind == yaml.MappingNode {
		ref, file = u.strings(second(document.Child(node, "service"))), u.strings(second(document.Child(node, "file")))
	}
	if len(ref) == 0 {
		return nil
	}
	var all []contribution
	if len(file) == 0 {
		all = t.inRoot(u, root, "services", ref[0], seen)
	} else {
		all = t.inUnits([]*unit{t.extend(u, file[0])}, "services", ref[0], seen)
	}
	for i := range all {
		all[i].role = extends
	}
	return all
}

// extend is the file that a service of u extends a service of. Its own includes do not count.
func (t *tree) extend(u *unit, path string) *unit {
	path = t.local(u.dir, path)
	if known := t.extended[path]; known != nil {
		return known
	}
	content, _ := os.ReadFile(path)
	base := &unit{file: path, dir: filepath.Dir(path), scope: u.scope}
	base.roots, _ = document.Parse(content)
	t.extended[path] = base
	t.order = append(t.order, base)
	return base
}
