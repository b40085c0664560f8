package doctor

import (
	"path"
	"slices"
	"strings"

	"devenv/devenv/dockerfile"
)

// command is one program that a shell runs, with the variables that are set for it alone.
type command struct {
	env  map[string]string
	args []string
}

// commands are what a step runs: of a text for the shell, each simple command in it.
func commands(step dockerfile.Step) []command {
	if step.Shell {
		return inShell(strings.Join(step.Args, " "))
	}
	return direct(step.Args)
}

// direct is a command without a shell, or what is in the text that it gives to one: sh -c TEXT.
func direct(args []string) []command {
	if len(args) == 0 {
		return nil
	}
	if text := shellText(args); text != "" {
		return inShell(text)
	}
	return []command{{args: args}}
}

// shellText is TEXT of `sh -c TEXT`, or "".
func shellText(args []string) string {
	if !slices.Contains([]string{"sh", "bash", "dash", "ash"}, path.Base(args[0])) {
		return ""
	}
	for i, word := range args[:len(args)-1] {
		if i > 0 && strings.HasPrefix(word, "-") && strings.HasSuffix(word, "c") {
			return args[i+1]
		}
	}
	return ""
}

// inShell takes a shell's text apart. It knows quotes, comments and the operators between commands, and takes a word
// with an expansion as it is written.
func inShell(text string) []command {
	var all []command
	var words []string
	end := func() {
		if c, ok := simple(words); ok {
			all = append(all, c)
		}
		words = nil
	}
	for rest := text; ; {
		word, kind, after := token(rest)
		switch kind {
		case atEnd:
			end()
			return all
		case operator:
			end()
		default:
			words = append(words, word)
		}
		rest = after
	}
}

// keywords of the shell stand before commands and are none.
var keywords = []string{"if", "then", "else", "elif", "fi", "while", "until", "do", "done", "!", "{", "}", "exec", "time", "command"}

// simple is a command from its words: variables that are set for it, then its arguments.
func simple(words []string) (command, bool) {
	c := command{env: map[string]string{}}
	for len(words) > 0 {
		name, value, assigned := strings.Cut(words[0], "=")
		switch {
		case slices.Contains(keywords, words[0]):
		case assigned && isName(name):
			c.env[name] = value
		default:
			c.args = words
			return c, true
		}
		words = words[1:]
	}
	return c, false
}

func isName(text string) bool {
	for i, r := range text {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return text != ""
}

type tokenKind int

const (
	atEnd tokenKind = iota
	operator
	aWord
)

// token is the next word or operator of a shell's text.
func token(text string) (word string, kind tokenKind, rest string) {
	text = strings.TrimLeft(text, " \t\r")
	switch {
	case text == "":
		return "", atEnd, ""
	case text[0] == '#':
		_, rest, _ = strings.Cut(text, "\n")
		return "", operator, rest
	case strings.HasPrefix(text, "\\\n"):
		return token(text[2:])
	case isOperator(text[0]):
		return "", operator, strings.TrimLeft(text, operators)
	}
	word, rest = shellWord(text)
	return word, aWord, rest
}

const operators = "&|;\n()"

func isOperator(c byte) bool { return strings.IndexByte(operators, c) >= 0 }

// shellWord is the word that a text begins with, without its quotes.
func shellWord(text string) (word, rest string) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == ' ' || c == '\t' || isOperator(c) || c == '\r':
			return b.String(), text[i:]
		case c == '\\' && i+1 < len(text):
			i++
			if text[i] != '\n' {
				b.WriteByte(text[i])
			}
		case c == '\'' || c == '"':
			end := closing(text, i)
			b.WriteString(strings.ReplaceAll(text[min(i+1, end):end], `\"`, `"`))
			i = end
		case c == '$' && i+1 < len(text) && text[i+1] == '(':
			end := matching(text, i+1)
			b.WriteString(text[i:end])
			i = end - 1
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// closing is where the quote that opens at i ends, or the end of the text.
func closing(text string, i int) int {
	for end := i + 1; end < len(text); end++ {
		switch {
		case text[end] == '\\' && text[i] == '"':
			end++
		case text[end] == text[i]:
			return end
		}
	}
	return len(text)
}

// matching is behind the parenthesis that closes the one at i.
func matching(text string, i int) int {
	depth := 0
	for end := i; end < len(text); end++ {
		switch text[end] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return end + 1
			}
		}
	}
	return len(text)
}

// program is the name of what a command runs, without its folder; "" where an expansion decides it.
func (c command) program() string {
	if strings.ContainsAny(c.args[0], "$`") {
		return ""
	}
	return path.Base(c.args[0])
}

// has reports whether one of words stands among the arguments, alone or as --word=value.
func (c command) has(words ...string) bool {
	return slices.ContainsFunc(c.args[1:], func(arg string) bool {
		name, _, _ := strings.Cut(arg, "=")
		return slices.Contains(words, name)
	})
}

// option is the value of --name VALUE or --name=VALUE.
func (c command) option(name string) string {
	for i, arg := range c.args {
		if value, is := strings.CutPrefix(arg, name+"="); is {
			return value
		}
		if arg == name && i+1 < len(c.args) {
			return c.args[i+1]
		}
	}
	return ""
}
