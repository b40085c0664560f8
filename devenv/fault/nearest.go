package fault

import "strings"

// Nearest is the candidate that name is most likely a slip of the pen for, or "" when none is near: at most one
// edit (insert, delete, replace, swap of neighbours) for every three letters of name, and at least one is allowed.
// Case is free. The first of equally near candidates wins, so sorted candidates give a stable answer.
func Nearest(name string, candidates []string) string {
	best, found := len([]rune(name))/3, ""
	best = max(best, 1)
	for _, candidate := range candidates {
		distance := edits([]rune(strings.ToLower(name)), []rune(strings.ToLower(candidate)))
		if distance < best || distance == best && found == "" {
			best, found = distance, candidate
		}
	}
	return found
}

// edits counts the edits from a to b: the optimal string alignment distance.
func edits(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
