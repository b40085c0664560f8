package project

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sirupsen/logrus"
	"go.yaml.in/yaml/v4"

	"devenv/devenv/document"
)

// logging is held by whoever has taken over logrus's standard logger.
//
// compose-go tells the user about unset variables and obsolete attributes by that logger, which is the process's,
// and offers no other way (template.WithoutLogging does not reach the defaults nested in a variable). So it is taken
// over for the duration of one call, one at a time. What another goroutine logs through it meanwhile is collected
// too; devenv itself never logs.
var logging sync.Mutex //nolint:gochecknoglobals // guards a global of another module

// collectWarnings runs what and returns what it logged, without duplicates, instead of letting it print.
func collectWarnings(what func()) []string {
	logging.Lock()
	defer logging.Unlock()
	var seen warnings
	logger := logrus.StandardLogger()
	hooks, out := logger.ReplaceHooks(logrus.LevelHooks{}), logger.Out
	logger.AddHook(&seen)
	logger.SetOutput(io.Discard)
	defer func() {
		logger.SetOutput(out)
		logger.ReplaceHooks(hooks)
	}()
	what()
	return seen.texts()
}

// warnings is a logrus hook that keeps messages.
type warnings struct {
	mu   sync.Mutex
	kept []string
}

func (w *warnings) Levels() []logrus.Level {
	return []logrus.Level{logrus.WarnLevel, logrus.ErrorLevel}
}

func (w *warnings) Fire(entry *logrus.Entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if text := strings.TrimSpace(entry.Message); !slices.Contains(w.kept, text) {
		w.kept = append(w.kept, text)
	}
	return nil
}

// texts sorts what was kept: compose-go walks maps, so the order in which it warns is random.
func (w *warnings) texts() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.kept)
	return w.kept
}

var unsetVariable = regexp.MustCompile(`^The "(.+)" variable is not set\. Defaulting to a blank string\.$`)

// placed is a warning with the line that it is about, where that can be told.
func (in *inputs) placed(text string) string {
	if groups := unsetVariable.FindStringSubmatch(text); groups != nil {
		unset := fmt.Sprintf("variable %s is not set, blank is used", groups[1])
		if place, ok := in.tree().use(groups[1]); ok {
			return in.place(place, false) + ": " + unset
		}
		return unset
	}
	return in.shorten(strings.ReplaceAll(text, "`", ""))
}

// use is the first line that uses a variable.
func (t *tree) use(name string) (place Origin, found bool) {
	pattern := regexp.MustCompile(`\$\{?` + regexp.QuoteMeta(name) + `\b`)
	for _, u := range t.order {
		for _, root := range u.roots {
			document.Scalars(root, map[*yaml.Node]bool{}, func(node *yaml.Node) {
				if !found && pattern.MatchString(strings.ReplaceAll(node.Value, "$$", "")) {
					place, found = u.origin(node), true
				}
			})
		}
	}
	return place, found
}

// duplicates warns of variables that are set twice in one env file.
func (p *Project) duplicates() []string {
	var texts []string
	for _, file := range p.EnvFiles() {
		for _, twice := range readEnvFile(file).duplicates() {
			texts = append(texts, fmt.Sprintf("%s:%d: %s is set twice, the later line %d wins",
				p.Rel(file), twice[0].line, twice[0].name, twice[1].line))
		}
	}
	return texts
}
