package uv

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// plainVersion is a version of numbers alone.
var plainVersion = regexp.MustCompile(`^[0-9]+(?:\.[0-9]+)*$`)

// release is a plain version in one spelling: 1.0 and 1 are the same.
func release(version string) string {
	var parts []string
	for _, number := range numbers(version) {
		parts = append(parts, strconv.Itoa(number))
	}
	return strings.Join(parts, ".")
}

func numbers(version string) []int {
	var all []int
	for part := range strings.SplitSeq(version, ".") {
		number, _ := strconv.Atoi(part) // a plain version has nothing else
		all = append(all, number)
	}
	for len(all) > 1 && all[len(all)-1] == 0 {
		all = all[:len(all)-1]
	}
	return all
}

// pythonClause is one of the clauses of a requires-python that are a bound or two.
var pythonClause = regexp.MustCompile(`^(>=|<|~=|==|!=)\s*([0-9]+(?:\.[0-9]+)*)(\.\*)?$`)

// pythons are the versions of Python that a requires-python takes, in one spelling, as uv.lock has them: from one on, to
// before another. What is left out between, uv leaves in.
func pythons(text string) (span string, known bool) {
	var low, high []int
	for clause := range strings.SplitSeq(text, ",") {
		m := pythonClause.FindStringSubmatch(strings.TrimSpace(clause))
		if m == nil || m[3] != "" && m[1] != "==" && m[1] != "!=" || m[3] == "" && m[1] == "==" || m[1] == "~=" && !strings.Contains(m[2], ".") {
			return "", false
		}
		from, to := numbers(m[2]), []int(nil)
		switch m[1] {
		case "!=":
			continue
		case "<":
			from, to = nil, from
		case "==":
			to = after(m[2])
		case "~=":
			to = after(m[2][:strings.LastIndexByte(m[2], '.')])
		}
		if low == nil || from != nil && slices.Compare(from, low) > 0 {
			low = from
		}
		if high == nil || to != nil && slices.Compare(to, high) < 0 {
			high = to
		}
	}
	return spell(low) + "," + spell(high), low != nil
}

// after is the first version behind all of VERSION.*.
func after(version string) []int {
	var all []int
	for part := range strings.SplitSeq(version, ".") {
		number, _ := strconv.Atoi(part)
		all = append(all, number)
	}
	all[len(all)-1]++
	return all
}

func spell(version []int) string {
	var parts []string
	for _, number := range version {
		parts = append(parts, strconv.Itoa(number))
	}
	return strings.Join(parts, ".")
}
