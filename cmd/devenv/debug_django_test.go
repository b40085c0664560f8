//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-dap"

	"devenv/devenv/debug/daptest"
)

// view is a source file of the Django service, whose lines are found by the words at their ends, however far an edit
// has moved them.
type view struct {
	*server
	name, path, text string
}

func (s *server) view(name string) *view {
	s.Helper()
	path := filepath.Join(s.folder, "src", name)
	text, err := os.ReadFile(path)
	if err != nil {
		s.Fatal(err)
	}
	return &view{server: s, name: name, path: path, text: string(text)}
}

func (v *view) line(ends string) int {
	v.Helper()
	before, _, found := strings.Cut(v.text, ends+"\n")
	if !found {
		v.Fatalf("%s has no line that ends with %q", v.name, ends)
	}
	return strings.Count(before, "\n") + 1
}

// moved saves the file with a line more above all others, and returns when the new code answers.
func (v *view) moved() {
	v.Helper()
	v.text = "# one more line\n" + v.text
	v.write(filepath.Join("src", v.name), v.text)
	want := strconv.Itoa(v.line("def lines(_: HttpRequest) -> HttpResponse:"))
	for began := time.Now(); ; {
		got := <-v.ask("/lines")
		if got.body == want {
			return
		}
		if time.Since(began) > within {
			v.Fatalf("no new code within %s: %q, %v; want %s", within, got.body, got.err, want)
		}
	}
}

// stop asks for a path, and fails if the request does not stop at a line.
func (v *view) stop(path, ends string) (daptest.Stop, <-chan answer) {
	v.Helper()
	answered := v.ask(path)
	if stopped, early := v.stops(v.editor, answered); !stopped {
		v.Fatalf("%s does not stop: %q, %v", path, early.body, early.err)
	}
	stop := v.editor.Stopped()
	if top := stop.Top(); top.Line != v.line(ends) || top.Source.Path != v.path {
		v.Fatalf("stopped at %s:%d, want %s:%d", top.Source.Path, top.Line, v.path, v.line(ends))
	}
	return stop, answered
}

// goesOn continues a request and looks at its answer.
func (v *view) goesOn(stop daptest.Stop, answered <-chan answer, text string) {
	v.Helper()
	v.editor.Resume(stop.ThreadId)
	if got := <-answered; got.err != nil || !strings.Contains(got.body, text) {
		v.Fatalf("answered %q, %v", got.body, got.err)
	}
}

// step is one of next, stepIn and stepOut, and where it leads.
func (v *view) step(how string, thread int, name, ends string) {
	v.Helper()
	daptest.Request[struct{}](v.editor, how, map[string]any{"threadId": thread})
	if top := v.editor.Stopped().Top(); top.Name != name || top.Line != v.line(ends) {
		v.Errorf("%s leads to %s, line %d; want %s, line %d", how, top.Name, top.Line, name, v.line(ends))
	}
}

const priced = "price = int(text)  # read"

// The debugger does in a Django project what it does without devenv, before a save and after it: conditions, logpoints,
// exceptions, values, steps and templates. A breakpoint in a view is hit in twenty saves, at the moved line. A thread that
// stands when its file is saved is let go, or waited for, as the service asks.
func TestDebugDjango(t *testing.T) {
	t.Parallel()
	c := newServers(t, "services: {}\n", "django")
	s := c.attach("django")
	v := s.view("shop/views.py")
	for range 2 {
		v.conditions()
		v.exceptions()
		v.steps()
		v.template()
		v.moved()
	}
	v.editor.Set(daptest.Lines(v.path, v.line(priced)))
	for range 20 {
		stop, answered := v.stop("/items?prices=7", priced)
		v.goesOn(stop, answered, "<li>7</li>")
		v.moved()
		v.editor.Set(daptest.Lines(v.path, v.line(priced)))
	}
	v.letsGo()
	v.waits()
	v.editor.Disconnect()
}

func (v *view) conditions() {
	v.Helper()
	v.editor.Set(daptest.Breakpoints{Path: v.path, At: []dap.SourceBreakpoint{
		{Line: v.line(priced), Condition: "text == '3'"},
		{Line: v.line("return found  # done"), LogMessage: "found {len(found)} prices"},
	}})
	stop, answered := v.stop("/items?prices=1,2,3", priced)
	if text := v.editor.Evaluate(stop.Top().Id, "text + '!'"); text != "'3!'" {
		v.Errorf("text + '!' is %s", text)
	}
	if found := v.editor.Locals(stop.Top().Id)["found"]; !strings.Contains(found.Value, "'price': 2") {
		v.Errorf("found is %s", found.Value)
	}
	v.goesOn(stop, answered, "<li>3</li>")
	for said := ""; !strings.Contains(said, "found 3 prices"); {
		said = daptest.Event[dap.OutputEventBody](v.editor, "output").Output
	}
	v.editor.Set(daptest.Lines(v.path))
}

func (v *view) exceptions() {
	v.Helper()
	v.editor.Exceptions("raised")
	stop, answered := v.stop("/broken", `raise ValueError("for the debugger")  # raised`)
	if stop.Reason != "exception" {
		v.Errorf("stopped because of %s", stop.Reason)
	}
	v.editor.Exceptions()
	v.goesOn(stop, answered, "for the debugger")
}

func (v *view) steps() {
	v.Helper()
	const calls = `return render(request, "items.html", {"items": priced(request.GET["prices"])})`
	v.editor.Set(daptest.Lines(v.path, v.line(calls)))
	stop, answered := v.stop("/items?prices=5", calls)
	v.step("stepIn", stop.ThreadId, "priced", "found = []")
	v.step("next", stop.ThreadId, "priced", `for text in prices.split(","):`)
	v.step("stepOut", stop.ThreadId, "items", calls)
	v.editor.Set(daptest.Lines(v.path))
	v.goesOn(stop, answered, "<li>5</li>")
}

// letsGo is a save while a thread stands: its request is answered by the old code, and devenv says which thread it was.
func (v *view) letsGo() {
	v.Helper()
	_, answered := v.stop("/items?prices=7", priced)
	logged, at := len(v.log()), v.line(priced)
	v.moved()
	if got := <-answered; got.err != nil || !strings.Contains(got.body, "<li>7</li>") {
		v.Errorf("answered %q, %v", got.body, got.err)
	}
	v.logs(logged, fmt.Sprintf("(breakpoint at src/%s:%d), which runs on in the old code", v.name, at))
	v.editor.Set(daptest.Lines(v.path, v.line(priced)))
}

// waits is the same where the service has on_save: wait. The new code comes when the thread has gone on.
func (v *view) waits() {
	v.Helper()
	logged := len(v.log())
	v.write("docker-compose.override.yml", "services: {django: {x-devenv: {debug: {on_save: wait}}}}\n")
	v.logs(logged, "brought up to date")
	stop, answered := v.stop("/items?prices=7", priced)
	logged, at := len(v.log()), v.line(priced)
	v.text = "# one more line\n" + v.text
	v.write(filepath.Join("src", v.name), v.text)
	v.logs(logged, fmt.Sprintf("(breakpoint at src/%s:%d) to go on", v.name, at))
	if text := v.editor.Evaluate(stop.Top().Id, "text"); text != "'7'" {
		v.Errorf("text is %s", text)
	}
	if log := v.log()[logged:]; strings.Contains(log, "reloaded") {
		v.Errorf("reloaded while a thread stands:\n%s", log)
	}
	v.goesOn(stop, answered, "<li>7</li>")
	v.logs(logged, "reloaded")
	v.editor.Set(daptest.Lines(v.path, v.line(priced)))
	stop, answered = v.stop("/items?prices=8", priced)
	v.goesOn(stop, answered, "<li>8</li>")
}

// log is what the session in the background has said.
func (c *checkout) log() string {
	c.Helper()
	text, err := os.ReadFile(filepath.Join(c.folder, ".devenv/state/live.log"))
	if err != nil {
		c.Fatal(err)
	}
	return string(text)
}

// logs waits until the session has said something after a length of its log.
func (c *checkout) logs(after int, text string) {
	c.Helper()
	for deadline := time.Now().Add(within); !strings.Contains(c.log()[after:], text); {
		if time.Now().After(deadline) {
			c.Fatalf("within %s nobody said %q:\n%s", within, text, c.log()[after:])
		}
		<-time.After(10 * time.Millisecond)
	}
}

func (v *view) template() {
	v.Helper()
	page := v.view("shop/templates/items.html")
	const item = "<li>{{ item.price }}</li>"
	page.editor.Set(daptest.Lines(page.path, page.line(item)))
	stop, answered := page.stop("/items?prices=9", item)
	if value := page.editor.Evaluate(stop.Top().Id, "item"); value != "{'price': 9}" {
		v.Errorf("item is %s", value)
	}
	page.editor.Set(daptest.Lines(page.path))
	page.goesOn(stop, answered, "<li>9</li>")
}
