package project

import (
	"bytes"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/fault"
	"devenv/devenv/secret"
)

// Marshal renders the model in format, "yaml" or "json", byte for byte as `docker compose config` prints it: a
// dollar sign is doubled, so that the text can be used as a compose file again. Secrets are masked unless showSecrets.
func (p *Project) Marshal(format string, showSecrets bool) ([]byte, error) {
	model := p.Compose
	if !showSecrets {
		var err error
		if model, err = p.masked(); err != nil {
			return nil, err
		}
	}
	content, err := marshal(model, format)
	if err != nil {
		return nil, err
	}
	return bytes.ReplaceAll(content, []byte("$"), []byte("$$")), nil
}

func marshal(model *types.Project, format string) ([]byte, error) {
	switch format {
	case "", "yaml":
		return model.MarshalYAML()
	case "json":
		return model.MarshalJSON()
	default:
		return nil, fault.New(fault.Usage, "--format %s: no such format", format).WithHint("the formats are yaml and json")
	}
}

// masked is a copy of the model without its secrets.
func (p *Project) masked() (*types.Project, error) {
	model, err := p.Compose.WithServicesEnabled() // enables nothing and copies everything
	if err != nil {
		return nil, err
	}
	model.Environment, model.DisabledServices = nil, nil // neither is printed
	p.Masker().Model(model)
	return model, nil
}

// Masker knows the secrets among the project's variables: for whatever text they could turn up in, such as a
// command with a password filled in, a build's output or a container's last lines.
func (p *Project) Masker() *secret.Masker {
	var pairs []secret.Pair
	for name, value := range p.Compose.Environment {
		pairs = append(pairs, secret.Pair{Name: name, Value: value})
	}
	for service, config := range p.Compose.Services {
		pairs = append(pairs, secret.Pair{Value: service}, secret.Pair{Value: config.Image})
		for name, value := range config.Environment {
			if value != nil {
				pairs = append(pairs, secret.Pair{Name: name, Value: *value})
			}
		}
		if config.Build == nil {
			continue
		}
		for name, value := range config.Build.Args {
			if value != nil {
				pairs = append(pairs, secret.Pair{Name: name, Value: *value})
			}
		}
	}
	return secret.NewMasker(pairs)
}
