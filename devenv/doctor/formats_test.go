package doctor

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// The formats for machines name files from the root on, and a fault of the machine has no place.
func TestFormats(t *testing.T) {
	report := Report{Findings: []Finding{
		{Rule: "uv-locked", Severity: Warning, Place: Place{"/p/api/Dockerfile", 7}, What: "100%, and:\nmore", Why: "because", Mend: "uv sync --locked"},
		{Rule: "clock", Severity: Note, What: "an hour", Why: "late", Mend: "wait"},
	}}
	want := "::warning file=api/Dockerfile,line=7,title=uv-locked::100%25, and:%0Amore. because Mend: uv sync --locked\n" +
		"::notice title=clock::an hour. late Mend: wait\n"
	if got := report.GitHub("/p"); got != want {
		t.Errorf("github:\n got %s\nwant %s", got, want)
	}
	for name, value := range map[string]any{"json": report.JSON("/p"), "sarif": report.SARIF("/p", "v1")} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{`"api/Dockerfile"`, `"uv-locked"`, `7`} {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s has no %s:\n%s", name, part, text)
			}
		}
	}
}

// SARIF names files by URIs.
func TestURI(t *testing.T) {
	for path, want := range map[string]string{"sub dir/100%.txt": "sub%20dir/100%25.txt", "/else where/D": "file:///else%20where/D"} {
		if got := uri(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

// The table is whole: no name twice, and each rule says what it finds, why, and who says so.
func TestRules(t *testing.T) {
	seen := map[string]bool{}
	for _, rule := range Rules() {
		if seen[rule.Name] || rule.Family == "" || rule.Severity == "" || rule.Finds == "" || rule.Check == nil {
			t.Errorf("%+v", rule)
		}
		if !strings.HasSuffix(rule.Why, ".") || !strings.HasPrefix(rule.Source, "https://") {
			t.Errorf("%s: why %q, source %q", rule.Name, rule.Why, rule.Source)
		}
		seen[rule.Name] = true
	}
}

// What documents say of the rules is what the table says. UPDATE_DOCTOR=1 writes it.
func TestDocuments(t *testing.T) {
	const begin, end = "<!-- rules -->\n", "<!-- end of rules -->\n"
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(readme), begin)
	_, after, found := strings.Cut(rest, end)
	if !found {
		t.Fatal("the README has no place for the rules")
	}
	for file, want := range map[string]string{"RULES.md": Markdown(), "../../README.md": before + begin + Families() + end + after} {
		got, err := os.ReadFile(file)
		if os.Getenv("UPDATE_DOCTOR") != "" {
			err = os.WriteFile(file, []byte(want), 0o644)
			got = []byte(want)
		}
		if err != nil || string(got) != want {
			t.Errorf("%s is not what the rules are: %v; UPDATE_DOCTOR=1 writes it", file, err)
		}
	}
}
