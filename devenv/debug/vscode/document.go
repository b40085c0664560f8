package vscode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/tailscale/hujson"

	"devenv/devenv/fault"
)

// document is a file's text and where in it everything is. It changes by edits of the text alone, each followed by a
// fresh look, so what no edit names stays byte for byte.
type document struct {
	name  string // in messages
	text  string
	root  hujson.Value
	style style
}

// edit replaces text[from:to].
type edit struct {
	from, to int
	text     string
}

const byteOrderMark = "\ufeff"

// parse reads text without its byte order mark.
func parse(name, text string) (document, error) {
	d := document{name: name, text: text, style: style{unit: "    ", newline: "\n"}}
	if strings.Contains(text, "\r\n") {
		d.style.newline = "\r\n"
	}
	var err error
	// The newline is for a comment at the very end, which needs none in VS Code.
	if d.root, err = hujson.Parse([]byte(text + "\n")); err != nil {
		return document{}, d.invalid(err)
	}
	root, isObject := d.root.Value.(*hujson.Object)
	if !isObject {
		return document{}, d.refuse(d.root.StartOffset, "not an object")
	}
	if members := items(root); len(members) > 0 {
		if indent, ok := ownLine(members[0].before); ok && indent != "" {
			d.style.unit = indent
		}
	}
	return d, nil
}

// invalid says where the parser stopped; its message begins with the place.
func (d document) invalid(err error) error {
	line, column := 1, 1
	if _, scan := fmt.Sscanf(err.Error(), "hujson: line %d, column %d", &line, &column); scan == nil {
		err = errors.Unwrap(err)
	}
	return d.refuseLine(line, fmt.Sprintf("not JSON with comments: %s", err))
}

func (d document) refuse(offset int, cause string) error {
	return d.refuseLine(1+strings.Count(d.text[:offset], "\n"), cause)
}

func (d document) refuseLine(line int, cause string) error {
	return fault.New(fault.Usage, "%s:%d: %s", d.name, line, cause).WithHint("mend it or move it away; nothing was written")
}

// apply makes edits, which do not overlap, and looks again. Of two at one place the first comes first.
func (d document) apply(edits ...edit) (document, error) {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.from - b.from })
	var text strings.Builder
	at := 0
	for _, e := range edits {
		text.WriteString(d.text[at:e.from] + e.text)
		at = e.to
	}
	changed, err := parse(d.name, text.String()+d.text[at:])
	changed.style = d.style
	return changed, err
}

// member is the value of a key, the last one if it is there twice, as in VS Code.
func member(o *hujson.Object, key string) (hujson.Value, bool) {
	i := indexOf(o, key)
	if i < 0 {
		return hujson.Value{}, false
	}
	return o.Members[i].Value, true
}

func indexOf(o *hujson.Object, key string) int {
	for i, m := range slices.Backward(o.Members) {
		if name, ok := m.Name.Value.(hujson.Literal); ok && name.String() == key {
			return i
		}
	}
	return -1
}

// means reports whether a value of the file says what is wanted, however it is written.
func means(value hujson.Value, wanted any) bool {
	value = value.Clone()
	value.Standardize()
	var is, should any
	return json.Unmarshal(value.Pack(), &is) == nil &&
		json.Unmarshal([]byte(style{}.value(wanted, "")), &should) == nil && reflect.DeepEqual(is, should)
}

// item is a member of an object or an element of an array.
type item struct {
	start, end int
	before     []byte // from the bracket or comma before it
	after      []byte // up to its comma
	comma      bool   // has one behind it
}

// items are those of an object or an array.
func items(container hujson.ValueTrimmed) []item {
	var all []item
	switch c := container.(type) {
	case *hujson.Object:
		for _, m := range c.Members {
			all = append(all, item{m.Name.StartOffset, m.Value.EndOffset, m.Name.BeforeExtra, m.Value.AfterExtra, true})
		}
	case *hujson.Array:
		for _, e := range c.Elements {
			all = append(all, item{e.StartOffset, e.EndOffset, e.BeforeExtra, e.AfterExtra, true})
		}
	}
	if n := len(all); n > 0 {
		all[n-1].comma = all[n-1].after != nil // as hujson has it: see hujson.Array
	}
	return all
}

// added is the edit that puts a new item behind all others; text writes it for its indentation.
func (d document) added(container hujson.Value, text func(indent string) string) []edit {
	all, end := items(container.Value), container.EndOffset-1
	outer := d.indentAt(container.StartOffset)
	indent := outer + d.style.unit
	if len(all) > 0 {
		if own, ok := ownLine(all[0].before); ok {
			indent = own
		}
	}
	var edits []edit
	comma, from := "", container.StartOffset+1
	if n := len(all); n > 0 {
		last := all[n-1]
		from = last.end
		if last.comma {
			comma, from = ",", last.end+len(last.after)+1
		} else {
			edits = append(edits, edit{last.end, last.end, ","})
		}
	}
	space := trailingSpace(d.text[from:end])
	closing := space
	if !strings.Contains(space, "\n") {
		closing = d.style.newline + outer
	}
	return append(edits, edit{end - len(space), end, d.style.newline + indent + text(indent) + comma + closing})
}

// removed are the edits that take an item out. Comments around it stay.
func (d document) removed(container hujson.Value, i int) []edit {
	all, end := items(container.Value), container.EndOffset-1
	gone := all[i]
	from, to := gone.start, gone.end
	if gone.comma {
		to += len(gone.after) + 1
	}
	if len(gone.after) > 0 && !onlySpace(gone.after) { // a comment between it and its comma
		return append(d.uncomma(all, i), edit{from, gone.end, ""}, edit{gone.end + len(gone.after), to, ""})
	}
	rest := d.text[to:end]
	if i+1 < len(all) {
		return []edit{{from, to + len(rest) - len(strings.TrimLeft(rest, " \t\r\n")), ""}}
	}
	space := trailingSpace(string(gone.before))
	lineEnds := strings.HasPrefix(strings.TrimLeft(rest, " \t\r"), "\n")
	switch comment := len(gone.before) > len(space); {
	case len(all) == 1 && !comment && onlySpace([]byte(rest)):
		from, to = from-len(space), end
	case lineEnds:
		from, to = from-len(space), to+len(rest)-len(strings.TrimLeft(rest, " \t"))
	case !comment:
		from -= len(space)
	}
	return append(d.uncomma(all, i), edit{from, to, ""})
}

// uncomma is the edit that takes the comma before the last item, if it goes and had none itself.
func (d document) uncomma(all []item, i int) []edit {
	if i == 0 || i+1 < len(all) || all[i].comma {
		return nil
	}
	at := all[i-1].end + len(all[i-1].after)
	return []edit{{at, at + 1, ""}}
}

// indentAt is what the line of an offset begins with.
func (d document) indentAt(offset int) string {
	line := d.text[strings.LastIndexByte(d.text[:offset], '\n')+1:]
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}

// ownLine is the indentation of what begins a line behind extra, and whether it does.
func ownLine(extra []byte) (string, bool) {
	at := bytes.LastIndexByte(extra, '\n')
	indent := string(extra[at+1:])
	return indent, at >= 0 && onlySpace(extra[at+1:])
}

func trailingSpace(text string) string {
	return text[len(strings.TrimRight(text, " \t\r\n")):]
}

func onlySpace(text []byte) bool { return len(bytes.TrimSpace(text)) == 0 }
