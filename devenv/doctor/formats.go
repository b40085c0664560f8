package doctor

import (
	"cmp"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// document is a report as JSON. Paths are relative to a root and slashed where they lie in it.
type document struct {
	Findings []entry    `json:"findings"`
	Off      []offEntry `json:"off"`
	Unseen   []string   `json:"unseen"`
}

type entry struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	File     string   `json:"file,omitempty"`
	Line     int      `json:"line,omitempty"`
	What     string   `json:"what"`
	Why      string   `json:"why"`
	Source   string   `json:"source"`
	Mend     string   `json:"mend"`
	Fixable  bool     `json:"fixable"`
}

type offEntry struct {
	Rule     string `json:"rule"`
	Reason   string `json:"reason"`
	Findings int    `json:"findings"`
}

// JSON is the report as a value to encode; paths are relative to root.
func (r Report) JSON(root string) any {
	doc := document{Findings: []entry{}, Off: []offEntry{}, Unseen: append([]string{}, r.Unseen...)}
	for _, f := range r.Findings {
		doc.Findings = append(doc.Findings, entry{
			f.Rule, f.Severity, relative(root, f.Place.File), f.Place.Line, f.What, f.Why, f.Source, f.Mend, f.Fix != nil,
		})
	}
	for _, off := range r.Off {
		doc.Off = append(doc.Off, offEntry(off))
	}
	return doc
}

// relative is a path from root on, with slashes; one outside of root stays as it is.
func relative(root, file string) string {
	if rel, err := filepath.Rel(root, file); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return file
}

// GitHub is the report as commands of GitHub's workflows, which become annotations of a pull request:
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
func (r Report) GitHub(root string) string {
	var text strings.Builder
	for _, f := range r.Findings {
		place := ""
		if f.Place.File != "" {
			place = fmt.Sprintf("file=%s,line=%d,", property(relative(root, f.Place.File)), max(f.Place.Line, 1))
		}
		level := map[Severity]string{Error: "error", Warning: "warning", Note: "notice"}[f.Severity]
		fmt.Fprintf(&text, "::%s %stitle=%s::%s\n", level, place, property(f.Rule), escaped(f.What+". "+f.Why+" Mend: "+f.Mend))
	}
	return text.String()
}

func escaped(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

func property(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}

// SARIF is the report for tools that show findings of many programs: SARIF 2.1.0,
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
func (r Report) SARIF(root, version string) any {
	var rules []map[string]any
	for _, rule := range Rules() {
		rules = append(rules, map[string]any{
			"id": rule.Name, "shortDescription": message(rule.Finds), "fullDescription": message(rule.Why), "helpUri": rule.Source,
			"defaultConfiguration": map[string]any{"level": rule.Severity},
		})
	}
	results := []map[string]any{}
	for _, f := range r.Findings {
		results = append(results, f.sarif(root))
	}
	driver := map[string]any{"name": "devenv doctor", "version": cmp.Or(version, "0"), "rules": rules}
	return map[string]any{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
		"runs": []map[string]any{{"tool": map[string]any{"driver": driver}, "results": results}},
	}
}

func (f Finding) sarif(root string) map[string]any {
	result := map[string]any{"ruleId": f.Rule, "level": f.Severity, "message": message(f.What + ". Mend: " + f.Mend)}
	if f.Place.File == "" {
		return result
	}
	physical := map[string]any{"artifactLocation": map[string]any{"uri": uri(relative(root, f.Place.File))}}
	if f.Place.Line > 0 {
		physical["region"] = map[string]any{"startLine": f.Place.Line}
	}
	result["locations"] = []map[string]any{{"physicalLocation": physical}}
	return result
}

// uri is a path as a reference of RFC 3986: a relative one stays relative.
func uri(path string) string {
	reference := url.URL{Path: filepath.ToSlash(path)}
	if filepath.IsAbs(path) {
		reference.Scheme = "file"
	}
	return reference.String()
}

func message(text string) map[string]any { return map[string]any{"text": text} }
