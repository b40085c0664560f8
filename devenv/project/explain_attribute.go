package project

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"devenv/devenv/document"
	"devenv/devenv/fault"
)

// written is what one compose file says about an attribute of a service.
type written struct {
	project *Project
	by      *contribution
	at      *yaml.Node // where to point
	written *yaml.Node // the value
}

// effective is what the compose files say about the attribute at path, strongest first, without what !reset and
// !override have taken away.
func (p *Project) effective(service string, path []string) []written {
	contributions := p.inputs.tree().contributions("services", service)
	var all []written
	for i := range slices.Backward(contributions) {
		c := &contributions[i]
		at, value, final := attribute(c, path)
		if at != nil {
			all = append(all, written{project: p, by: c, at: at, written: value})
		}
		if final {
			break
		}
	}
	return all
}

// attribute finds path in a contribution. final tells that a tag on the way discards what is weaker.
func attribute(c *contribution, path []string) (at, value *yaml.Node, final bool) {
	at, value = c.at, c.node
	for i := range path {
		if isReset(value) {
			return nil, nil, true
		}
		final = final || hasTag(value, "!override")
		if scalar := document.Follow(value); scalar.Kind == yaml.ScalarNode && i == 1 && path[0] == "build" && path[1] == "context" {
			return at, value, final // build: . is short for build: {context: .}
		}
		if at, value = document.Child(value, path[i]); at == nil {
			return nil, nil, final
		}
	}
	if isReset(value) {
		return nil, nil, true
	}
	return at, value, final || hasTag(value, "!override")
}

func isReset(node *yaml.Node) bool { return hasTag(node, "!reset") }

func hasTag(node *yaml.Node, tag string) bool {
	return node != nil && (node.Tag == tag || document.Follow(node) != nil && document.Follow(node).Tag == tag)
}

// candidate is a value of a compose file with its variables filled in.
func (w written) candidate(at, value *yaml.Node) Candidate {
	c := Candidate{
		by:     w.by,
		Origin: w.by.unit.origin(at),
	}
	var asked []string
	var decoded any
	_ = withoutTags(document.Follow(value)).Decode(&decoded)
	decoded = w.by.unit.scope.fill(decoded, &asked)
	c.Value = text(decoded)
	var notes []string
	for _, name := range asked {
		notes = append(notes, w.project.reference(name, w.by.unit.scope))
	}
	c.Note = strings.Join(notes, "; ")
	return c
}

// withoutTags is node without Compose's own tags, which a plain decoder does not know.
func withoutTags(node *yaml.Node) *yaml.Node {
	if node.Tag != "!override" {
		return node
	}
	plain := *node
	plain.Tag = ""
	return &plain
}

// fill interpolates every string in value, and adds to asked the variables that it meets.
func (s scope) fill(value any, asked *[]string) any {
	switch value := value.(type) {
	case string:
		filled, names, _ := s.substitute(value)
		for _, name := range names {
			if !slices.Contains(*asked, name) {
				*asked = append(*asked, name)
			}
		}
		return filled
	case []any:
		for i := range value {
			value[i] = s.fill(value[i], asked)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			value[key] = s.fill(value[key], asked)
		}
	}
	return value
}

// text is a value on one line: a scalar as it is, lists and mappings as JSON.
func text(value any) string {
	switch value.(type) {
	case nil:
		return ""
	case []any, map[string]any:
		return toJSON(value)
	default:
		return fmt.Sprint(value)
	}
}

func toJSON(value any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSpace(out.String())
}

// fromJSON takes a list or mapping that text wrote apart.
func fromJSON(text string) (value any, ok bool) {
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return nil, false
	}
	err := json.Unmarshal([]byte(text), &value)
	return value, err == nil
}

// explainAttribute explains what is not a variable: api.image, api.build.target, api.ports.
func (p *Project) explainAttribute(service string, path []string) (Explanation, error) {
	e := Explanation{Name: service + "." + document.Path(path)}
	for _, w := range p.effective(service, path) {
		e.Candidates = append(e.Candidates, w.candidate(w.at, w.written))
	}
	model, found := p.attributeOf(service, path)
	if build := p.Compose.Services[service].Build; build != nil && !found && e.Name == service+".image" {
		model, found = p.Compose.Name+"-"+service, true // as Compose calls what it builds
	}
	if !found && len(e.Candidates) == 0 {
		return e, unset(e.Name, service, path)
	}
	if found && len(e.Candidates) == 0 {
		e.Candidates = []Candidate{{Value: text(model), Origin: Origin{Kind: Default}}}
	}
	won := e.decide()
	e.Rule = rule(won, e.runnerUp())
	if merges := p.merges(service, path); merges != "" && len(e.Candidates) > 1 {
		for i := range e.Candidates {
			e.Candidates[i].Won = true
		}
		e.Rule = "merged: the " + merges + " of all files, the later over the earlier"
	}
	e.Value, e.Unset = text(model), !found
	return e, nil
}

// unset is the error for an attribute that no file sets, or that is none.
func unset(name, service string, path []string) error {
	known, last := schemaKeys(append([]string{"services", service}, path[:len(path)-1]...)), path[len(path)-1]
	unset := fault.New(fault.Usage, "%s: is not set", name)
	if slices.Contains(known, last) {
		return unset
	}
	return document.Near(unset, last, known)
}

// attributeOf is the value at path in Compose's model of the service.
func (p *Project) attributeOf(service string, path []string) (any, bool) {
	content, err := yaml.Marshal(p.Compose.Services[service])
	var model any
	if err != nil || yaml.Unmarshal(content, &model) != nil {
		return nil, false
	}
	for len(path) > 0 {
		var found bool
		if model, path, found = step(model, path); !found {
			return nil, false
		}
	}
	return model, model != nil
}

// step goes one name of path down, where a name may hold dots (a label's does).
func step(model any, path []string) (below any, rest []string, found bool) {
	mapping := object(model)
	for n := 1; n <= len(path); n++ {
		if below, found = mapping[strings.Join(path[:n], ".")]; found {
			return below, path[n:], true
		}
	}
	return nil, nil, false
}

// merges tells what of an attribute Compose puts together from several files ("lists", "keys"), or "" where the
// strongest file's word replaces the others: override/merge.go.
func (p *Project) merges(service string, path []string) string {
	switch document.Path(path) {
	case "command", "entrypoint", "healthcheck.test":
		return ""
	case "env_file", "dns", "dns_opt", "dns_search", "tmpfs", "label_file":
		return "lists"
	}
	for _, w := range p.effective(service, path) {
		switch document.Follow(w.written).Kind {
		case yaml.MappingNode:
			return "keys"
		case yaml.SequenceNode:
			return "lists"
		}
	}
	return ""
}
