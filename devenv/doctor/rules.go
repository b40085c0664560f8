package doctor

import (
	"cmp"
	"slices"
)

// families are the families in the order of the table.
var families = []string{"packages", "image", "context", "secrets", "prod", "services", "variables", "machine"}

// Rules is the table of all rules, by family.
func Rules() []Rule {
	all := slices.Concat(uvRules(), imageRules(), builtRules(), contextRules(), secretRules(), prodRules(), composeRules(), envRules(), hostRules())
	slices.SortStableFunc(all, func(a, b Rule) int {
		return cmp.Compare(slices.Index(families, a.Family), slices.Index(families, b.Family))
	})
	return all
}
