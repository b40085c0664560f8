package project

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"
)

func TestScanEnvFile(t *testing.T) {
	t.Parallel()
	file := scanEnvFile("\uFEFF# head\nA=1\n\nexport  B = two # rest\nC: 'x\ny' # tail\nPASSED\nexport E=\"a\\\"\nb\"\r\n  A=2\n")
	var got []string
	for _, e := range file.entries {
		at := e.name
		if e.inherited {
			at += " inherited"
		}
		got = append(got, fmt.Sprintf("%s %d %d", at, e.line, e.column))
	}
	want := []string{"A 2 1", "B 4 9", "C 5 1", "PASSED inherited 7 1", "E 8 8", "A 10 3"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
	if twice := file.duplicates(); len(twice) != 1 || twice[0][0].line != 2 || twice[0][1].line != 10 {
		t.Errorf("duplicates are %v", twice)
	}
	for text, line := range map[string]int{"A=1\nB='x\ny": 2, "A=1\n\nB C=1": 3, "A&=1": 1, "A=1": 0, "": 0, "export": 1} {
		if got := scanEnvFile(text).bad; got != line && text != "export" {
			t.Errorf("%q is bad in line %d, not %d", text, got, line)
		}
	}
}

// FuzzScanEnvFile holds the finder of lines against the parser that it follows.
func FuzzScanEnvFile(f *testing.F) {
	for _, seed := range []string{
		"", "A=1", "A=1\nB=2\n", "# c\n\n A = 1 # x\n", "export A=1", "export\tA", "export\nA=1", "A: 'x\ny'\nB=\"a\\\"b\"\n", "A='\\''", "A=\"x\" B=2",
		"A\nB\n", "A=\nB=", "A", "1A=x", "A.b-c[0]=1", "A=x#y", "A=x #y", "\uFEFFA=1\r\nB=2\r\n", "A\u00a0=1", "A B=1", "'", "A='", "=1", ":", "export ", "é=1",
		"A=1\n#", "A=\"\n\n\"\nB=3", "\\", "A=\\\nB=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		content = content[:min(len(content), 500)] // the check below is quadratic
		values, err := dotenv.ParseWithLookup(strings.NewReader(content), func(string) (string, bool) { return "passed", true })
		file := scanEnvFile(content)
		if err != nil {
			if strings.Contains(err.Error(), "line ") && file.bad == 0 {
				t.Errorf("%q is fine, yet %v", content, err)
			}
			return
		}
		if file.bad != 0 {
			t.Fatalf("%q is bad in line %d, yet it parses to %q", content, file.bad, values)
		}
		for _, entry := range file.entries {
			checkEntry(t, content, entry, values)
		}
		for name := range values {
			if _, found := file.last(name); !found {
				t.Errorf("%q: %q was not found", content, name)
			}
		}
	})
}

// checkEntry parses one statement by itself: it must be about that name, and the last about it gives its value.
func checkEntry(t *testing.T, content string, entry envEntry, values map[string]string) {
	t.Helper()
	lines := strings.Split(strings.TrimPrefix(content, "\uFEFF"), "\n")
	if entry.line > len(lines) || entry.column > len(lines[entry.line-1])+1 {
		t.Fatalf("%q: %+v is outside", content, entry)
	}
	if rest := lines[entry.line-1][entry.column-1:]; !strings.HasPrefix(rest, entry.name) {
		t.Errorf("%q: %+v is not at %q", content, entry, rest)
	}
	if _, known := values[entry.name]; !known {
		t.Errorf("%q: there is no %q", content, entry.name)
	}
	if last, _ := scanEnvFile(content).last(entry.name); last == entry && !strings.Contains(content, "$") {
		alone, err := dotenv.UnmarshalWithLookup(entry.text, func(string) (string, bool) { return "passed", true })
		if err != nil || alone[entry.name] != values[entry.name] {
			t.Errorf("%q: %q by itself gives %q (%v), not %q", content, entry.text, alone[entry.name], err, values[entry.name])
		}
	}
}
