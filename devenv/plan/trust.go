package plan

import (
	"slices"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/trust"
)

// trustConfig is the name of the Compose config that carries the certificates.
const trustConfig = "devenv-ca"

// addTrust has a service trust the bundle: as an inline config, as the agent is brought, and by the variables that its
// programs look at. A variable that the project sets, in the compose file, an env file, a profile or the Dockerfile,
// stays; one of a base image does not. This is so in every mode: the mode is another, the network is not.
func (o *overlay) addTrust() {
	bundle := o.in.Trust
	if bundle.Content == "" {
		return
	}
	if o.service.ReadOnly {
		o.advise("its file system is read_only, so ca_bundle cannot be brought in")
		return
	}
	cause := bundle.Place + " names this ca_bundle"
	o.change("configs", "", bundle.Path(), "%s", cause)
	o.service.Configs = append(slices.Clone(o.service.Configs), types.ServiceConfigObjConfig{Source: trustConfig, Target: bundle.Path()})
	for _, name := range trust.Variables() {
		if _, set := o.service.Environment[name]; !set && o.env(name) == "" {
			o.setEnvBecause(name, bundle.Path(), cause)
		}
	}
}
