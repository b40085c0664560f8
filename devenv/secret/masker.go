package secret

import (
	"reflect"
	"regexp"
	"sort"
	"strings"
)

// Pair is a named value that is known, such as a variable of a service's environment.
type Pair struct{ Name, Value string }

// Masker masks, in any text, the secrets among values that are known. It is for text whose author is not us: the
// output of a build, a container's last lines, an error of the engine.
type Masker struct{ known *regexp.Regexp }

// NewMasker learns the secrets among pairs. A value is learnt only when it can be told from ordinary text: it has at
// least six characters and is no word of a harmless pair's value (POSTGRES_USER=postgres keeps "postgres" readable).
func NewMasker(pairs []Pair) *Masker {
	secrets, harmless := map[string]bool{}, map[string]bool{}
	for _, pair := range pairs {
		found := secretsIn(pair)
		for _, value := range found {
			secrets[value] = true
		}
		harmless[pair.Value] = harmless[pair.Value] || len(found) == 0
	}
	var patterns []string
	for value := range secrets {
		if len(value) >= 6 && !isWordOfAny(value, harmless) {
			patterns = append(patterns, word(value))
		}
	}
	if len(patterns) == 0 {
		return &Masker{}
	}
	sort.Slice(patterns, func(i, j int) bool { return len(patterns[i]) > len(patterns[j]) }) // the longest match first
	return &Masker{known: regexp.MustCompile(strings.Join(patterns, "|"))}
}

// Masked is Masked of the package, and masks known secrets within value.
func (m *Masker) Masked(name, value string) string {
	masked := Masked(name, value)
	if m == nil || m.known == nil || masked == Mask {
		return masked
	}
	return m.known.ReplaceAllString(masked, Mask)
}

// Text is Text of the package, and masks known secrets within text.
func (m *Masker) Text(text string) string { return m.Masked("", text) }

// Model masks every string that can be reached from model, a pointer to a struct or a map such as a loaded Compose
// project: a map's value by its key, any other string by what it looks like. It changes model in place, so give it a
// copy; map keys and unexported fields stay.
func (m *Masker) Model(model any) { (&modelMask{m.Masked}).value(reflect.ValueOf(model), "") }

// secretsIn is what of a pair's value must not be seen: all of it, or the password of a URL.
func secretsIn(pair Pair) []string {
	if Masked(pair.Name, pair.Value) == Mask {
		return []string{pair.Value}
	}
	var found []string
	for _, groups := range urlPattern(pair.Value).FindAllStringSubmatch(pair.Value, -1) {
		if !isReference(groups[2]) {
			found = append(found, groups[2])
		}
	}
	return found
}

// word is a pattern for value that does not match inside a longer word.
func word(value string) string {
	pattern := regexp.QuoteMeta(value)
	if isWordByte(value[0]) {
		pattern = `\b` + pattern
	}
	if isWordByte(value[len(value)-1]) {
		pattern += `\b`
	}
	return pattern
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// isWordOfAny tells whether value stands in one of the texts as a word.
func isWordOfAny(value string, texts map[string]bool) bool {
	pattern := regexp.MustCompile(word(value))
	for text, counts := range texts {
		if counts && strings.Contains(text, value) && pattern.MatchString(text) {
			return true
		}
	}
	return false
}
