package doctor

import (
	"fmt"
	"strings"
)

// Markdown is the table of rules with their reasons, as RULES.md has it.
func Markdown() string {
	var text strings.Builder
	text.WriteString("# What `devenv doctor` looks for\n\nMade from the table in this package; `devenv doctor --list` prints it too.\n")
	family := ""
	for _, rule := range Rules() {
		if rule.Family != family {
			family = rule.Family
			fmt.Fprintf(&text, "\n## %s\n\n| rule | severity | finds | why |\n|---|---|---|---|\n", family)
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s [source](%s) |\n", rule.Name, rule.Severity, rule.Finds, rule.Why, rule.Source)
	}
	return text.String()
}

// Families is a table of the rules' names by family, as the README has it.
func Families() string {
	var text strings.Builder
	text.WriteString("| about | rules |\n|---|---|\n")
	names := map[string][]string{}
	var order []string
	for _, rule := range Rules() {
		if names[rule.Family] == nil {
			order = append(order, rule.Family)
		}
		names[rule.Family] = append(names[rule.Family], "`"+rule.Name+"`")
	}
	for _, family := range order {
		fmt.Fprintf(&text, "| %s | %s |\n", family, strings.Join(names[family], " "))
	}
	return text.String()
}
