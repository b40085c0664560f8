package doctor

import (
	"fmt"
	"strings"
)

// text is FILE:LINE, FILE, or what stands for the machine.
func (p Place) text(rel func(string) string) string {
	switch {
	case p.File == "":
		return "host"
	case p.Line == 0:
		return rel(p.File)
	}
	return fmt.Sprintf("%s:%d", rel(p.File), p.Line)
}

// order sorts files by their names, and the machine behind them.
func (p Place) order() string {
	if p.File == "" {
		return "\xff"
	}
	return p.File
}

// Line is a finding as one line of text, without its rule; rel shortens a path.
func (f Finding) Line(rel func(string) string) string {
	return fmt.Sprintf("%s: %s: %s", f.Place.text(rel), f.Severity, f.What)
}

// At is the place of a finding; rel shortens a path.
func (f Finding) At(rel func(string) string) string { return f.Place.text(rel) }

// Summary counts the findings: "1 error, 2 warnings"; "" where there are none.
func (r Report) Summary() string {
	var parts []string
	for _, severity := range []Severity{Error, Warning, Note} {
		n := 0
		for _, f := range r.Findings {
			if f.Severity == severity {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, plural(n, string(severity)))
		}
	}
	return strings.Join(parts, ", ")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprint(n, " ", noun, "s")
}
