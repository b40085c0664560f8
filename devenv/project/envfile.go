package project

import (
	"os"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// envEntry is one statement of an env file: NAME=value, NAME: value, or NAME alone, which passes a variable on.
type envEntry struct {
	name         string
	line, column int // of the name, from 1; the column counts bytes
	offset       int // of the name, in bytes
	inherited    bool
	text         string // the statement as written
}

// envFile is an env file taken apart by compose-go's grammar (dotenv/parser.go), which keeps no positions. Values are
// compose-go's to work out; this finds where they stand.
type envFile struct {
	entries []envEntry
	bad     int // the line of the statement that is none, or 0
}

// readEnvFile reads an env file; one that cannot be read has no entries.
func readEnvFile(path string) envFile {
	content, err := os.ReadFile(path)
	if err != nil {
		return envFile{}
	}
	return scanEnvFile(string(content))
}

func scanEnvFile(content string) envFile {
	content = strings.TrimPrefix(content, "\uFEFF")
	var file envFile
	for at := statementStart(content, 0); at < len(content); {
		entry, end, ok := scanStatement(content, at)
		if !ok {
			file.bad = 1 + strings.Count(content[:at], "\n")
			return file
		}
		entry.text = content[at:end]
		entry.line = 1 + strings.Count(content[:entry.offset], "\n")
		entry.column = entry.offset - strings.LastIndexByte(content[:entry.offset], '\n')
		file.entries = append(file.entries, entry)
		at = statementStart(content, end)
	}
	return file
}

// statementStart skips space and comments.
func statementStart(content string, at int) int {
	for {
		at += len(content[at:]) - len(strings.TrimLeftFunc(content[at:], unicode.IsSpace))
		if at >= len(content) || content[at] != '#' {
			return at
		}
		newline := strings.IndexByte(content[at:], '\n')
		if newline < 0 {
			return len(content)
		}
		at += newline
	}
}

var exportPrefix = regexp.MustCompile(`^export\s+`)

// scanStatement takes one statement apart and tells where it ends.
func scanStatement(content string, at int) (entry envEntry, end int, ok bool) {
	if exportPrefix.MatchString(content[at:]) {
		at += len("export")
		at = skipBlank(content, at)
	}
	entry.offset = at
	if at == len(content) {
		return entry, at, false
	}
	nameEnd, found, ok := scanName(content, at)
	if !ok {
		return entry, at, false
	}
	if !found { // the file ends within a name: compose-go takes the rest for the value of a variable without a name
		return entry, len(content), !strings.ContainsAny(content[at:at+1], `"'`)
	}
	entry.name = strings.TrimRightFunc(content[at:nameEnd], unicode.IsSpace)
	entry.inherited = content[nameEnd] == '\n'
	if strings.Contains(entry.name, " ") {
		return entry, at, false
	}
	valueStart := skipBlank(content, nameEnd+1)
	if entry.inherited {
		return entry, valueStart, true
	}
	end, ok = scanValue(content, valueStart)
	return entry, end, ok
}

// scanName finds the character that ends a name, which is letters, digits and _ . - [ ], and inner blanks.
func scanName(content string, at int) (end int, found, ok bool) {
	for i, r := range content[at:] {
		switch {
		case isBlank(r) || strings.ContainsRune("_.-[]", r) || unicode.IsLetter(r) || unicode.IsNumber(r):
		case r == '=' || r == ':' || r == '\n':
			return at + i, true, true
		default:
			return at + i, false, false
		}
	}
	return len(content), false, true
}

// scanValue finds the end of a value: of a quoted one the quote that closes it, which may be lines away, else the line's.
func scanValue(content string, at int) (end int, ok bool) {
	if at < len(content) && (content[at] == '"' || content[at] == '\'') {
		for i := at + 1; i < len(content); i++ {
			switch content[i] {
			case '\\':
				i++
			case content[at]:
				return i + 1, true
			}
		}
		return len(content), false
	}
	newline := strings.IndexByte(content[at:], '\n')
	if newline < 0 {
		return len(content), true
	}
	return at + newline + 1, true
}

func skipBlank(content string, at int) int {
	for at < len(content) {
		r, size := utf8.DecodeRuneInString(content[at:])
		if !isBlank(r) {
			break
		}
		at += size
	}
	return at
}

// isBlank tells the characters that compose-go skips within a line.
func isBlank(r rune) bool { return strings.ContainsRune("\t\v\f\r \u0085\u00A0", r) }

// last is the statement that gives the variable its value: the last one that sets it.
func (f envFile) last(name string) (envEntry, bool) {
	for i := len(f.entries) - 1; i >= 0; i-- {
		if f.entries[i].name == name {
			return f.entries[i], true
		}
	}
	return envEntry{}, false
}

// duplicates are variables that the file sets more than once, each with the first and the last statement.
func (f envFile) duplicates() [][2]envEntry {
	first, last := map[string]envEntry{}, map[string]envEntry{}
	var names []string
	for _, entry := range f.entries {
		if entry.inherited || entry.name == "" {
			continue
		}
		if _, seen := first[entry.name]; !seen {
			first[entry.name] = entry
			names = append(names, entry.name)
		}
		last[entry.name] = entry
	}
	var twice [][2]envEntry
	for _, name := range names {
		if first[name] != last[name] {
			twice = append(twice, [2]envEntry{first[name], last[name]})
		}
	}
	return twice
}
