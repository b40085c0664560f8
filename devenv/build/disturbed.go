package build

import (
	"context"
	"regexp"
	"time"

	bk "github.com/moby/buildkit/client"
)

// disturbed is what BuildKit says when a solve runs a COPY or ADD that another solve had begun and was cancelled in, as
// Current cancels its own: solves share the steps that are equal, and FileOpSolver.Solve (solver/llbsolver/ops/file.go)
// still has the outputs of the first run. The step is forgotten when no solve has it any more, so a new solve goes well.
var disturbed = regexp.MustCompile(`duplicate output \d+`)

// Readers come and go: the step of one may be handed to the next a few times.
const (
	disturbedMost  = 20
	disturbedPause = 50 * time.Millisecond
)

// undisturbed solves until the solve fails by itself or succeeds: to ask whether an image is current must not break the
// build of another devenv.
func (j *job) undisturbed(ctx context.Context, solve func() (*solution, *monitor, error)) (*solution, *monitor, error) {
	for tries := 1; ; tries++ {
		made, watch, err := solve()
		if err == nil || tries == disturbedMost || !disturbed.MatchString(err.Error()) {
			return made, watch, err
		}
		select {
		case <-time.After(disturbedPause):
		case <-ctx.Done():
			return made, watch, ctx.Err()
		}
	}
}

// calm is a status without the errors that undisturbed answers.
func calm(status *bk.SolveStatus) *bk.SolveStatus {
	out := *status
	out.Vertexes = nil
	for _, v := range status.Vertexes {
		if disturbed.MatchString(v.Error) {
			copied := *v
			copied.Error = ""
			v = &copied
		}
		out.Vertexes = append(out.Vertexes, v)
	}
	return &out
}
