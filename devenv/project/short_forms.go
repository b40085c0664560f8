package project

import (
	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"devenv/devenv/document"
	"devenv/devenv/fault"
)

// shortForms are the lists of a service that compose-go parses itself, without a word of where they stand.
func shortForms() map[string]func(text string) error {
	return map[string]func(string) error{
		"ports":   func(text string) error { _, err := types.ParsePortConfig(text); return err },
		"volumes": func(text string) error { _, err := format.ParseVolume(text); return err },
	}
}

// shortForm is compose-go's refusal of a short form at the place where it is written; nil for other errors.
func (in *inputs) shortForm(text string) error {
	t := in.tree()
	t.files() // reaches the files that extends brings in
	for _, u := range t.order {
		for _, root := range u.roots {
			services := second(document.Child(root, "services"))
			for _, name := range document.Keys(services) {
				if at := in.shortFormOf(u, name, second(document.Child(services, name)), text); at != nil {
					return at
				}
			}
		}
	}
	return nil
}

func (in *inputs) shortFormOf(u *unit, name string, service *yaml.Node, text string) (at error) {
	for key, parse := range shortForms() {
		document.Scalars(second(document.Child(service, key)), map[*yaml.Node]bool{}, func(node *yaml.Node) {
			filled, _, err := u.scope.substitute(node.Value)
			if err != nil {
				return
			}
			if err := parse(filled); err != nil && err.Error() == text {
				place := u.origin(node)
				at = fault.New(fault.Usage, "%s: services.%s.%s: %q: %s", in.place(place, place.Kind == ProfileFile), name, key, filled, text)
			}
		})
	}
	return at
}
