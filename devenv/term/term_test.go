package term_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"devenv/devenv/fault"
	"devenv/devenv/term"
)

// An error is one line, its evidence indented, its hint apart; nothing of it reaches standard output.
func TestFail(t *testing.T) {
	var out, err bytes.Buffer
	terminal := term.New(&out, &err, term.Color{}, false)
	terminal.Fail(errors.Join(
		fault.New(fault.Unhealthy, "api: exited with code %d", 1).WithDetail("ImportError: no module named app").WithHint("devenv logs api"),
		errors.New("db: gone"),
	))
	want := "error: api: exited with code 1\n  ImportError: no module named app\nhint: devenv logs api\nerror: db: gone\n"
	if err.String() != want || out.Len() != 0 {
		t.Errorf("stderr %q, stdout %q", err.String(), out.String())
	}
}

// Logs align behind their names, and colour never changes the words.
func TestLog(t *testing.T) {
	var plain, colored bytes.Buffer
	for _, p := range []struct {
		to    *bytes.Buffer
		color bool
	}{{&plain, false}, {&colored, true}} {
		terminal := term.New(p.to, p.to, term.Color{Out: p.color}, false)
		terminal.Prefixes([]string{"worker", "db"})
		terminal.Log("db", "ready\r\n")
		terminal.Log("worker", "busy")
	}
	if want := "db     | ready\nworker | busy\n"; plain.String() != want {
		t.Errorf("got %q", plain.String())
	}
	if want := "\x1b[33mdb     |\x1b[0m ready\n\x1b[36mworker |\x1b[0m busy\n"; colored.String() != want {
		t.Errorf("got %q", colored.String())
	}
}

// A table has no trailing blanks, so that it can be compared and piped.
func TestTable(t *testing.T) {
	var out bytes.Buffer
	if err := term.New(&out, nil, term.Color{}, false).Table([]string{"SERVICE", "URL"}, [][]string{{"api", "http://localhost:8000"}, {"db", ""}}); err != nil {
		t.Fatal(err)
	}
	if want := "SERVICE   URL\napi       http://localhost:8000\ndb\n"; out.String() != want {
		t.Errorf("got %q", out.String())
	}
}

func TestDuration(t *testing.T) {
	for span, want := range map[time.Duration]string{
		47 * time.Millisecond: "47 ms", 1240 * time.Millisecond: "1.24 s", 125 * time.Second: "2 m 5 s",
	} {
		if got := term.Duration(span); got != want {
			t.Errorf("%v: %q, want %q", span, got, want)
		}
	}
}

func TestWants(t *testing.T) {
	for _, c := range []struct {
		terminal bool
		env      map[string]string
		want     bool
	}{
		{true, nil, true},
		{false, nil, false},
		{true, map[string]string{"NO_COLOR": "1"}, false},
		{true, map[string]string{"TERM": "dumb"}, false},
	} {
		if got := term.Wants(c.terminal, func(k string) string { return c.env[k] }); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
