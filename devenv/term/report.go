package term

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	bold  sgr = "1"
	green sgr = "32"
)

// Title prints the name of what follows, after an empty line.
func (t *Terminal) Title(text string) error {
	return t.Data([]byte("\n" + paint(t.color.Out, bold, text) + "\n"))
}

// Sheet is Table with the columns from the numbers-th on, counted from 0, aligned at their right.
func (t *Terminal) Sheet(heading []string, rows [][]string, numbers int) error {
	return t.Data([]byte(aligned(append([][]string{heading}, rows...), numbers)))
}

// aligned are rows in columns with three blanks between them and none at the end of a line.
func aligned(rows [][]string, numbers int) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for column, cell := range row {
			widths[column] = max(widths[column], utf8.RuneCountInString(cell))
		}
	}
	var text strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for column, cell := range row {
			fill := strings.Repeat(" ", widths[column]-utf8.RuneCountInString(cell))
			if column >= numbers {
				cell, fill = fill+cell, ""
			}
			line.WriteString(cell + fill + "   ")
		}
		text.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return text.String()
}

// Verdict is the answer to one question.
type Verdict struct {
	Good     bool
	Word     string // the answer: kept, broken
	Question string
	Evidence string
}

// Verdicts prints answers in aligned lines.
func (t *Terminal) Verdicts(all []Verdict) error {
	word, question := 0, 0
	for _, v := range all {
		word, question = max(word, len(v.Word)), max(question, len(v.Question))
	}
	var text strings.Builder
	for _, v := range all {
		color := green
		if !v.Good {
			color = red
		}
		answer := paint(t.color.Out, color, v.Word) + strings.Repeat(" ", word-len(v.Word))
		text.WriteString(strings.TrimRight(fmt.Sprintf("%s   %-*s   %s", answer, question, v.Question, v.Evidence), " ") + "\n")
	}
	return t.Data([]byte(text.String()))
}

// Bar is a quantity as a length: a part of it that all bars have, and all of it.
type Bar struct {
	Label       string
	Part, Whole int64
	Text        string // the quantity in figures
}

// barWidth is the length of the longest bar, so that a line with its label and figures is below 80 columns.
const barWidth = 48

// Bars draws quantities. It is for a terminal: figures say the same everywhere.
func (t *Terminal) Bars(all []Bar) error {
	var most int64 = 1
	label := 0
	for _, bar := range all {
		most, label = max(most, bar.Whole), max(label, utf8.RuneCountInString(bar.Label))
	}
	cells := func(of int64) int { return int((of*barWidth + most/2) / most) }
	var text strings.Builder
	for _, bar := range all {
		shared := cells(bar.Part)
		own := max(0, cells(bar.Whole)-shared)
		fmt.Fprintf(&text, "%-*s  %s%s  %s\n", label, bar.Label,
			paint(t.color.Out, faint, strings.Repeat("░", shared)), paint(t.color.Out, cyan, strings.Repeat("█", own)), bar.Text)
	}
	if slices.ContainsFunc(all, func(bar Bar) bool { return bar.Part > 0 }) {
		fmt.Fprintf(&text, "%-*s  %s\n", label, "", paint(t.color.Out, faint, "░ in all of them"))
	}
	return t.Data([]byte(text.String()))
}
