package stack

import (
	"cmp"

	"devenv/devenv/fault"
)

// Credentials are what Docker's configuration, or its credential helper, has for a registry's host. Both are empty for
// a registry without a login; an identity token comes as a secret without a user.
func (s *Stack) Credentials(host string) (user, secret string, err error) {
	found, err := s.cli.ConfigFile().GetAuthConfig(host)
	if err != nil {
		return "", "", fault.New(fault.Failed, "credentials for %s: %w", host, err).
			WithHint("docker logout %s and docker login %s store them again", host, host)
	}
	if found.IdentityToken != "" {
		return "", found.IdentityToken, nil
	}
	return found.Username, cmp.Or(found.Password, found.RegistryToken), nil
}
