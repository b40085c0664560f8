package devenv

import (
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/build"
)

// Services that share a build have BuildKit asked once; another stage, or another image that is there, is another question.
func TestSharedBuilds(t *testing.T) {
	t.Parallel()
	var builds sharedBuilds
	asked := 0
	ask := func(service, target, image string) {
		request := build.Request{Service: service, Tags: []string{"shop-" + service}, Build: types.BuildConfig{Context: "/shop", Target: target}}
		same, err := builds.once(request, image, func() (bool, error) {
			asked++
			return target == "local", nil
		})
		if err != nil || same != (target == "local") {
			t.Errorf("%s: %v, %v", service, same, err)
		}
	}
	for _, question := range [][3]string{{"web", "local", "sha256:1"}, {"worker", "local", "sha256:1"}, {"beat", "prod", "sha256:1"}, {"cron", "local", "sha256:2"}} {
		ask(question[0], question[1], question[2])
	}
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
}
