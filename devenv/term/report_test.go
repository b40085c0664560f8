package term_test

import (
	"bytes"
	"regexp"
	"testing"

	"devenv/devenv/term"
)

// A report is aligned the same with and without colour, in characters and not in bytes.
func TestReport(t *testing.T) {
	var plain, painted bytes.Buffer
	for _, out := range []struct {
		to    *bytes.Buffer
		color term.Color
	}{{&plain, term.Color{}}, {&painted, term.Color{Out: true}}} {
		printer := term.New(out.to, nil, out.color, false)
		for _, err := range []error{
			printer.Title("api"),
			printer.Bars([]term.Bar{{Label: "local", Part: 100, Whole: 300, Text: "300 MB"}, {Label: "dév", Part: 100, Whole: 100, Text: "100 MB"}}),
			printer.Sheet([]string{"LAYER", "LOCAL", "DEV"}, [][]string{{"COPY …", "80.1 MB", "-"}, {"RUN", "1 B", "220 kB"}}, 1),
			printer.Verdicts([]term.Verdict{{true, "kept", "not root", "app"}, {false, "broken", "no uv", ""}}),
		} {
			if err != nil {
				t.Error(err)
			}
		}
	}
	const want = `
api
local  ░░░░░░░░░░░░░░░░████████████████████████████████  300 MB
dév    ░░░░░░░░░░░░░░░░  100 MB
       ░ in all of them
LAYER      LOCAL      DEV
COPY …   80.1 MB        -
RUN          1 B   220 kB
kept     not root   app
broken   no uv
`
	if plain.String() != want {
		t.Errorf("got %s\nwant %s", plain.String(), want)
	}
	if got := withoutColor(painted.String()); got != want || painted.String() == want {
		t.Errorf("with colour: got %s", painted.String())
	}
}

var colorCode = regexp.MustCompile("\x1b\\[[0-9;]*m")

func withoutColor(text string) string { return colorCode.ReplaceAllString(text, "") }
