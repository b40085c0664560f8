package project

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"

	"github.com/compose-spec/compose-go/v2/dotenv"
)

// registerFormats teaches compose-go the env_file format "raw", which docker/compose adds to it in its command: the
// format of `docker run --env-file`, where a line is taken as it stands. And it teaches it the format of env files with
// references of devenv's.
//
//nolint:gochecknoglobals // once in a process, since the registry of formats is compose-go's global
var registerFormats = sync.OnceFunc(func() {
	dotenv.RegisterFormat("raw", parseRaw)
	dotenv.RegisterFormat(referring, parseReferring)
})

func parseRaw(content io.Reader, file string, into map[string]string, lookup func(string) (string, bool)) error {
	lines := bufio.NewScanner(content)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimLeftFunc(strings.TrimPrefix(lines.Text(), "\uFEFF"), unicode.IsSpace)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, hasValue := strings.Cut(line, "=")
		if name == "" || strings.ContainsAny(name, " \t") {
			return fmt.Errorf("failed to read %s: line %d: %q is no variable name", file, number, name)
		}
		if !hasValue {
			if value, hasValue = lookup(name); !hasValue {
				continue
			}
		}
		into[name] = value
	}
	return lines.Err()
}

// scanRawFile finds the statements of a file in the format "raw".
func scanRawFile(content string) envFile {
	var file envFile
	content = strings.TrimPrefix(content, "\uFEFF")
	for number, text := range strings.Split(content, "\n") {
		line := strings.TrimLeftFunc(text, unicode.IsSpace)
		if line == "" || line[0] == '#' {
			continue
		}
		name, _, hasValue := strings.Cut(line, "=")
		file.entries = append(file.entries, envEntry{
			name: name, line: number + 1, column: 1 + len(text) - len(line), inherited: !hasValue, text: line,
		})
	}
	return file
}
