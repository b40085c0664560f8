package project

import (
	"maps"
	"slices"
	"strings"

	"devenv/devenv/document"
	"devenv/devenv/fault"
	"devenv/devenv/secret"
)

// Explanation says where one value comes from and why.
type Explanation struct {
	Name       string      `json:"name"`            // api.DATABASE_URL, api.build.target, POSTGRES_PASSWORD
	Value      string      `json:"value"`           // as Compose uses it; lists and mappings as JSON
	Unset      bool        `json:"unset,omitempty"` // nothing gives it a value
	Rule       string      `json:"rule"`            // the rule of Compose's that decided
	Candidates []Candidate `json:"candidates"`      // strongest first
}

// Candidate is one place that has a say in a value.
type Candidate struct {
	Value  string `json:"value"` // interpolated, otherwise as written
	Origin Origin `json:"origin"`
	Won    bool   `json:"won"`            // several may have: lists are merged
	Note   string `json:"note,omitempty"` // where the variables in it come from, or why it counts for nothing

	void bool          // it gives no value: a variable passed through that is not set
	by   *contribution // for a compose file
}

// ExplainOptions is what the compose files do not know.
type ExplainOptions struct {
	ImageEnv    func(service string) map[string]string // ENV of a service's image; nil when not known
	RunFlags    []string                               // KEY or KEY=VALUE of `run -e`
	ShowSecrets bool
}

// Explain says where the value called name comes from: SERVICE.VARIABLE of a service's environment, SERVICE.attribute
// (api.build.target), or a bare VARIABLE: one that the compose files interpolate, else that of every service whose
// environment has it. name and COMPOSE_PROJECT_NAME are what the project is called.
func (p *Project) Explain(name string, options ExplainOptions) (all []Explanation, err error) {
	collectWarnings(func() { all, err = p.explain(name, options) }) // Load has reported what there is to warn of
	if err != nil {
		return nil, err
	}
	if !options.ShowSecrets {
		masker := p.Masker()
		for i := range all {
			all[i].mask(masker)
		}
	}
	return all, nil
}

func (p *Project) explain(name string, options ExplainOptions) ([]Explanation, error) {
	if service, rest := p.splitService(name); service != "" {
		if rest == "" {
			return nil, fault.New(fault.Usage, "%s: is a service, not a value", name).
				WithHint("name one of its values, such as %s.image or %s.environment", name, name)
		}
		one, err := p.explainOf(service, rest, options)
		return []Explanation{one}, err
	}
	if isName(name) {
		return []Explanation{p.explainName(name)}, nil
	}
	if p.isVariable(name) {
		return []Explanation{p.explainVariable(name)}, nil
	}
	var all []Explanation
	for _, service := range p.Compose.ServiceNames() {
		if one := p.explainEnvironment(service, name, options); len(one.Candidates) > 0 {
			all = append(all, one)
		}
	}
	if len(all) == 0 {
		return nil, document.Near(fault.New(fault.Usage, "%s: no such variable", name).
			WithHint("write SERVICE.NAME for a value of a service; the services are %s", strings.Join(p.Compose.ServiceNames(), ", ")),
			name, p.variableNames())
	}
	return all, nil
}

// splitService takes the service's name off; names may hold dots, so the longest that fits is taken.
func (p *Project) splitService(name string) (service, rest string) {
	for candidate := range p.Compose.Services {
		after, found := strings.CutPrefix(name, candidate)
		if found && (after == "" || after[0] == '.') && len(candidate) > len(service) {
			service, rest = candidate, strings.TrimPrefix(after, ".")
		}
	}
	return service, rest
}

// explainOf explains a value of a service. What is not an attribute of the Compose specification is a variable.
func (p *Project) explainOf(service, rest string, options ExplainOptions) (Explanation, error) {
	path := strings.Split(rest, ".")
	known := schemaKeys([]string{"services", service})
	if path[0] == "environment" && len(path) > 1 {
		path = []string{strings.Join(path[1:], ".")}
	} else if slices.Contains(known, path[0]) || strings.HasPrefix(path[0], "x-") {
		return p.explainAttribute(service, path)
	}
	if one := p.explainEnvironment(service, strings.Join(path, "."), options); len(one.Candidates) > 0 {
		return one, nil
	}
	names := slices.Concat(slices.Sorted(maps.Keys(p.Compose.Services[service].Environment)), known)
	return Explanation{}, document.Near(fault.New(fault.Usage, "%s.%s: no such variable or attribute", service, rest), rest, names)
}

// decide marks the winner, the strongest candidate that gives a value. Where none does, the strongest that says to
// unset the variable has won: an environment entry without a value.
func (e *Explanation) decide() *Candidate {
	for i := range e.Candidates {
		if c := &e.Candidates[i]; !c.void || c.by != nil {
			c.Won = true
			e.Value, e.Unset = c.Value, c.void
			return c
		}
	}
	e.Unset = true
	return nil
}

// runnerUp is the strongest candidate below the winner that gives a value too.
func (e *Explanation) runnerUp() *Candidate {
	won := slices.IndexFunc(e.Candidates, func(c Candidate) bool { return c.Won })
	for i := won + 1; won >= 0 && i < len(e.Candidates); i++ {
		if !e.Candidates[i].void {
			return &e.Candidates[i]
		}
	}
	return nil
}

// rule names the rule of Compose's by which one candidate wins over another.
func rule(won, lost *Candidate) string {
	switch {
	case won == nil:
		return "nothing sets it"
	case lost == nil && won.void:
		return "no value is given and none is set, so it is unset in the container"
	case lost == nil && won.Origin.Kind == Default:
		return "Compose's default"
	case lost == nil:
		return "only one place sets it"
	case won.by != nil && lost.by != nil:
		return fileRule(won.by, lost.by)
	case won.Origin.Kind != lost.Origin.Kind:
		return place(won) + " wins over " + place(lost)
	case won.Origin.File == lost.Origin.File:
		return "the later line wins"
	case won.Origin.Kind == DotEnvFile:
		return "of two .env files the one that is read first wins"
	default:
		return "the later " + string(won.Origin.Kind) + " wins"
	}
}

// place is a candidate's kind in the words of a rule.
func place(c *Candidate) string {
	switch c.Origin.Kind {
	case File:
		return "environment"
	case Image:
		return "the image"
	case Default:
		return "a default"
	default:
		return string(c.Origin.Kind)
	}
}

// fileRule is the rule by which one compose file's word counts more than another's.
func fileRule(won, lost *contribution) string {
	switch {
	case won.unit.profile != nil:
		return "the profile wins over the compose files"
	case lost.role == extends && won.role != extends:
		return "the service wins over what it extends"
	case lost.role == extends:
		return "the service nearer in the chain of extends wins"
	case lost.role == included && won.role != included:
		return "the including file wins over what it includes"
	case lost.role == included && won.entry != lost.entry:
		return "of two includes the first wins"
	case won.unit.file == lost.unit.file && won.node != lost.node:
		return "the later document of the file wins"
	case won.unit.file == lost.unit.file:
		return "the later line wins"
	default:
		return "the later file wins"
	}
}

// mask hides what must not be printed.
func (e *Explanation) mask(masker *secret.Masker) {
	name := e.Name[strings.LastIndexByte(e.Name, '.')+1:]
	e.Value = maskedText(masker, name, e.Value)
	for i := range e.Candidates {
		e.Candidates[i].Value = maskedText(masker, name, e.Candidates[i].Value)
	}
}

// maskedText masks a value, or what is inside when it is a list or mapping written as JSON.
func maskedText(masker *secret.Masker, name, value string) string {
	if inner, ok := fromJSON(value); ok {
		masker.Model(&inner)
		return toJSON(inner)
	}
	return masker.Masked(name, value)
}
