package trust

import "testing"

// The path of a bundle changes with what is in it, so that containers with an older one are replaced.
func TestPath(t *testing.T) {
	one, other := Bundle{File: "a.pem", Content: "a"}, Bundle{File: "a.pem", Content: "b"}
	if one.Path() == other.Path() || one.Path() != (Bundle{Content: "a"}).Path() {
		t.Errorf("%s %s", one.Path(), other.Path())
	}
}

// The hint is for certificates that nobody knows, in the words of the programs that developers use.
func TestHint(t *testing.T) {
	for said, helps := range map[string]bool{
		"invalid peer certificate:\n  UnknownIssuer":                                                 true,
		"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get":                  true,
		"curl: (60) SSL certificate problem: unable to get local\n issuer certificate":               true,
		"curl: (60) SSL certificate problem: self-signed certificate in certificate chain":           true,
		"tls: failed to verify certificate: x509: certificate signed by unknown authority":           true,
		"invalid peer certificate: certificate expired: verification time 1795334760 (UNIX)":         false,
		"Because absent was not found in the package registry, we can conclude that it is not there": false,
	} {
		if got := Hint(said); (got != "") != helps {
			t.Errorf("%s\ngot %q", said, got)
		}
	}
}
