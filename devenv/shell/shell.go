// Package shell reads what a shell is given to run, without running it: which programs, with which arguments and with
// which variables set for them alone. It is the one answer for RUN and HEALTHCHECK of Dockerfiles and for commands of
// compose files. It knows quotes, comments, heredocs' texts, redirections, functions and the operators between commands; a
// word with an expansion stays as it is written.
package shell

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Command is one program that a shell runs.
type Command struct {
	Env  map[string]string // set for it alone
	Args []string          // never empty; the first is the program as it is called
}

// Started is a command that is started without a shell; of sh -c TEXT it is what TEXT runs.
func Started(args []string) []Command {
	if len(args) == 0 {
		return nil
	}
	if text := shellText(args); text != "" {
		return Commands(text)
	}
	return []Command{{Args: args}}
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

// Commands are the simple commands in a text for a shell, in order. A call of a function that the text defines is none.
func Commands(text string) []Command {
	var all []Command
	var words, functions []string
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
			return slices.DeleteFunc(all, func(c Command) bool { return slices.Contains(functions, c.Args[0]) })
		case operator:
			end()
		case redirection:
		case function:
			functions = append(functions, word)
		default:
			words = append(words, word)
		}
		rest = after
	}
}

// keywords of the shell stand before commands and are none.
var keywords = []string{"if", "then", "else", "elif", "fi", "while", "until", "do", "done", "!", "{", "}", "exec", "time", "command", "nohup"}

// simple is a command from its words: variables that are set for it, then its arguments.
func simple(words []string) (Command, bool) {
	c := Command{Env: map[string]string{}}
	for len(words) > 0 {
		name, value, assigned := strings.Cut(words[0], "=")
		switch {
		case words[0] == "command" && len(words) > 1 && strings.HasPrefix(words[1], "-"):
			c.Args = words
			return c, true
		case slices.Contains(keywords, words[0]):
		case assigned && isName(name):
			c.Env[name] = value
		default:
			c.Args = words
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
	redirection
	function // the name of one that is defined here
	aWord
)

// Redirections with the file or descriptor that they name, and the parentheses that make a word a function's name.
var (
	redirects = regexp.MustCompile(`^(&>>?|\d*(<<<|<<-?|<>|[<>]&|>>|>\||[<>]))[ \t]*`)
	defines   = regexp.MustCompile(`^[ \t]*\([ \t]*\)`)
)

// token is the next word, redirection or operator of a shell's text.
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
	case redirects.MatchString(text) && !strings.HasPrefix(text[1:], "("):
		_, rest = shellWord(text[len(redirects.FindString(text)):])
		return "", redirection, rest
	case isOperator(text[0]):
		return "", operator, strings.TrimLeft(text, operators)
	}
	word, rest = shellWord(text)
	if parentheses := defines.FindString(rest); parentheses != "" {
		return word, function, rest[len(parentheses):]
	}
	return word, aWord, rest
}

const operators = "&|;\n()"

func isOperator(c byte) bool { return strings.IndexByte(operators, c) >= 0 }

// shellWord is the word that a text begins with, without its quotes.
func shellWord(text string) (word, rest string) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case (c == '<' || c == '>') && i+1 < len(text) && text[i+1] == '(': // the output of a command as a file
			end := matching(text, i+1)
			b.WriteString(text[i:end])
			i = end - 1
		case c == ' ' || c == '\t' || isOperator(c) || c == '\r' || c == '<' || c == '>':
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

// askers are commands that look whether something is there.
var askers = []string{"command", "type", "which", "hash", "test", "[", "[["}

// Needed are the commands of a text without those that it asks for itself, as in `command -v curl && curl URL`.
func Needed(all []Command) []Command {
	asked := map[string]bool{}
	for _, c := range all {
		for _, word := range c.Args[1:] {
			asked[word] = asked[word] || slices.Contains(askers, c.Args[0])
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(c Command) bool { return asked[c.Args[0]] })
}

// Program is the name of what a command runs, without its folder; "" where an expansion decides it.
func (c Command) Program() string {
	if strings.ContainsAny(c.Args[0], "$`") {
		return ""
	}
	return path.Base(c.Args[0])
}

// Has reports whether one of words stands among the arguments, alone or as --word=value.
func (c Command) Has(words ...string) bool {
	return slices.ContainsFunc(c.Args[1:], func(arg string) bool {
		name, _, _ := strings.Cut(arg, "=")
		return slices.Contains(words, name)
	})
}

// Option is the value of --name VALUE or --name=VALUE.
func (c Command) Option(name string) string {
	for i, arg := range c.Args {
		if value, is := strings.CutPrefix(arg, name+"="); is {
			return value
		}
		if arg == name && i+1 < len(c.Args) {
			return c.Args[i+1]
		}
	}
	return ""
}
