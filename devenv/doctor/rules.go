package doctor

import "slices"

// Rules is the table of all rules, by family.
func Rules() []Rule {
	return slices.Concat(uvRules(), imageRules(), contextRules(), secretRules(), prodRules(), composeRules(), envRules())
}
