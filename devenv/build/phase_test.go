package build

import (
	"context"
	"fmt"
	"testing"
	"time"

	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	digest "github.com/opencontainers/go-digest"
	bk "github.com/moby/buildkit/client"
)

type traced struct {
	gateway.Client
	t0 time.Time
	log func(string, ...any)
}

func (c traced) Solve(ctx context.Context, req gateway.SolveRequest) (*gateway.Result, error) {
	s := time.Now()
	r, err := c.Client.Solve(ctx, req)
	c.log("  solve at %v took %v", s.Sub(c.t0), time.Since(s))
	return r, err
}
func (c traced) ResolveImageConfig(ctx context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	s := time.Now()
	a, b, d, e := c.Client.ResolveImageConfig(ctx, ref, opt)
	c.log("  resolve %s at %v took %v", ref, s.Sub(c.t0), time.Since(s))
	return a, b, d, e
}

func TestPhases(t *testing.T) {
	c := testEngine(t)
	req := request(t, c, "api", "Dockerfile", "FROM busybox:1.36 AS base\nRUN echo "+unique(t)+"\nFROM base AS local\nCOPY src /src\n", "src/a", "x", "src/b", "y")
	run(t, c, req)
	for range 3 {
		t0 := time.Now()
		log := func(f string, a ...any) { t.Log(fmt.Sprintf(f, a...)) }
		e, _ := connect(t.Context(), c)
		log("connected %v", time.Since(t0))
		jobs, _ := newJobs([]Request{req}, e.facts(Options{}))
		j := jobs[0]
		so, _ := j.solveOpt(true)
		s, _ := newSession(t.Context(), j.recipe, Options{})
		go s.Run(t.Context(), e.dialSession)
		so.SharedSession, so.SessionPreInitialized = s, true
		f := frontend{recipe: j.recipe}
		log("prepared %v", time.Since(t0))
		st := make(chan *bk.SolveStatus)
		go func() { for x := range st { for _, v := range x.Vertexes { if v.Completed != nil { log("  vertex %s %v", v.Name, v.Completed.Sub(*v.Started)) } } } }()
		_, err := e.client.Build(t.Context(), so, "", func(ctx context.Context, g gateway.Client) (*gateway.Result, error) {
			log("gateway %v", time.Since(t0))
			r, err := f.run(ctx, traced{g, t0, log})
			log("frontend done %v", time.Since(t0))
			return r, err
		}, st)
		log("built %v %v", time.Since(t0), err)
		s.Close()
		e.close()
		log("closed %v", time.Since(t0))
	}
}
