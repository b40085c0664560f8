package devenv

import (
	"cmp"
	"fmt"
	"strings"

	"devenv/devenv/doctor"
	"devenv/devenv/term"
)

// showReport prints a report in one of its formats.
func (e *Environment) showReport(report doctor.Report, options DoctorOptions) error {
	root := cmp.Or(report.Root, e.project.Dir()) // from where GitHub and others of its kind name files
	switch options.Format {
	case "json":
		return e.settings.Term.JSON(report.JSON(e.project.Dir()))
	case "sarif":
		return e.settings.Term.JSON(report.SARIF(root, options.Version))
	case "github":
		return e.settings.Term.Data([]byte(report.GitHub(root)))
	}
	if err := e.settings.Term.Remarks(e.remarks(report)); err != nil {
		return err
	}
	for _, off := range report.Off {
		e.settings.Term.Say("off: %s, %s: %s", off.Rule, found(off.Findings), off.Reason)
	}
	for _, unseen := range report.Unseen {
		e.settings.Term.Say("not looked at: %s", unseen)
	}
	e.settings.Term.Say("%s", outcome(report))
	return nil
}

// remarks are the findings, grouped by file. The reason of a rule stands below the first of its findings, and what is
// wrong in several lines of a file in the same way is said once.
func (e *Environment) remarks(report doctor.Report) [][]term.Remark {
	var groups [][]term.Remark
	reasoned, file := map[string]bool{}, "\x00"
	first := map[[3]string]*term.Remark{}
	for _, f := range report.Findings {
		same := [3]string{f.Place.File, f.Rule, f.What}
		if earlier := first[same]; earlier != nil {
			earlier.Text = also(earlier.Text, f.Place.Line)
			continue
		}
		if f.Place.File != file {
			file, groups = f.Place.File, append(groups, make([]term.Remark, 0, len(report.Findings)))
		}
		remark := term.Remark{Place: f.At(e.project.Rel), Level: string(f.Severity), Text: f.What, Name: f.Rule, Mend: f.Mend}
		if !reasoned[f.Rule] {
			remark.Why, reasoned[f.Rule] = f.Why, true
		}
		if f.Fix != nil {
			remark.Mend += "  (--fix)"
		}
		last := len(groups) - 1
		groups[last] = append(groups[last], remark)
		first[same] = &groups[last][len(groups[last])-1]
	}
	return groups
}

// also adds a line to a text: "..., also line 27, 31".
func also(text string, line int) string {
	if strings.Contains(text, ", also line ") {
		return fmt.Sprintf("%s, %d", text, line)
	}
	return fmt.Sprintf("%s, also line %d", text, line)
}

func found(n int) string {
	if n == 1 {
		return "1 finding"
	}
	return fmt.Sprint(n, " findings")
}

// outcome is the last line of a report.
func outcome(report doctor.Report) string {
	fixable := 0
	for _, f := range report.Findings {
		if f.Fix != nil {
			fixable++
		}
	}
	switch text := report.Summary(); {
	case text == "":
		return fmt.Sprintf("nothing found by %d rules", len(doctor.Rules())-len(report.Off))
	case fixable > 0:
		return fmt.Sprintf("%s; devenv doctor --fix mends %d of them", text, fixable)
	default:
		return text
	}
}

// ListRules prints the table of the doctor's rules, which no project is needed for.
func ListRules(out *term.Terminal, format string) error {
	type listed struct {
		Name     string          `json:"name"`
		Family   string          `json:"family"`
		Severity doctor.Severity `json:"severity"`
		Finds    string          `json:"finds"`
		Why      string          `json:"why"`
		Source   string          `json:"source"`
	}
	var all []listed
	var rows [][]string
	for _, rule := range doctor.Rules() {
		all = append(all, listed{rule.Name, rule.Family, rule.Severity, rule.Finds, rule.Why, rule.Source})
		rows = append(rows, []string{rule.Name, rule.Family, string(rule.Severity), strings.ReplaceAll(rule.Finds, "`", "")})
	}
	if format == "json" {
		return out.JSON(all)
	}
	return out.Table([]string{"RULE", "FAMILY", "SEVERITY", "FINDS"}, rows)
}
