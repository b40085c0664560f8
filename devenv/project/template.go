package project

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
)

// Reference is a template of devenv's own in a compose file or an env file: ${devenv.port.SERVICE.PORT}, the number of
// this machine at which a container's port is published, or ${devenv.url.SERVICE[.PORT]}, the address of it for a
// browser. Compose knows neither: names of its variables have no dots.
type Reference struct {
	Text    string // as it is written
	URL     bool
	Service string
	Port    uint16 // of the container; 0, for a URL, is the first that speaks HTTP
}

// FindReferences are the references in a text, in order. What begins like one and is none has no Service.
func FindReferences(text string) []Reference {
	var all []Reference
	for _, found := range reference.FindAllString(text, -1) {
		all = append(all, parseReference(found))
	}
	return all
}

// Fill replaces each reference by what of says; a reference of which it knows nothing stays.
func Fill(text string, of func(Reference) (string, bool)) string {
	if !strings.Contains(text, referenceStart) {
		return text
	}
	return reference.ReplaceAllStringFunc(text, func(found string) string {
		if value, known := of(parseReference(found)); known {
			return value
		}
		return found
	})
}

const referenceStart = "${devenv."

// reference matches a reference. A second dollar sign lets Compose itself read the file, to which it is a text.
var reference = regexp.MustCompile(`\$?\$\{devenv\.[^}]*\}`)

var referenceParts = regexp.MustCompile(`^\$?\$\{devenv\.(port|url)\.([^}]+)\}$`)

func parseReference(text string) Reference {
	parts := referenceParts.FindStringSubmatch(text)
	if parts == nil {
		return Reference{Text: text}
	}
	r := Reference{Text: text, URL: parts[1] == "url", Service: parts[2]}
	dot := strings.LastIndexByte(r.Service, '.') // the name of a service may hold dots
	port, err := strconv.ParseUint(r.Service[dot+1:], 10, 16)
	switch {
	case dot > 0 && err == nil && port > 0:
		r.Service, r.Port = r.Service[:dot], uint16(port)
	case !r.URL:
		return Reference{Text: text}
	}
	return r
}

// SpeaksHTTP guesses by a container's port whether a browser has a use for it.
func SpeaksHTTP(port uint16) bool { return !slices.Contains(notHTTP[:], port) }

// notHTTP are the container ports of well-known services that a browser has no use for (IANA's registry, and the
// ports that debugpy and Delve document).
var notHTTP = [...]uint16{21, 22, 25, 53, 110, 143, 389, 465, 587, 993, 1025, 1433, 1521, 1883, 2181, 2345, 3306, 4222,
	5432, 5433, 5672, 5678, 5679, 6379, 6432, 7687, 9042, 9092, 11211, 26257, 27017, 33060}

// Of is the port of a service that the reference means: of its container, 0 where it has none such.
func (r Reference) Of(service types.ServiceConfig) uint16 {
	for _, port := range service.Ports {
		target := uint16(port.Target) //nolint:gosec // a port
		if r.Port == target || r.Port == 0 && port.Protocol != "udp" && SpeaksHTTP(target) {
			return target
		}
	}
	if service.NetworkMode == "host" {
		return r.Port // whatever it listens on is a port of the machine
	}
	return 0
}

// substitute fills in the variables of a text as Compose does, and leaves references alone.
func substitute(text string, mapping template.Mapping) (string, error) {
	if !strings.Contains(text, referenceStart) {
		return template.Substitute(text, mapping)
	}
	value, err := template.Substitute(hide(text), mapping)
	return reveal(value), err
}

// hidden stands for the beginning of a reference while Compose looks for its variables. No text that people write has
// control characters.
const hidden = "\x01devenv."

func hide(text string) string {
	return reference.ReplaceAllStringFunc(text, func(found string) string {
		_, rest, _ := strings.Cut(found, referenceStart)
		return hidden + strings.TrimSuffix(rest, "}") + "\x02"
	})
}

func reveal(text string) string {
	return strings.NewReplacer(hidden, referenceStart, "\x02", "}").Replace(text)
}
