package build

import (
	"fmt"
	"os"
	"testing"

	bk "github.com/moby/buildkit/client"
	"github.com/tonistiigi/fsutil"
)

func TestTmpEmbedded(t *testing.T) {
	for i := range 6 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			embedded(t)
		})
	}
}

func embedded(t *testing.T) {
	c := testEngine(t)
	dir := write(t, "Dockerfile", "FROM busybox:1.36 AS base\nRUN echo "+unique(t)+" > /n\nFROM base AS local\nCOPY a /a\n", "a", "x")
	e, err := connect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if os.Getenv("OWN") != "" {
			req := request(t, c, "api", "x", "x")
			req.Build.Context = dir
			r, err := Run(t.Context(), c, []Request{req}, Options{})
			t.Log(r[0].Cached, err)
			continue
		}
		fs, _ := fsutil.NewFS(dir)
		m := newMonitor(nil)
		ch := make(chan *bk.SolveStatus)
		done := make(chan struct{})
		go func() { m.follow(ch, func() {}); close(done) }()
		_, err := e.client.Solve(t.Context(), nil, bk.SolveOpt{Frontend: "dockerfile.v0", FrontendAttrs: map[string]string{}, LocalMounts: map[string]fsutil.FS{"context": fs, "dockerfile": fs}, Exports: []bk.ExportEntry{{Type: "moby", Attrs: map[string]string{}}}}, ch)
		<-done
		t.Log(!m.worked(), err)
	}
}
