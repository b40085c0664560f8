package project

import (
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/template"
	"go.yaml.in/yaml/v4"

	"devenv/devenv/document"
)

// isVariable tells whether name is a variable for interpolation: an env file sets it, a compose file uses it, or the
// process has it and no service does.
func (p *Project) isVariable(name string) bool {
	if len(p.uses(name)) > 0 {
		return true
	}
	for _, layer := range p.scopeOf(name) {
		if _, set := layer.values[name]; set && layer.kind != ProcessEnvironment {
			return true
		}
	}
	if _, set := p.inputs.process[name]; !set {
		return false
	}
	for _, service := range p.Compose.Services {
		if _, has := service.Environment[name]; has {
			return false
		}
	}
	return true
}

// scopeOf is the scope that a variable is explained in: that of the main files, or of the first included file that
// has it.
func (p *Project) scopeOf(name string) scope {
	for _, u := range p.inputs.tree().order {
		if _, from := u.scope.lookup(name); from != nil {
			return u.scope
		}
	}
	return p.inputs.scope()
}

// explainVariable explains a variable that compose files interpolate.
func (p *Project) explainVariable(name string) Explanation {
	e := Explanation{Name: name}
	for _, layer := range p.scopeOf(name) {
		_, shown := p.inputs.process[name]
		if layer.kind == Default && (shown || len(e.Candidates) > 0) {
			continue
		}
		e.Candidates = append(e.Candidates, p.layerCandidates(layer, name)...)
	}
	defaults := p.uses(name)
	e.Candidates = append(e.Candidates, defaults...)
	won := e.decide()
	switch {
	case won == nil:
		e.Rule = "nothing sets it, so it counts as blank"
	case len(defaults) > 0 && won == &e.Candidates[len(e.Candidates)-len(defaults)]:
		e.Rule = "nothing sets it, so each line uses its own default"
		for i := range e.Candidates {
			e.Candidates[i].Won = !e.Candidates[i].void
		}
	default:
		e.Rule = rule(won, e.runnerUp())
	}
	return e
}

// layerCandidates are the places in one layer that set name, strongest first.
func (p *Project) layerCandidates(l layer, name string) []Candidate {
	value, set := l.values[name]
	if !set {
		return nil
	}
	if len(l.files) == 0 {
		return []Candidate{{Value: value, Origin: l.origin(name)}}
	}
	var all []Candidate
	for _, file := range slices.Backward(l.files) {
		content, _ := os.ReadFile(file)
		for _, entry := range slices.Backward(scanEnvFile(string(content)).entries) {
			if entry.name != name {
				continue
			}
			one := Candidate{Value: value, Origin: Origin{Kind: l.kind, File: file, Line: entry.line, Column: entry.column}}
			if len(all) > 0 {
				one.Value = p.inputs.valueOf(entry)
			}
			all = append(all, one)
		}
	}
	return all
}

// valueOf is the value of one statement of an env file by itself.
func (in *inputs) valueOf(entry envEntry) string {
	values, _ := dotenv.UnmarshalWithLookup(entry.text, func(name string) (string, bool) {
		value, set := in.env[name]
		return value, set
	})
	return values[entry.name]
}

// uses are the lines of compose files that interpolate name, each with the default that it gives, if any.
func (p *Project) uses(name string) []Candidate {
	t := p.inputs.tree()
	t.files() // reaches the files that extends brings in
	var all []Candidate
	for _, u := range t.order {
		for _, root := range u.roots {
			document.Scalars(root, map[*yaml.Node]bool{}, func(node *yaml.Node) {
				if !strings.Contains(node.Value, "$") {
					return
				}
				used, found := template.ExtractVariables(map[string]any{"": node.Value}, nil)[name]
				if !found {
					return
				}
				place := u.origin(node)
				place.Kind = Default
				all = append(all, Candidate{
					Value:  used.DefaultValue,
					Origin: place,
					Note:   "used here",
					void:   used.DefaultValue == "",
				})
			})
		}
	}
	return all
}

// variableNames are the names that a slip of the pen could have meant.
func (p *Project) variableNames() []string {
	names := slices.Collect(maps.Keys(p.inputs.env))
	for _, service := range p.Compose.ServiceNames() {
		names = append(names, service)
		names = slices.AppendSeq(names, maps.Keys(p.Compose.Services[service].Environment))
	}
	slices.Sort(names)
	return slices.Compact(names)
}
