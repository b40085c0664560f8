// Package secret is the one answer to "may this value be printed?". Every package that shows a value (a model, a
// log line, an error) asks here first, so that what counts as secret is decided once.
//
// Three things are taken for secret: the value of a variable whose name says so (POSTGRES_PASSWORD), the password in
// a URL whatever the name, and text in the shape of a well-known token. A reference such as ${PASSWORD} is shown: it
// names a secret without holding it.
package secret

import (
	"regexp"
	"strings"
)

// Mask stands where a secret was. Its length says nothing about the secret's.
const Mask = "********"

// Masked is value as it may be printed, given the name of the variable, key or argument that holds it ("" when it
// has none).
func Masked(name, value string) string {
	if value == "" || isReference(value) {
		return value
	}
	if Named(name) && !isSwitch(value) {
		return Mask
	}
	return maskText(value)
}

// StandIn is a text that stands for a secret of which only its place is known: it may be printed.
func StandIn(path string) string { return "<devenv secret " + path + ">" }

var standIn = regexp.MustCompile(`^<devenv secret [^<>]+>$`)

// Text is free text as it may be printed: URL passwords, token shapes and assignments such as PGPASSWORD=x are masked.
func Text(text string) string { return maskText(text) }

var (
	urlPassword = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://[^\s:/?#@]*:)([^\s/?#"'<>]+)@`)
	// A text that is one URL whose password is not percent-encoded as it should be; many clients take it as it is.
	looseURL   = regexp.MustCompile(`(?s)^([a-zA-Z][a-zA-Z0-9+.-]*://[^\s:/?#@]*:)(.+)@`)
	hostPort   = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*://[^\s:/?#@]*:\d*(?:[/?#]|$)`)
	assignment = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_.-]*)=([^\s&;,'"]+)`)
	privateKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`)
	// Shapes that their issuers document: GitHub, GitLab, AWS, Google, Slack, Stripe, OpenAI and its likes, npm,
	// PyPI, JSON Web Tokens.
	tokenShape = regexp.MustCompile(`\b(?:` + strings.Join([]string{
		`gh[pousr]_[A-Za-z0-9]{16,}`, `github_pat_[A-Za-z0-9_]{16,}`, `glpat-[A-Za-z0-9_-]{16,}`,
		`(?:AKIA|ASIA)[0-9A-Z]{16}`, `AIza[0-9A-Za-z_-]{30,}`, `xox[abeoprs]-[A-Za-z0-9-]{8,}`,
		`[rs]k_(?:live|test)_[A-Za-z0-9]{10,}`, `sk-[A-Za-z0-9_-]{16,}`, `npm_[A-Za-z0-9]{30,}`, `pypi-[A-Za-z0-9_-]{30,}`,
		`eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+`,
	}, "|") + `)`)
)

func maskText(text string) string {
	if strings.Contains(text, "://") {
		text = replaceGroup(urlPattern(text), text, func(groups []string) string {
			return groups[1] + unlessReference(groups[2]) + "@"
		})
	}
	if strings.Contains(text, "=") {
		text = replaceGroup(assignment, text, func(groups []string) string {
			return groups[1] + "=" + Masked(groups[1], groups[2])
		})
	}
	if strings.Contains(text, "PRIVATE KEY-----") {
		text = privateKey.ReplaceAllString(text, Mask)
	}
	return tokenShape.ReplaceAllString(text, Mask)
}

// urlPattern chooses how to look for URL passwords in text.
func urlPattern(text string) *regexp.Regexp {
	if strings.Count(text, "://") == 1 && looseURL.MatchString(text) && !hostPort.MatchString(text) {
		return looseURL
	}
	return urlPassword
}

// replaceGroup is ReplaceAllStringFunc with the submatches at hand.
func replaceGroup(pattern *regexp.Regexp, text string, with func(groups []string) string) string {
	return pattern.ReplaceAllStringFunc(text, func(match string) string {
		return with(pattern.FindStringSubmatch(match))
	})
}

func unlessReference(value string) string {
	if isReference(value) {
		return value
	}
	return Mask
}

var reference = regexp.MustCompile(`^\$+(?:\{[^}]*\}|[A-Za-z_][A-Za-z0-9_]*)$`)

// isReference tells $NAME, ${NAME} and a StandIn apart from a value. A default inside (${NAME:-hunter2}) is a value.
func isReference(value string) bool {
	return reference.MatchString(value) && !strings.ContainsAny(value, "-+") || standIn.MatchString(value)
}

// isSwitch tells a yes or no from a secret: ALLOW_EMPTY_PASSWORD=yes.
func isSwitch(value string) bool {
	switch strings.ToLower(value) {
	case "true", "false", "yes", "no", "on", "off", "0", "1", "none", "null":
		return true
	}
	return false
}
