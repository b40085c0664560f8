package term

// sgr is a "select graphic rendition" parameter of ECMA-48.
type sgr string

const (
	faint  sgr = "2"
	red    sgr = "31"
	yellow sgr = "33"
	cyan   sgr = "36"
)

// Wants reports whether a stream takes colour: a terminal that is not dumb, and a user who did not set NO_COLOR
// (no-color.org: any value that is not empty).
func Wants(terminal bool, getenv func(string) string) bool {
	return terminal && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
}

// paint colours text for standard error.
func (t *Terminal) paint(color sgr, text string) string { return paint(t.color.Err, color, text) }

func paint(enabled bool, color sgr, text string) string {
	if !enabled {
		return text
	}
	return "\x1b[" + string(color) + "m" + text + "\x1b[0m"
}
