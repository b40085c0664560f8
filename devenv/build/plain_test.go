package build

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	bk "github.com/moby/buildkit/client"
	"github.com/opencontainers/go-digest"
)

func at(seconds float64) *time.Time {
	moment := time.Unix(0, 0).Add(time.Duration(seconds * float64(time.Second)))
	return &moment
}

func vertexes(all ...*bk.Vertex) *bk.SolveStatus { return &bk.SolveStatus{Vertexes: all} }

func output(step digest.Digest, text string) *bk.SolveStatus {
	return &bk.SolveStatus{Logs: []*bk.VertexLog{{Vertex: step, Stream: 1, Data: []byte(text)}}}
}

// Two services share the step "deps": it is told once, under the name of the first.
func TestPlainLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		in := []digest.Digest{"in"}
		s := newScreen(t.Context(), Options{Out: &out})
		s.show("api", vertexes(&bk.Vertex{Digest: "ctx", Name: "[internal] load build context", Started: at(0)}))
		s.show("api", vertexes(&bk.Vertex{Digest: "work", Name: "[base 2/3] WORKDIR /src", Inputs: in, Started: at(0), Completed: at(0), Cached: true}))
		for _, service := range []string{"api", "web"} {
			s.show(service, vertexes(&bk.Vertex{Digest: "deps", Name: "[deps 3/3] RUN uv sync", Inputs: in, Started: at(1)}))
			s.show(service, output("deps", "Resolved 3 packages\r\nInstal"))
			s.show(service, output("deps", "led\nno newline"))
			s.show(service, vertexes(&bk.Vertex{Digest: "deps", Name: "[deps 3/3] RUN uv sync", Inputs: in, Started: at(1), Completed: at(3.21)}))
		}
		s.show("web", vertexes(&bk.Vertex{Digest: "bad", Name: "[4/4] RUN false", Inputs: in, Started: at(4), Completed: at(4), Error: "exit code: 1"}))
		s.close()
		want := "api: [deps 3/3] RUN uv sync\n" +
			"api:   Resolved 3 packages\n" +
			"api:   Installed\n" +
			"api:   no newline\n" +
			"api: [deps 3/3] RUN uv sync: done in 2.2s\n" +
			"web: [4/4] RUN false\n" +
			"web: [4/4] RUN false: failed after 0.0s\n"
		if out.String() != want {
			t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
		}
	})
}

// A secret is hidden wherever the engine tells it, also where a piece of output ends within it.
func TestMask(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		in := []digest.Digest{"in"}
		s := newScreen(t.Context(), Options{Out: &out})
		m := newMonitor(func(status *bk.SolveStatus) { s.show("api", status) }, func(text string) string {
			return strings.ReplaceAll(text, "hunter2", "***")
		})
		statuses := make(chan *bk.SolveStatus)
		go func() {
			defer close(statuses)
			statuses <- vertexes(&bk.Vertex{Digest: "run", Name: "[2/2] RUN echo hunter2", Inputs: in, Started: at(1)})
			for _, piece := range []string{"one hunter2\nhun", "ter", "2 two\r50% hunt", "er2\rthree hunte", "r2"} {
				statuses <- output("run", piece)
			}
			statuses <- vertexes(&bk.Vertex{Digest: "run", Name: "[2/2] RUN echo hunter2", Inputs: in, Started: at(1), Completed: at(2), Error: "hunter2"})
			statuses <- output("cut off", "hunter2")
		}()
		m.follow(statuses, func() {})
		s.close()
		want := "api: [2/2] RUN echo ***\napi:   one ***\napi:   *** two\r50% ***\rthree ***\napi: [2/2] RUN echo ***: failed after 1.0s\n"
		if out.String() != want {
			t.Errorf("got:\n%q\nwant:\n%q", out.String(), want)
		}
		kept := strings.Join(append(m.tail("run"), append(m.tail("cut off"), m.names["run"])...), "|")
		if kept != "one ***|three ***|***|[2/2] RUN echo ***" {
			t.Errorf("kept: %q", kept)
		}
	})
}

func TestNothingIsShownWhileAllIsCached(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		s := newScreen(t.Context(), Options{Out: &out})
		from := &bk.Vertex{Digest: "from", Name: "[1/2] FROM python", Started: at(0)}
		s.show("api", vertexes(from))
		s.close()
		if out.Len() > 0 {
			t.Errorf("shown: %s", out.String())
		}
		s = newScreen(t.Context(), Options{Out: &out})
		s.show("api", vertexes(from))
		time.Sleep(2 * patience) // in the bubble's time: the image is slow to come
		s.close()
		if out.String() != "api: [1/2] FROM python\n" {
			t.Errorf("shown: %q", out.String())
		}
	})
}
