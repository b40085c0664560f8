package project

import (
	"path/filepath"
	"slices"

	"github.com/compose-spec/compose-go/v2/consts"
	"github.com/compose-spec/compose-go/v2/loader"

	"devenv/devenv/document"
)

// isName says that a name stands for what the project is called.
func isName(name string) bool { return name == "name" || name == consts.ComposeProjectName }

// explainName explains what the project is called, strongest place first: what sets the checkout apart, and then
// Compose's own order.
func (p *Project) explainName(name string) Explanation {
	e := Explanation{Name: name, Rule: "of -p, COMPOSE_PROJECT_NAME, name: in the compose files and the folder's name, the first counts"}
	naming := p.Naming()
	if naming.Suffixed() {
		e.Rule = "worktrees and second clones have a suffix, unless -p, COMPOSE_PROJECT_NAME or a profile names the project"
		e.Candidates = append(e.Candidates, Candidate{Value: naming.Project, Origin: Origin{Kind: Checkout}, Note: naming.Cause})
	}
	if p.request.Name != "" {
		e.Candidates = append(e.Candidates, Candidate{Value: p.request.Name, Origin: Origin{Kind: NameFlag}})
	}
	for _, layer := range p.inputs.scope() {
		if layer.kind != Default {
			e.Candidates = append(e.Candidates, p.layerCandidates(layer, consts.ComposeProjectName)...)
		}
	}
	e.Candidates = append(e.Candidates, p.writtenNames()...)
	folder := loader.NormalizeProjectName(filepath.Base(p.Dir()))
	e.Candidates = append(e.Candidates, Candidate{Value: folder, Origin: Origin{Kind: Folder, File: p.Dir()}})
	e.decide()
	return e
}

// writtenNames are the lines of the compose files that name the project, the last first.
func (p *Project) writtenNames() []Candidate {
	var all []Candidate
	for _, u := range slices.Backward(p.inputs.tree().units) {
		for _, root := range slices.Backward(u.roots) {
			if _, node := document.Child(root, "name"); node != nil {
				value, _, _ := u.scope.substitute(node.Value) // it was, while the project was loaded
				all = append(all, Candidate{Value: value, Origin: u.origin(node)})
			}
		}
	}
	return all
}
