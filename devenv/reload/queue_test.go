package reload_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"devenv/devenv/reload"
	"devenv/devenv/watch"
)

func action(verb reload.Verb, service string, paths ...string) reload.Action {
	a := reload.Action{Verb: verb, Service: service}
	for _, path := range paths {
		a.Causes = append(a.Causes, reload.Cause{Path: path, Rule: "r"})
	}
	return a
}

func text(actions []reload.Action) string {
	var all []string
	for _, a := range actions {
		all = append(all, a.String())
	}
	return strings.Join(all, "; ")
}

// What is decided while an action runs is done after it, merged; what failed is done again with the next change, and
// not before; a file that concerns nobody is no such change.
func TestQueue(t *testing.T) {
	t.Parallel()
	var q reload.Queue
	expect := func(want string) []reload.Action {
		t.Helper()
		next := q.Next()
		if text(next) != want {
			t.Errorf("next is %q, want %q", text(next), want)
		}
		return next
	}
	expect("")
	q.Add([]reload.Action{action(reload.Reload, "api", "/a.py")})
	running := expect("reload api: /a.py (r)")
	q.Add([]reload.Action{action(reload.Reload, "api", "/b.py")})
	q.Add([]reload.Action{action(reload.Reload, "api", "/b.py", "/c.py"), action(reload.Rebuild, "web", "/Dockerfile")})
	expect("") // one at a time
	q.Done(running)
	running = expect("rebuild web: /Dockerfile (r); reload api: /a.py and 2 more (r)")
	q.Done(running[:1])
	expect("")
	q.Add([]reload.Action{action(reload.Nothing, "", "/notes.txt")})
	expect("nothing: /notes.txt (r)")
	q.Done(nil)
	q.Add([]reload.Action{action(reload.Recreate, "web", "/web.env")})
	expect("rebuild web: /Dockerfile and 1 more (r)")
	q.Done(nil)
	q.Retry() // nothing has failed
	expect("")
	q.Add([]reload.Action{action(reload.Provision, "api", "/uv.lock")})
	q.Done(q.Next())
	q.Retry() // the container is back
	if q.Empty() {
		t.Error("what is to be tried again is not done")
	}
	expect("uv sync api: /uv.lock (r)")
	q.Done(nil)
	if !q.Empty() {
		t.Error("nothing is left to do")
	}
}

// The journal answers for a file and for a folder, and forgets the oldest.
func TestJournal(t *testing.T) {
	t.Parallel()
	j := reload.NewJournal(3)
	at := time.Unix(1, 0)
	j.Record(at, action(reload.Reload, "api", "/old.py"), nil, time.Millisecond)
	j.Record(at, action(reload.Reload, "api", "/src/a.py", "/src/b.py"), nil, 47*time.Millisecond)
	j.Record(at, action(reload.Rebuild, "api", "/src/a.py"), errors.New("exit code: 1"), time.Second)
	var got []string
	for _, e := range append(j.About("/src"), j.About("/src/a.py")...) {
		got = append(got, fmt.Sprint(e.Path, " ", e.Rule, " ", e.Verb, " ", e.Result, " ", e.Took))
	}
	want := "/src/a.py r reload done 47ms\n/src/b.py r reload done 47ms\n/src/a.py r rebuild exit code: 1 1s\n" +
		"/src/a.py r reload done 47ms\n/src/a.py r rebuild exit code: 1 1s"
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if len(j.About("")) != 3 || len(j.About("/old.py")) != 0 || len(j.About("/sr")) != 0 {
		t.Error("the oldest entry is still there, or a name is taken for a folder")
	}
}

// A checkout of 30,000 files is decided as fast as it can be noticed.
func TestManyChanges(t *testing.T) {
	t.Parallel()
	var batch watch.Batch
	for i := range 30_000 {
		batch.Changes = append(batch.Changes, watch.Change{Path: fmt.Sprintf("/shop/src/%d/m%d.py", i%100, i)})
	}
	start := time.Now()
	actions := reload.Decide(batch, shop())
	if len(actions) != 2 || len(actions[0].Causes) != 30_000 {
		t.Error(text(actions))
	}
	t.Logf("30,000 changes decided in %v", time.Since(start).Round(time.Millisecond))
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}
