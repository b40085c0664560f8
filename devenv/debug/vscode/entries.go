package vscode

import (
	"slices"
	"strings"

	"github.com/tailscale/hujson"
)

// entry is an object of devenv's in one of the lists of a file.
type entry struct {
	name   string
	fields object
	drop   []string // keys that devenv wrote for another kind of entry and that would now be wrong
}

// section is what one list of a file should have of devenv's: these entries, recognised by the key id, and no others.
type section struct {
	list, id string
	entries  []entry
}

// blank is the file where there is none.
type blank struct {
	version string
	needed  bool
}

func edited(existing []byte, name string, b blank, sections []section) ([]byte, error) {
	text, mark := strings.CutPrefix(string(existing), byteOrderMark)
	if strings.TrimSpace(text) == "" {
		if !b.needed {
			return existing, nil
		}
		text = style{unit: "    ", newline: "\n"}.block(object{{key: "version", value: b.version}}, "") + "\n"
	}
	d, err := parse(name, text)
	for _, s := range sections {
		if err == nil {
			d, err = d.reconcile(s)
		}
	}
	if err != nil {
		return nil, err
	}
	if mark {
		d.text = byteOrderMark + d.text
	}
	return []byte(d.text), nil
}

// reconcile makes a list have the entries of a section.
func (d document) reconcile(s section) (document, error) {
	d, err := d.withList(s)
	if err != nil {
		return d, err
	}
	for {
		stale := slices.IndexFunc(d.names(s), func(name string) bool {
			return strings.HasPrefix(name, Prefix) && !slices.ContainsFunc(s.entries, func(e entry) bool { return e.name == name })
		})
		if stale < 0 {
			break
		}
		if d, err = d.apply(d.removed(d.list(s), stale)...); err != nil {
			return d, err
		}
	}
	for _, e := range s.entries {
		if d, err = d.withEntry(s, e); err != nil {
			return d, err
		}
	}
	return d, nil
}

// withList has the section's list, if there is something to put in it.
func (d document) withList(s section) (document, error) {
	value, found := member(d.root.Value.(*hujson.Object), s.list)
	if _, isArray := value.Value.(*hujson.Array); found && !isArray {
		return d, d.refuse(value.StartOffset, quote(s.list)+" is not a list")
	}
	if found || len(s.entries) == 0 {
		return d, nil
	}
	return d.apply(d.added(d.root, func(string) string { return quote(s.list) + ": []" })...)
}

// list is the section's list in the file; without one it has no elements.
func (d document) list(s section) hujson.Value {
	value, _ := member(d.root.Value.(*hujson.Object), s.list)
	return value
}

// names are those of the elements, "" for what has none.
func (d document) names(s section) []string {
	array, ok := d.list(s).Value.(*hujson.Array)
	if !ok {
		return nil
	}
	names := make([]string, len(array.Elements))
	for i, element := range array.Elements {
		if o, ok := element.Value.(*hujson.Object); ok {
			names[i] = nameOf(o, s.id)
		}
	}
	return names
}

func nameOf(o *hujson.Object, key string) string {
	value, _ := member(o, key)
	if literal, ok := value.Value.(hujson.Literal); ok && literal.Kind() == '"' {
		return literal.String()
	}
	return ""
}

// withEntry has the entry, new behind the others or with its fields up to date where it is.
func (d document) withEntry(s section, e entry) (document, error) {
	at := slices.Index(d.names(s), e.name)
	if at < 0 {
		return d.apply(d.added(d.list(s), func(indent string) string { return d.style.block(e.fields, indent) })...)
	}
	element := func() hujson.Value { return d.list(s).Value.(*hujson.Array).Elements[at] }
	var err error
	for _, key := range e.drop {
		i := indexOf(element().Value.(*hujson.Object), key)
		if i < 0 {
			continue
		}
		if d, err = d.apply(d.removed(element(), i)...); err != nil {
			return d, err
		}
	}
	for _, f := range e.fields {
		if d, err = d.apply(d.set(element(), f)...); err != nil {
			return d, err
		}
	}
	return d, nil
}

// set are the edits that give an object a field, none where it says that already.
func (d document) set(o hujson.Value, f field) []edit {
	value, found := member(o.Value.(*hujson.Object), f.key)
	switch {
	case f.once || found && means(value, f.value):
		return nil
	case found:
		return []edit{{value.StartOffset, value.EndOffset, d.style.value(f.value, d.indentAt(value.StartOffset))}}
	default:
		return d.added(o, func(indent string) string { return quote(f.key) + ": " + d.style.value(f.value, indent) })
	}
}
