package profiles

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"devenv/devenv/document"
	"devenv/devenv/fault"
)

// Load reads a profile and everything that it extends.
func (p Places) Load(name string) (*Profile, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	profile, err := p.load(name, nil)
	if err != nil {
		return nil, err
	}
	if profile == nil {
		return nil, p.Unknown(name)
	}
	return profile, profile.decode()
}

// Nothing is the profile that stands for no profile.
func Nothing() *Profile { return empty(None) }

// load merges the layers of a profile over what it extends; nil where there is no such profile. above are the profiles
// that extend it.
func (p Places) load(name string, above []string) (*Profile, error) {
	layers, err := p.layers(name)
	if err != nil || len(layers) == 0 {
		return nil, err
	}
	own, err := p.own(name, layers)
	if err != nil {
		return nil, err
	}
	whole := empty(name)
	_, extends := document.Child(own.root, "extends")
	for _, base := range items(extends) {
		extended, err := p.base(base, own.places[base], append(slices.Clone(above), name))
		if err != nil {
			return nil, err
		}
		whole.merge(extended)
	}
	whole.merge(own)
	return whole, nil
}

// own are the layers of a profile without what it extends.
func (p Places) own(name string, layers []layer) (*Profile, error) {
	own := empty(name)
	own.Files = p.Paths(name)
	for _, layer := range layers {
		read, err := p.read(layer)
		if err != nil {
			return nil, err
		}
		own.merge(read)
	}
	return own, nil
}

// base is a profile that others extend, without what only it says of itself.
func (p Places) base(name *yaml.Node, origin Origin, above []string) (*Profile, error) {
	at := func(format string, args ...any) *fault.Error {
		return fault.New(fault.Usage, "%s: extends: %s", p.place(origin), fmt.Sprintf(format, args...))
	}
	if first := slices.Index(above, name.Value); first >= 0 {
		return nil, at("a cycle: %s", strings.Join(append(above[first:], name.Value), " -> "))
	}
	if err := CheckName(name.Value); err != nil {
		return nil, at("%s", err)
	}
	base, err := p.load(name.Value, above)
	if err != nil {
		return nil, err
	}
	if base == nil {
		return nil, document.Near(at("no profile %q", name.Value), name.Value, p.Names())
	}
	base.forget("extends")
	base.forget("description")
	return base, nil
}

// Extending is the first profile by name that extends another one, and the place where it says so; "" where none does. A
// profile that is wrong extends nothing.
func (p Places) Extending(name string) (user, place string) {
	for _, user := range p.Names() {
		layers, err := p.layers(user)
		if err != nil {
			continue
		}
		for _, layer := range layers {
			read, err := p.read(layer)
			if err != nil {
				continue
			}
			_, extends := document.Child(read.root, "extends")
			for _, base := range items(extends) {
				if base.Value == name && user != name {
					return user, p.place(read.places[base])
				}
			}
		}
	}
	return "", ""
}

// read parses and checks one layer.
func (p Places) read(l layer) (*Profile, error) {
	read := empty("")
	roots, err := document.Parse(l.content)
	if err != nil {
		if at := document.SyntaxError(p.Shown(l.file), err); at != nil {
			return nil, at
		}
		return nil, fault.New(fault.Usage, "%s: %w", p.Shown(l.file), err)
	}
	if len(roots) > 1 {
		return nil, fault.New(fault.Usage, "%s:%d: a second document; a profile is one", p.Shown(l.file), roots[1].Line)
	}
	if len(roots) == 0 {
		return read, nil
	}
	if err := p.check(l.file, roots[0]); err != nil {
		return nil, err
	}
	if err := p.checkVariables(l.file, roots[0]); err != nil {
		return nil, err
	}
	read.root = document.Plain(roots[0], func(node *yaml.Node) { read.places[node] = Origin{l.file, node.Line, node.Column} })
	return read, nil
}

// check refuses what does not fit into Settings.
func (p Places) check(file string, root *yaml.Node) error {
	var value any
	if err := root.Decode(&value); err != nil {
		if at := document.SyntaxError(p.Shown(file), err); at != nil {
			return at
		}
		return fault.New(fault.Usage, "%s: %w", p.Shown(file), err)
	}
	return document.Check(value, reflect.TypeFor[Settings](), nil, func(path []string, format string, args ...any) *fault.Error {
		at, _ := document.Deepest(root, path)
		return fault.New(fault.Usage, "%s: %s", p.place(Origin{file, at.Line, at.Column}), fmt.Sprintf(format, args...))
	})
}

// checkVariables refuses variables by which Compose finds its files: they are found before a profile is.
func (p Places) checkVariables(file string, root *yaml.Node) error {
	_, env := document.Child(root, "env")
	for _, name := range document.Keys(env) {
		if at, _ := document.Child(env, name); strings.HasPrefix(name, "COMPOSE_") {
			return fault.New(fault.Usage, "%s: env: %s is Compose's own", p.place(Origin{file, at.Line, at.Column}), name).
				WithHint("compose_files, compose_profiles and project_name say the same here")
		}
	}
	return nil
}

// place is an origin as messages show it.
func (p Places) place(o Origin) string {
	return fmt.Sprintf("%s:%d:%d", p.Shown(o.File), o.Line, o.Column)
}

// decode fills Settings; check has seen that it fits.
func (p *Profile) decode() error {
	if err := p.root.Decode(&p.Settings); err != nil {
		return fault.New(fault.Usage, "profile %s: %w", p.Name, err)
	}
	return nil
}
