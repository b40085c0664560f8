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
	Column int      // bytes before which Old is not looked for
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

// change changes the text of a command, nil where it cannot be told where that stands.
func (d *Dockerfile) change(i install, old, text string) *Edit {
	line, column := d.find(i, old)
	if d.Place == "" || line == 0 {
		return nil
	}
	return &Edit{File: d.Place, Line: line, Old: old, New: text, Column: column}
}

// onRun puts an option behind the word RUN of a step.
func (d *Dockerfile) onRun(step dockerfile.Step, option string) *Edit {
	line := d.Lines[step.Line-1]
	column := len(line) - len(strings.TrimLeft(line, " \t"))
	if d.Place == "" || len(line) < column+4 || !strings.EqualFold(line[column:column+3], "RUN") || line[column+3] != ' ' {
		return nil
	}
	old := line[column : column+4]
	return &Edit{File: d.Place, Line: step.Line, Old: old, New: old + option + " ", Column: column}
}

// find is where a text stands that a command begins with: the line, from 1, and the bytes before it; 0 where that cannot
// be told. The same text may stand in a comment, in quotes or in another command of the step: it is the one after which a
// new word is a word of this command and of no other.
func (d *Dockerfile) find(i install, text string) (line, column int) {
	const word = "devenv"
	want := commands(i.step)
	behind := len(strings.Fields(text))
	want[i.number].Args = slices.Insert(slices.Clone(i.Args), min(behind, len(i.Args)), word)
	for line := i.step.Line; line <= min(i.step.End, len(d.Lines)); line++ {
		for _, column := range occurrences(d.Lines[line-1], text) {
			lines := slices.Clone(d.Lines)
			end := column + len(text)
			lines[line-1] = lines[line-1][:end] + " " + word + lines[line-1][end:]
			if slices.EqualFunc(d.commandsOf(lines, i.step), want, func(a, b command) bool { return slices.Equal(a.Args, b.Args) }) {
				return line, column
			}
		}
	}
	return 0, 0
}

// occurrences are where a text begins in a line.
func occurrences(line, text string) []int {
	var all []int
	for from := 0; ; {
		at := strings.Index(line[from:], text)
		if at < 0 {
			return all
		}
		all = append(all, from+at)
		from += at + len(text)
	}
}

// commandsOf are the commands of a step if the file had other lines.
func (d *Dockerfile) commandsOf(lines []string, step dockerfile.Step) []command {
	file, err := dockerfile.Parse("", []byte(strings.Join(lines, "\n")))
	if err != nil || step.Stage.Index >= len(file.Stages) {
		return nil
	}
	for _, other := range file.OwnSteps(file.Stages[step.Stage.Index]) {
		if other.Line == step.Line {
			return commands(other)
		}
	}
	return nil
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
	text string // a carriage return at its end is kept
	open bool   // it is the last one and has no line end
}

// patch makes edits. What two of them insert at one place, or both replace, is done once. A last line without a line end
// is given one.
func patch(file string, before []byte, edits []Edit) Patch {
	text := string(before)
	open := text != "" && !strings.HasSuffix(text, "\n")
	ending := ""
	if strings.Contains(text, "\r\n") {
		ending = "\r"
	}
	var lines []string
	if text != "" {
		lines = strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	}
	for i := range edits {
		edits[i].Line = min(edits[i].Line, len(lines)+1) // behind the last line is behind the last line
	}
	var changes []change
	for number := 1; number <= len(lines)+1; number++ {
		changes = append(changes, insertions(edits, number, ending)...)
		if number <= len(lines) {
			changes = append(changes, replacement(edits, number, lines[number-1], open && number == len(lines))...)
		}
	}
	p := Patch{File: file, Before: before, hunks: hunks(changes)}
	for _, c := range changes {
		if c.kind != '-' {
			p.Now = append(p.Now, c.text+"\n"...)
		}
	}
	return p
}

func insertions(edits []Edit, line int, ending string) []change {
	var all []change
	for _, e := range edits {
		for _, text := range e.Insert {
			if come := (change{kind: '+', text: text + ending}); e.Line == line && !slices.Contains(all, come) {
				all = append(all, come)
			}
		}
	}
	return all
}

func replacement(edits []Edit, number int, line string, open bool) []change {
	now := line
	for _, e := range fromRight(edits, number, line) {
		if at := place(line, e); strings.HasPrefix(now[at:], e.Old) {
			now = now[:at] + e.New + now[at+len(e.Old):]
		}
	}
	if now == line && !open {
		return []change{{kind: ' ', text: line}}
	}
	return []change{{kind: '-', text: line, open: open}, {kind: '+', text: now}}
}

// fromRight are the edits that replace something in a line, each once and the last place first, so that none moves
// another one's.
func fromRight(edits []Edit, number int, line string) []Edit {
	var all []Edit
	for _, e := range edits {
		again := slices.ContainsFunc(all, func(o Edit) bool { return place(line, o) == place(line, e) && o.Old == e.Old && o.New == e.New })
		if e.Line == number && e.Old != "" && place(line, e) >= 0 && !again {
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b Edit) int { return place(line, b) - place(line, a) })
	return all
}

// place is where an edit's text stands in a line, or -1.
func place(line string, e Edit) int {
	if at := strings.Index(line[min(e.Column, len(line)):], e.Old); at >= 0 {
		return min(e.Column, len(line)) + at
	}
	return -1
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
			if c.open {
				text.WriteString("\\ No newline at end of file\n")
			}
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
