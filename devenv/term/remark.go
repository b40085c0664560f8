package term

import (
	"fmt"
	"strings"
)

// Remark is what is said about one place: a line that stands alone, then the reason and the remedy.
type Remark struct {
	Place string // FILE:LINE, as terminals make it a link
	Level string // error, warning or note
	Text  string
	Name  string // by which the remark can be looked up
	Why   string // "" where it has been said
	Mend  string
}

// Remarks prints what was asked for, a blank line between two groups.
func (t *Terminal) Remarks(groups [][]Remark) error {
	var text strings.Builder
	for i, group := range groups {
		if i > 0 {
			text.WriteString("\n")
		}
		for _, r := range group {
			fmt.Fprintf(&text, "%s  %s  %s  %s\n", paint(t.color.Out, bold, r.Place), t.level(r.Level), r.Text, paint(t.color.Out, faint, "["+r.Name+"]"))
			if r.Why != "" {
				text.WriteString("    " + paint(t.color.Out, faint, r.Why) + "\n")
			}
			if r.Mend != "" {
				text.WriteString("    " + paint(t.color.Out, cyan, "mend:") + " " + r.Mend + "\n")
			}
		}
	}
	return t.Data([]byte(text.String()))
}

// level is painted by how bad it is.
func (t *Terminal) level(level string) string {
	color := map[string]sgr{"error": red, "warning": yellow, "note": cyan}[level]
	return paint(t.color.Out && color != "", color, level)
}
