package project_test

import (
	"path/filepath"
	"strings"
	"testing"
)

const certificate = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"

// Which file ca_bundle names, and what must be in it, with the place that says so.
func TestCABundle(t *testing.T) {
	t.Parallel()
	const files = "-- company.pem --\n# ours\n" + certificate + "-- mine/ca.pem --\n" + certificate + certificate +
		"-- broken.pem --\n-----BEGIN CERTIFICATE-----\nM\n-----END CERTIFICATE-----\n" +
		"-- key.pem --\n-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----\n" + certificate
	for _, test := range []struct{ says, profile, want string }{
		{"", "", ""},
		{"x-devenv: {ca_bundle: ./company.pem}", "", "company.pem by compose.yaml:2"},
		{"x-devenv: {ca_bundle: company.pem}", "description: of mine\nca_bundle: mine/ca.pem", "mine/ca.pem by profiles/mine.yaml:2"},
		{"x-devenv: {ca_bundle: \"${WHERE}/ca.pem\"}", "env: {WHERE: mine}", "mine/ca.pem by compose.yaml:2"},
		{"", "ca_bundle: ~/ca.pem", "mine/ca.pem by profiles/mine.yaml:1"},
		{"", "ca_bundle: ${WHERE}/ca.pem", "profiles/mine.yaml:1: ca_bundle: /ca.pem: no such file"},
		{"", "ca_bundle: ${WHERE:?}/ca.pem", "profiles/mine.yaml:1: ca_bundle: WHERE is required and not set\n  set WHERE in .env or in the environment"},
		{"x-devenv: {ca_bundle: mine}", "", "compose.yaml:2: ca_bundle: mine: is a directory"},
		{"x-devenv: {ca_bundle: compose.yaml}", "", "compose.yaml:2: ca_bundle: compose.yaml: there is no certificate in PEM form in it"},
		{"x-devenv: {ca_bundle: broken.pem}", "", "compose.yaml:2: ca_bundle: broken.pem: 1 of its 1 certificates are damaged"},
		{"x-devenv: {ca_bundle: key.pem}", "", "compose.yaml:2: ca_bundle: key.pem: there is a private key in it, which must not get into containers"},
	} {
		dir := folder(t, "-- compose.yaml --\nservices: {api: {image: api}}\n"+test.says+"\n-- profiles/mine.yaml --\n"+test.profile+"\n"+files)
		loaded, err := withProfile(t, dir, "HOME="+filepath.Join(dir, "mine"))
		if err != nil {
			t.Fatal(err)
		}
		bundle, err := loaded.CABundle()
		got := strings.TrimPrefix(bundle.File, dir+"/")
		if bundle.Place != "" {
			got += " by " + bundle.Place
		}
		if err != nil {
			got = words(err)
		}
		if got != test.want {
			t.Errorf("%s, profile %s\ngot:  %s\nwant: %s", test.says, test.profile, got, test.want)
		}
	}
}
