// Package doctor finds what is wrong with a project before it costs somebody an afternoon. It gathers facts once (the
// compose model, the Dockerfiles as BuildKit reads them, env files, git, what is in the built images, the machine) and
// hands them to rules. A rule is a pure function of the facts: it reads no file, asks no engine and does not guess.
// What could not be looked at is said, and the rules that need it are silent.
//
// All rules stand in one table, with the reason and where the reason comes from; `devenv doctor --list`, RULES.md and
// the README are printed from it. A finding has a place, a reason, a mend and, where it is safe, an edit.
package doctor

import (
	"cmp"
	"slices"

	"devenv/devenv/fault"
)

// Severity says how bad a finding is. The words are those of SARIF.
type Severity string

// The severities, the worst first.
const (
	Error   Severity = "error"   // it does not work, or it lets somebody in
	Warning Severity = "warning" // it works, and costs time, money or trust
	Note    Severity = "note"    // worth knowing
)

// Rule is one thing that the doctor looks for.
type Rule struct {
	Name     string
	Family   string
	Severity Severity // of its findings, where they do not say otherwise
	Finds    string   // what it finds, in a few words
	Why      string   // one sentence
	Source   string   // where Why is from: the address of the tool's documentation
	Check    func(*Facts) []Finding
}

// Finding is one thing that is wrong. A rule fills in what is special to it; Examine adds the rest.
type Finding struct {
	Rule     string
	Severity Severity
	Place    Place
	What     string
	Why      string // the rule's
	Source   string // the rule's
	Mend     string
	Fix      *Edit // nil where nothing can be done safely
}

// Place is a line of a file. File is absolute, "" where no file is concerned; Line is 0 for the whole file.
type Place struct {
	File string
	Line int
}

// Report is what the rules found.
type Report struct {
	Findings []Finding // by file and line
	Off      []Off     // rules that the project has switched off, by name
	Unseen   []string  // what could not be looked at, and why
	Root     string    // of the repository, "" where there is none
}

// Off is a rule that is switched off, and how many findings it would have had.
type Off struct {
	Rule     string
	Reason   string
	Findings int
}

// Examine lets every rule look at the facts. off has the reasons of the rules that are switched off.
func Examine(facts *Facts, off map[string]string) Report {
	report := Report{Unseen: facts.Unseen, Root: facts.Git.Top}
	for _, rule := range Rules() {
		findings := rule.findings(facts)
		if reason, is := off[rule.Name]; is {
			report.Off = append(report.Off, Off{rule.Name, reason, len(findings)})
			continue
		}
		report.Findings = append(report.Findings, findings...)
	}
	slices.SortStableFunc(report.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Place.order(), b.Place.order()), cmp.Compare(a.Place.Line, b.Place.Line), cmp.Compare(a.rank(), b.rank()))
	})
	slices.SortFunc(report.Off, func(a, b Off) int { return cmp.Compare(a.Rule, b.Rule) })
	return report
}

// findings are those of one rule, each once: a stage that several services and modes share is looked at for each.
func (r Rule) findings(facts *Facts) []Finding {
	var all []Finding
	seen := map[string]bool{}
	for _, f := range r.Check(facts) {
		f.Rule, f.Why = r.Name, r.Why
		f.Severity, f.Source = cmp.Or(f.Severity, r.Severity), cmp.Or(f.Source, r.Source)
		if key := f.key(); !seen[key] {
			seen[key] = true
			all = append(all, f)
		}
	}
	return all
}

func (f Finding) rank() int { return slices.Index([]Severity{Error, Warning, Note}, f.Severity) }

// Worst is the worst severity of the findings, "" where there are none.
func (r Report) Worst() Severity {
	worst := Severity("")
	for _, f := range r.Findings {
		if worst == "" || f.rank() < (Finding{Severity: worst}).rank() {
			worst = f.Severity
		}
	}
	return worst
}

// Known refuses the name of a rule that there is not; place says where it was written.
func Known(name, place string) error {
	var names []string
	for _, rule := range Rules() {
		names = append(names, rule.Name)
	}
	if slices.Contains(names, name) {
		return nil
	}
	unknown := fault.New(fault.Usage, "%s: the doctor has no rule %q", place, name)
	if near := fault.Nearest(name, names); near != "" {
		return unknown.WithHint("did you mean %q?", near)
	}
	return unknown.WithHint("devenv doctor --list shows the rules")
}
