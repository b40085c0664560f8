// Package trust is the authorities that the project's processes believe in place of those that they bring along: behind
// a company's proxy, which opens TLS connections and signs them anew, the company's own has to be among them.
//
// A bundle is one file of certificates. Each build, container and run of uv gets it as a file, and its path in the
// variables by which programs are told of one. What the project itself says by such a variable goes before.
package trust

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// Bundle is certificates; the zero value is none.
type Bundle struct {
	File    string // absolute path on this machine
	Place   string // file:line that names it
	Content string
}

// Variables are the variables that name a file of certificates: OpenSSL's, which Python, Ruby, Go and uv read too, those
// of Python's requests, of pip, curl, Node.js and Git.
func Variables() []string {
	return []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO"}
}

// Path is where the bundle lies in a container. It changes with the content, so that a container with an older one is
// replaced.
func (b Bundle) Path() string {
	hash := sha256.Sum256([]byte(b.Content))
	return "/devenv/ca-" + hex.EncodeToString(hash[:4]) + ".pem"
}

// untrusted is what uv, Python, curl and others, and programs in Go say of a certificate that nobody whom they trust has signed.
var untrusted = regexp.MustCompile(`UnknownIssuer|CERTIFICATE_VERIFY_FAILED|unable to get local issuer certificate|self[- ]signed certificate|signed by unknown authority`)

// Hint is what can be done about a failure of a program that has said output, "" where it was about something else.
func Hint(output string) string {
	if !untrusted.MatchString(strings.Join(strings.Fields(output), " ")) { // uv breaks lines
		return ""
	}
	return "as behind a proxy that signs connections anew: ca_bundle in x-devenv or a profile names a file with the authority to trust"
}

// largest is what BuildKit gives a build as one secret, in bytes.
const largest = 500 << 10

// Read reads the certificates of a file. An error is only the cause.
func Read(path string) (content string, err error) {
	text, err := os.ReadFile(path)
	var at *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", errors.New("no such file")
	case errors.As(err, &at):
		return "", at.Err
	case err != nil:
		return "", err
	case len(text) > largest:
		return "", fmt.Errorf("%d KB; a build takes %d at most", len(text)>>10, largest>>10)
	}
	return string(text), check(text)
}

// check refuses what programs in a container would stumble over, and a key that must not get there. What a certificate
// says is not looked at: old authorities have oddities that OpenSSL takes and crypto/x509 does not.
func check(text []byte) error {
	certificates := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return errors.New("there is a private key in it, which must not get into containers")
		}
		if block.Type == certificate {
			certificates++
		}
	}
	switch begun := bytes.Count(text, []byte("-----BEGIN "+certificate+"-----")); {
	case begun == 0:
		return errors.New("there is no certificate in PEM form in it")
	case begun != certificates:
		return fmt.Errorf("%d of its %d certificates are damaged", begun-certificates, begun)
	}
	return nil
}

const certificate = "CERTIFICATE" // as PEM names it
