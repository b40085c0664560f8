// Package term is the only printer of devenv, and holds the rules of its terminal output:
//
//   - what was asked for (a configuration, a table, logs, JSON) goes to standard output, everything else to
//     standard error, so that `devenv ... | jq` and `> file` are always right;
//   - every line stands alone: no line is rewritten, so a pipe, a CI log and a screen reader get the same text;
//   - colour only adds to what the words already say, and only on a terminal that did not refuse it (NO_COLOR);
//   - an error is one line that names the thing and the cause, its evidence indented, then the hint.
package term

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"devenv/devenv/fault"
)

// Terminal prints. Its methods may be called from several goroutines; a line is never torn.
type Terminal struct {
	mu       sync.Mutex
	out, err io.Writer
	color    Color
	verbose  bool
	prefixes prefixes
	mask     func(string) string // nil until Mask
}

// Color says which of the two streams takes colour.
type Color struct{ Out, Err bool }

// New prints data to out and everything else to err. With verbose, Detail prints too.
func New(out, err io.Writer, color Color, verbose bool) *Terminal {
	return &Terminal{out: out, err: err, color: color, verbose: verbose}
}

// Mask has every line on standard error pass through hide, which takes secrets out of it.
func (t *Terminal) Mask(hide func(string) string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mask = hide
}

// Step tells that one part of the work is done: what it was about, how it came out, how long it took (0 is not
// shown).
func (t *Terminal) Step(verb, thing, result string, took time.Duration) {
	line := fmt.Sprintf("%-9s %-12s %s", verb, thing, result)
	if took > 0 {
		line += "  " + t.paint(faint, Duration(took))
	}
	t.note(strings.TrimRight(line, " "))
}

// Say prints one line of information.
func (t *Terminal) Say(format string, args ...any) { t.note(fmt.Sprintf(format, args...)) }

// Detail prints one line that only --verbose asks for.
func (t *Terminal) Detail(format string, args ...any) {
	if t.verbose {
		t.note(t.paint(faint, fmt.Sprintf(format, args...)))
	}
}

// Warn prints something that does not stop the work but should be mended.
func (t *Terminal) Warn(format string, args ...any) {
	t.note(t.paint(yellow, "warning:") + " " + fmt.Sprintf(format, args...))
}

// Fail prints every failure in err with its evidence and its hint.
func (t *Terminal) Fail(err error) {
	for _, failure := range fault.All(err) {
		if failure.Error() == "" {
			continue
		}
		t.note(t.paint(red, "error:") + " " + failure.Error())
		var known *fault.Error
		if !errors.As(failure, &known) {
			continue
		}
		for _, line := range known.Detail {
			t.note("  " + t.paint(faint, line))
		}
		if known.Hint != "" {
			t.Hint(known.Hint)
		}
	}
}

// Hint prints a remedy.
func (t *Terminal) Hint(text string) { t.note(t.paint(cyan, "hint:") + " " + text) }

// Data prints what was asked for, as it is.
func (t *Terminal) Data(content []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, err := t.out.Write(content)
	return err
}

// JSON prints what was asked for as one indented JSON document.
func (t *Terminal) JSON(value any) error {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return t.Data(append(content, '\n'))
}

// Table prints rows in aligned columns under a heading.
func (t *Terminal) Table(heading []string, rows [][]string) error {
	var text strings.Builder
	columns := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	for _, row := range append([][]string{heading}, rows...) {
		fmt.Fprintln(columns, strings.Join(row, "\t"))
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	return t.Data([]byte(trimLines(text.String())))
}

func (t *Terminal) note(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mask != nil {
		line = t.mask(line)
	}
	_, _ = fmt.Fprintln(t.err, line) // nobody is left to be told that standard error is gone
}

func trimLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// Duration is a time span as a person reads it: 47 ms, 1.24 s, 2 m 5 s.
func Duration(span time.Duration) string {
	switch {
	case span < time.Second:
		return fmt.Sprintf("%d ms", span.Milliseconds())
	case span < time.Minute:
		return fmt.Sprintf("%.2f s", span.Seconds())
	default:
		return fmt.Sprintf("%d m %d s", int(span.Minutes()), int(span.Seconds())%60)
	}
}
