package doctor

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"devenv/devenv/dockerfile"
)

// Edit is a change of one line of a file, as data. Edits of one file can be made together, in any order.
type Edit struct {
	File   string   // absolute; made if it is not there
	Line   int      // from 1; one more than there are lines is the end
	Insert []string // lines that come before it
	Old    string   // a text in it, "" for none
	New    string   // what takes its place
}

// insertBefore puts lines before one, and before the comment that stands over it.
func (d *Dockerfile) insertBefore(line int, lines ...string) *Edit {
	if d.Place == "" {
		return nil
	}
	for line > 2 && strings.HasPrefix(strings.TrimSpace(d.Lines[line-2]), "#") {
		line--
	}
	return &Edit{File: d.Place, Line: line, Insert: lines}
}

// replaceWord changes a text in the line of a step that has it, once; nil where no line has.
func (d *Dockerfile) replaceWord(step dockerfile.Step, old, text string) *Edit {
	at := d.lineOf(step, old)
	if d.Place == "" || !strings.Contains(d.Lines[at.Line-1], old) {
		return nil
	}
	return &Edit{File: d.Place, Line: at.Line, Old: old, New: text}
}

// Patch is a file before and after edits.
type Patch struct {
	File        string
	Before, Now []byte // Before is nil where there is no file yet
	hunks       string
}

// Patches makes the edits of a report's findings, by file. Nothing is written.
func (r Report) Patches() ([]Patch, error) {
	edits := map[string][]Edit{}
	var files []string
	for _, f := range r.Findings {
		if f.Fix == nil {
			continue
		}
		if edits[f.Fix.File] == nil {
			files = append(files, f.Fix.File)
		}
		edits[f.Fix.File] = append(edits[f.Fix.File], *f.Fix)
	}
	slices.Sort(files)
	var all []Patch
	for _, file := range files {
		before, err := os.ReadFile(file)
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		all = append(all, patch(file, before, edits[file]))
	}
	return all, nil
}

// change is a line of a diff: ' ' stays, '-' goes, '+' comes.
type change struct {
	kind byte
	text string
}

// patch makes edits. What two of them insert at one place, or both replace, is done once.
func patch(file string, before []byte, edits []Edit) Patch {
	end := "\n"
	if strings.Contains(string(before), "\r\n") {
		end = "\r\n"
	}
	var lines []string
	if text := strings.TrimSuffix(string(before), end); text != "" {
		lines = strings.Split(text, end)
	}
	var changes []change
	for number := 1; number <= len(lines)+1; number++ {
		changes = append(changes, insertions(edits, number)...)
		if number <= len(lines) {
			changes = append(changes, replacement(edits, number, lines[number-1])...)
		}
	}
	p := Patch{File: file, Before: before, hunks: hunks(changes)}
	for _, c := range changes {
		if c.kind != '-' {
			p.Now = append(p.Now, c.text+end...)
		}
	}
	return p
}

func insertions(edits []Edit, line int) []change {
	var all []change
	for _, e := range edits {
		for _, text := range e.Insert {
			if e.Line == line && !slices.Contains(all, change{'+', text}) {
				all = append(all, change{'+', text})
			}
		}
	}
	return all
}

func replacement(edits []Edit, number int, line string) []change {
	now := line
	for i, e := range edits {
		again := slices.ContainsFunc(edits[:i], func(o Edit) bool { return o.Line == e.Line && o.Old == e.Old && o.New == e.New })
		if e.Line == number && e.Old != "" && !again {
			now = strings.Replace(now, e.Old, e.New, 1)
		}
	}
	if now == line {
		return []change{{' ', line}}
	}
	return []change{{'-', line}, {'+', now}}
}

// around is how many lines that stay are shown around those that change.
const around = 3

// hunks is the body of a unified diff.
func hunks(changes []change) string {
	var text strings.Builder
	was, now := 1, 1
	for i := 0; i < len(changes); {
		next := nextChange(changes, i)
		if next < 0 {
			break
		}
		begin := max(i, next-around)
		was, now = was+begin-i, now+begin-i
		end := hunkEnd(changes, next)
		gone, come := counts(changes[begin:end])
		fmt.Fprintf(&text, "@@ -%s +%s @@\n", span(was, gone), span(now, come))
		for _, c := range changes[begin:end] {
			fmt.Fprintf(&text, "%c%s\n", c.kind, c.text)
		}
		was, now, i = was+gone, now+come, end
	}
	return text.String()
}

func nextChange(changes []change, from int) int {
	for i := from; i < len(changes); i++ {
		if changes[i].kind != ' ' {
			return i
		}
	}
	return -1
}

// hunkEnd is behind the lines that follow the last change of a hunk; one that is near belongs to it.
func hunkEnd(changes []change, last int) int {
	for {
		next := nextChange(changes, last+1)
		if next < 0 || next-last > 2*around {
			return min(last+1+around, len(changes))
		}
		last = next
	}
}

func counts(changes []change) (gone, come int) {
	for _, c := range changes {
		if c.kind != '+' {
			gone++
		}
		if c.kind != '-' {
			come++
		}
	}
	return gone, come
}

// span is LINE,COUNT of a hunk; of no lines it is the line before.
func span(line, count int) string {
	if count == 0 {
		line--
	}
	return fmt.Sprintf("%d,%d", line, count)
}

// Diff is the patch as a unified diff, which `git apply` and `patch -p1` take; name is the file's, with slashes.
func (p Patch) Diff(name string) string {
	from := "a/" + name
	if p.Before == nil {
		from = "/dev/null"
	}
	return fmt.Sprintf("--- %s\n+++ b/%s\n%s", from, name, p.hunks)
}
