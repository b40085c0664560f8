package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"devenv/devenv/dockerfile"
	"devenv/devenv/fault"
	"devenv/devenv/trust"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/solver/errdefs"
)

// evidence is all that is known of a failed build.
type evidence struct {
	recipe  *recipe
	service string
	cause   string   // the innermost message
	step    string   // "RUN uv sync", "COPY a b", "[internal] load metadata for ..."; "" if none failed
	line    int      // of the Dockerfile; 0 if not known
	said    []string // the end of the step's output
	tail    []string // of that, what the user has not seen yet
}

// failure makes the error of a build that ended with err.
func (j *job) failure(ctx context.Context, err error, made *solution, watch *monitor, opt Options) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if made.frontend.err != nil {
		err = made.frontend.err
	}
	var known *fault.Error
	if errors.As(err, &known) {
		known.Message = j.services[0] + ": " + known.Message
		return known
	}
	if lost.MatchString(err.Error()) {
		return fault.New(fault.Engine, "engine: the connection was lost while %s was built: %w", j.services[0], err)
	}
	ev := evidence{recipe: j.recipe, service: j.services[0], cause: innermost(err), line: lineOf(err)}
	if failed, ok := watch.failure(); ok {
		ev.step = stepName(watch.names[failed])
		ev.said = watch.tail(failed)
		if opt.Out == nil || !opt.Terminal { // there BuildKit's display ends with it
			ev.tail = ev.said
		}
		if line := made.frontend.lines[failed]; line > 0 {
			ev.line = line
		}
	}
	explained := ev.explain()
	explained.Err = err
	return explained
}

// lost is the engine going away in the middle of a build.
var lost = regexp.MustCompile(`error reading from server|transport is closing|connection reset by peer|code = Unavailable`)

// parseLine is where a frontend in an image has lost its way; its typed line is that of the syntax line.
var parseLine = regexp.MustCompile(`dockerfile parse error on line (\d+): `)

// lineOf is the line that an error of the frontend carries, or 0.
func lineOf(err error) int {
	if match := parseLine.FindStringSubmatch(err.Error()); match != nil {
		line, _ := strconv.Atoi(match[1])
		return line
	}
	if line := dockerfile.Line(err); line > 0 {
		return line
	}
	for _, source := range errdefs.Sources(err) {
		if len(source.Ranges) > 0 {
			return int(source.Ranges[0].Start.Line)
		}
	}
	return 0
}

// wrapping is what the layers between the cause and the user add to a message.
var wrapping = regexp.MustCompile(`^(failed to solve( with frontend \S+)?: |rpc error: code = \w+ desc = |failed to run Build function: |dockerfile parse error on line \d+: )`)

func innermost(err error) string {
	text := err.Error()
	for wrapping.MatchString(text) {
		text = wrapping.ReplaceAllString(text, "")
	}
	return text
}

// stepLength is how much of an instruction a message quotes.
const stepLength = 100

var stage = regexp.MustCompile(`^\[([^\]]* )?\d+/\d+\] `)

// stepName is a step without its stage and number, in one line of bearable length.
func stepName(name string) string {
	text := []rune(strings.Join(strings.Fields(stage.ReplaceAllString(name, "")), " "))
	if len(text) > stepLength {
		return string(text[:stepLength]) + " ..."
	}
	return string(text)
}

// where is how a message begins: the Dockerfile with its line, or the service.
func (ev *evidence) where() string {
	name := ev.recipe.Dockerfile
	switch {
	case name == "":
		name = ev.service + ": dockerfile_inline"
	case ev.recipe.Text == "":
		name = ev.service + ": " + name
	}
	if ev.line > 0 {
		return fmt.Sprintf("%s:%d", name, ev.line)
	}
	return name
}

func (ev *evidence) fail(class fault.Class, format string, args ...any) *fault.Error {
	e := fault.New(class, format, args...)
	e.Message = ev.where() + ": " + e.Message
	return e
}

// The messages of engines from 20.10 to now.
var (
	exited      = regexp.MustCompile(`(?s)(?:executor failed running \[.*\]|process ".*" did not complete successfully): (.*)$`)
	notFound    = regexp.MustCompile(`(?:failed to compute cache key|failed to calculate checksum)[^"]*"/?([^"]*)"(?:: not found| not found)`)
	noEntry     = regexp.MustCompile(`lstat \S*/(?:merged|fs|rootfs|buildkit-mount\d+)/(\S+): no such file or directory`)
	noTarget    = regexp.MustCompile(`target stage "(.*?)" could not be found`)
	metadata    = regexp.MustCompile(`load metadata for (\S+)|resolve image config for (?:docker-image://)?(\S+)|FROM (\S+)`)
	offline     = regexp.MustCompile(`no such host|connection refused|i/o timeout|network is unreachable|TLS handshake|EOF$`)
	denied      = regexp.MustCompile(`pull access denied|unauthorized|authorization failed|403 Forbidden|401 Unauthorized|denied: `)
	absent      = regexp.MustCompile(`: not found$|manifest unknown|no match for platform`)
	noSecret    = regexp.MustCompile(`secret (\S+?):? not found`)
	entitlement = regexp.MustCompile(`(?:granting entitlement|entitlement) (\S+) is not allowed`)
)

// explain finds the words for the failure; the order is from the particular to the general.
func (ev *evidence) explain() *fault.Error {
	switch {
	case strings.Contains(ev.cause, "no space left on device") || strings.Contains(strings.Join(ev.tail, "\n"), "No space left on device"):
		return ev.fail(fault.Failed, "%sno space left on the engine's disk", ev.stepPrefix()).
			WithHint("docker system df shows what takes the space, docker builder prune frees old build cache").WithDetail(ev.tail...)
	case exited.MatchString(ev.cause):
		return ev.exit(exited.FindStringSubmatch(ev.cause)[1])
	case notFound.MatchString(ev.cause):
		return ev.missing(notFound.FindStringSubmatch(ev.cause)[1])
	case noEntry.MatchString(ev.cause):
		return ev.missing(noEntry.FindStringSubmatch(ev.cause)[1])
	case noTarget.MatchString(ev.cause):
		return ev.target(noTarget.FindStringSubmatch(ev.cause)[1])
	case noSecret.MatchString(ev.cause):
		id := noSecret.FindStringSubmatch(ev.cause)[1]
		return ev.fail(fault.Usage, "%ssecret %q is not given to the build", ev.stepPrefix(), id).
			WithHint("list it under build.secrets of service %s", ev.service)
	case entitlement.MatchString(ev.cause):
		return fault.New(fault.Usage, "%s: the engine does not allow builds the entitlement %s", ev.service, entitlement.FindStringSubmatch(ev.cause)[1]).
			WithHint("remove build.privileged and build.entitlements, or allow it in the engine's configuration")
	case metadata.MatchString(ev.step) && ev.pullFailed():
		return ev.pull()
	}
	return ev.fail(fault.Failed, "%s%s", ev.stepPrefix(), ev.cause).WithDetail(ev.tail...)
}

// stepPrefix is the failed instruction as a part of a message; what the frontend does itself has no name there.
func (ev *evidence) stepPrefix() string {
	if ev.step == "" || strings.HasPrefix(ev.step, "[") {
		return ""
	}
	return ev.step + ": "
}

func (ev *evidence) exit(how string) *fault.Error {
	how = strings.Replace(how, "exit code: ", "exit code ", 1)
	e := ev.fail(fault.Failed, "%s%s", ev.stepPrefix(), how).WithDetail(ev.tail...)
	if strings.HasPrefix(how, "exit code 137") {
		return e.WithHint("it was killed, most often because the engine has too little memory")
	}
	if hint := trust.Hint(strings.Join(ev.said, "\n")); hint != "" {
		return e.WithHint("%s", hint)
	}
	return e
}

// missing is a COPY, an ADD or a bind mount whose source is not there.
func (ev *evidence) missing(name string) *fault.Error {
	step, from := ev.source()
	if from == "" {
		name = ev.whole(name)
	}
	switch {
	case from != "":
		return ev.fail(fault.Failed, "%s %s: no such file in %s", step, name, from)
	case ev.inContext(name):
		return ev.fail(fault.Failed, "%s %s: .dockerignore keeps it out of the build context", step, name)
	}
	return ev.fail(fault.Failed, "%s %s: no such file in the build context", step, name)
}

// whole is the source of the step that is not there. Of one whose folder was not sent either, for nothing in it was asked
// for that is there, BuildKit names the folder alone.
func (ev *evidence) whole(folder string) string {
	words := strings.Fields(ev.step)
	for _, word := range words[:max(0, len(words)-1)] { // the last is where it goes
		source := strings.TrimPrefix(path.Join("/", word), "/")
		if strings.HasPrefix(source, folder+"/") && !ev.inContext(source) {
			return source
		}
	}
	return folder
}

// source is the instruction that copies, with the stage or image that it copies from.
func (ev *evidence) source() (instruction, from string) {
	words := strings.Fields(ev.step)
	if len(words) == 0 || strings.HasPrefix(ev.step, "[") {
		return "COPY", ""
	}
	for _, word := range words[1:] {
		if name, ok := strings.CutPrefix(word, "--from="); ok {
			from = name
		}
		if _, name, ok := strings.Cut(word, "from="); ok && strings.HasPrefix(word, "--mount=") {
			from, _, _ = strings.Cut(name, ",")
		}
	}
	if words[0] == "RUN" {
		return "RUN --mount", from
	}
	return words[0], from
}

func (ev *evidence) inContext(path string) bool {
	dir := ev.recipe.Locals[contextMount]
	if dir == "" {
		return false
	}
	_, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(path)))
	return err == nil
}

// target is a build.target that the Dockerfile does not have.
func (ev *evidence) target(name string) *fault.Error {
	e := fault.New(fault.Usage, "%s: build.target: %s has no stage %q", ev.service, ev.where(), name)
	f, err := dockerfile.Parse("", []byte(ev.recipe.Text))
	switch {
	case err != nil:
		return e
	case len(f.Names()) == 0:
		return e.WithHint("none of its stages has a name")
	case fault.Nearest(name, f.Names()) != "":
		return e.WithHint("did you mean %s? its stages are %s", fault.Nearest(name, f.Names()), strings.Join(f.Names(), ", "))
	}
	return e.WithHint("its stages are %s", strings.Join(f.Names(), ", "))
}

func (ev *evidence) pullFailed() bool {
	return offline.MatchString(ev.cause) || denied.MatchString(ev.cause) || absent.MatchString(ev.cause)
}

// pull is an image that cannot be had.
func (ev *evidence) pull() *fault.Error {
	image := strings.Join(metadata.FindStringSubmatch(ev.step)[1:], "")
	if named, err := reference.ParseNormalizedNamed(image); err == nil {
		image = reference.FamiliarString(named)
	}
	switch {
	case offline.MatchString(ev.cause):
		return ev.fail(fault.Failed, "image %s: its registry does not answer", image).
			WithDetail(ev.cause).WithHint("is this machine offline? an image that the engine already has is not looked for")
	case denied.MatchString(ev.cause):
		return ev.fail(fault.Failed, "image %s: it does not exist, or its registry wants a login", image).
			WithDetail(ev.cause).WithHint("docker login, if the name is right")
	}
	return ev.fail(fault.Failed, "image %s: no such image", image).WithDetail(ev.cause)
}
