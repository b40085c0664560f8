package term

import (
	"fmt"
	"strings"
)

// prefixes gives every container a colour and all of them one width.
type prefixes struct {
	width int
	order map[string]int
}

// palette are colours that can be told apart on light and dark grounds.
var palette = [...]sgr{"36", "33", "32", "35", "34", "96", "93", "92", "95", "94"}

// Prefixes prepares the names that Log will print, so that lines align from the first on.
func (t *Terminal) Prefixes(names []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range names {
		t.prefix(name)
	}
}

// Log prints one line of a container's output behind its name.
func (t *Terminal) Log(name, line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = fmt.Fprintln(t.out, t.prefix(name)+strings.TrimRight(line, "\r\n")) // a reader that went away is not told
}

func (t *Terminal) prefix(name string) string {
	if t.prefixes.order == nil {
		t.prefixes.order = map[string]int{}
	}
	if _, known := t.prefixes.order[name]; !known {
		t.prefixes.order[name] = len(t.prefixes.order)
		t.prefixes.width = max(t.prefixes.width, len(name))
	}
	color := palette[t.prefixes.order[name]%len(palette)]
	return paint(t.color.Out, color, fmt.Sprintf("%-*s |", t.prefixes.width, name)) + " "
}
