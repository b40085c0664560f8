package uv

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Stores are the texts of the files in which a machine keeps credentials, "" for one that is not there.
type Stores struct {
	Netrc   string // ~/.netrc
	UV      string // credentials.toml of `uv auth login`
	Keyring string // keyring_pass.cfg of Python's keyring with its backend for plain text
}

type login struct{ user, password string }

// of is the login for an address, in the order in which uv asks; user is "" for any.
func (s Stores) of(address *url.URL, user string) (login, bool) {
	for _, ask := range []func(*url.URL, string) (login, bool){s.inNetrc, s.inUV, s.inKeyring} {
		if found, ok := ask(address, user); ok {
			return found, true
		}
	}
	return login{}, false
}

// inNetrc looks for the host:
// https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html
func (s Stores) inNetrc(address *url.URL, user string) (found login, ok bool) {
	words := strings.Fields(s.Netrc)
	here := false
	for i := 0; i+1 < len(words); i += 2 {
		switch key, value := words[i], words[i+1]; {
		case key == "default" || key == "machine" && here:
			return found, here && (user == "" || user == found.user)
		case key == "machine":
			here = value == address.Hostname()
		case key == "login" && here:
			found.user = value
		case key == "password" && here:
			found.password = value
		}
	}
	return found, here && (user == "" || user == found.user)
}

// inUV looks for the longest address that this one begins with. A token is not for an index of names and passwords.
func (s Stores) inUV(address *url.URL, user string) (found login, ok bool) {
	var file struct {
		Credential []struct{ Service, Username, Scheme, Password string }
	}
	_ = toml.Unmarshal([]byte(s.UV), &file) // uv says what is wrong with it
	longest := 0
	for _, entry := range file.Credential {
		service, err := url.Parse(entry.Service)
		if err != nil || entry.Scheme != "basic" || user != "" && user != entry.Username || !covers(service, address) {
			continue
		}
		if length := len(service.Path) + 1; length > longest {
			found, longest = login{entry.Username, entry.Password}, length
		}
	}
	return found, longest > 0
}

func covers(service, address *url.URL) bool {
	folder := strings.TrimSuffix(service.Path, "/") + "/"
	return service.Scheme == address.Scheme && service.Host == address.Host && strings.HasPrefix(address.Path+"/", folder)
}

// inKeyring looks for the address, then for the host, as uv has keyring do. Whom a password belongs to must be known, or
// there must be one only.
func (s Stores) inKeyring(address *url.URL, user string) (login, bool) {
	bare := *address
	bare.User = nil
	for _, service := range []string{bare.String(), address.Host, address.Hostname()} {
		entries := iniSection(s.Keyring, iniEscaped(service))
		for key, encoded := range entries {
			if user != "" && !strings.EqualFold(key, iniEscaped(user)) || user == "" && len(entries) > 1 {
				continue
			}
			password, err := base64.StdEncoding.DecodeString(encoded)
			if err == nil {
				return login{iniUnescaped(key), string(password)}, true
			}
		}
	}
	return login{}, false
}

// iniSection is a section of a file of Python's configparser, whose values go on in lines that are indented.
func iniSection(text, name string) map[string]string {
	entries, inside, key := map[string]string{}, false, ""
	for line := range strings.Lines(text) {
		word := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "["):
			inside = word == "["+name+"]"
		case !inside || word == "":
		case line[0] == ' ' || line[0] == '\t':
			entries[key] += word
		default:
			before, after, _ := strings.Cut(word, "=")
			key = strings.TrimSpace(before)
			entries[key] = strings.TrimSpace(after)
		}
	}
	return entries
}

// iniEscaped is a name as keyring writes it: what is neither a letter nor a digit as _ and its two hexadecimal digits.
func iniEscaped(name string) string {
	var text strings.Builder
	for _, b := range []byte(name) {
		if strings.IndexByte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", b) >= 0 {
			text.WriteByte(b)
		} else {
			fmt.Fprintf(&text, "_%02X", b)
		}
	}
	return text.String()
}

func iniUnescaped(name string) string {
	text, err := url.PathUnescape(strings.ReplaceAll(name, "_", "%"))
	if err != nil {
		return name
	}
	return text
}
