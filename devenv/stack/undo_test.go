package stack

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/engine"
)

// Wherever a Converge is interrupted, what it added goes again, and what was there stays.
func TestUndoAfterInterruption(t *testing.T) {
	t.Parallel()
	for _, milliseconds := range []int{0, 100, 300, 600} {
		after := time.Duration(milliseconds) * time.Millisecond
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			old := sleeper("old")
			p := r.project(old)
			r.up(p)
			before, err := TakeSnapshot(t.Context(), r.eng, p.Name)
			r.must(err)

			db := sleeper("db")
			db.HealthCheck = healthcheck("exit 1", 1000)
			db.Volumes = []types.ServiceVolumeConfig{{Type: types.VolumeTypeVolume, Source: "data", Target: "/data"}}
			api := sleeper("api")
			api.DependsOn = dependsOn(types.ServiceConditionHealthy, "db")
			for _, s := range []*types.ServiceConfig{&db, &api} {
				s.Image, s.Networks = image, map[string]*types.ServiceNetworkConfig{"default": nil, "back": nil}
				p.Services[s.Name] = *s
			}
			p.Volumes = types.Volumes{"data": {Name: p.Name + "_data"}}
			p.Networks["back"] = types.NetworkConfig{Name: p.Name + "_back"}

			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(after, cancel)
			if err := r.stack.Converge(ctx, r.eng, p, ConvergeOptions{}); !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v", err)
			}
			r.must(Undo(t.Context(), r.eng, before, nil))
			now, err := r.eng.Holdings(t.Context(), p.Name)
			r.must(err)
			for _, pair := range [][2]map[string]string{
				{now.Containers, before.before.Containers},
				{now.Networks, before.before.Networks},
				{now.Volumes, before.before.Volumes},
			} {
				if !maps.Equal(pair[0], pair[1]) {
					t.Errorf("has %v, had %v", pair[0], pair[1])
				}
			}
			equal(t, r.states(p), []string{"old running"})
		})
	}
}

// A replacement interrupted at any moment leaves one container under the service's own name.
func TestUndoOfRecreate(t *testing.T) {
	t.Parallel()
	for _, milliseconds := range []int{50, 120, 250, 450} {
		after := time.Duration(milliseconds) * time.Millisecond
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			p := r.project(sleeper("api"))
			r.up(p)
			before, err := TakeSnapshot(t.Context(), r.eng, p.Name)
			r.must(err)
			api := p.Services["api"]
			api.Environment = types.NewMappingWithEquals([]string{"CHANGED=1"})
			p.Services["api"] = api

			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(after, cancel)
			err = r.stack.Converge(ctx, r.eng, p, ConvergeOptions{})
			if err != nil {
				r.must(Undo(t.Context(), r.eng, before, nil))
			}
			now, err := r.eng.Holdings(t.Context(), p.Name)
			r.must(err)
			equal(t, slices.Collect(maps.Values(now.Containers)), []string{p.Name + "-api-1"})
			if maps.Equal(now.Containers, before.before.Containers) {
				equal(t, r.states(p), []string{"api running"}) // it runs again, if it was stopped
			}
			r.up(p)
			equal(t, r.states(p), []string{"api running"})
		})
	}
}

// What ran before and was stopped runs again afterwards; where that is impossible it is said, not tried for ever. A
// one-off container stops nothing, so what has stopped beside it was stopped by somebody else.
func TestUndoStartsAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.project(sleeper("api"))
	r.up(p)
	before, err := TakeSnapshot(t.Context(), r.eng, p.Name)
	r.must(err)
	grace := time.Duration(0)
	stop := func() { r.must(r.stack.Stop(t.Context(), p.Name, Scope{Timeout: &grace})) }

	stop()
	r.must(TakeBack(t.Context(), r.eng, before, nil))
	equal(t, r.states(p), []string{"api exited"})
	r.must(Undo(t.Context(), r.eng, before, nil))
	equal(t, r.states(p), []string{"api running"})

	stop()
	for id := range before.before.Networks {
		r.must(r.eng.RemoveNetwork(t.Context(), id))
	}
	if err := Undo(t.Context(), r.eng, before, nil); err == nil || !strings.Contains(err.Error(), "network") {
		t.Errorf("got %v", err)
	}
}

func TestSuccessor(t *testing.T) {
	t.Parallel()
	const old = "0123456789ab"
	replace := map[string]string{engine.LabelReplace: "shop-api-1"}
	for name, c := range map[string]struct {
		container engine.Container
		now       map[string]string
		want      string
		takesOver bool
	}{
		"new service":     {engine.Container{Name: "shop-api-1"}, nil, "", false},
		"old still there": {engine.Container{Name: old + "_shop-api-1", Labels: replace}, map[string]string{old + "cdef": ""}, "", false},
		"old gone":        {engine.Container{Name: old + "_shop-api-1", Labels: replace}, nil, "shop-api-1", true},
		"renamed":         {engine.Container{Name: "shop-api-1", Labels: replace}, nil, "shop-api-1", true},
		"custom name":     {engine.Container{Name: old + "_my_api", Labels: replace}, nil, "my_api", true},
	} {
		got, takesOver := successor(&c.container, c.now)
		if got != c.want || takesOver != c.takesOver {
			t.Errorf("%s: got %q, %v", name, got, takesOver)
		}
	}
}
