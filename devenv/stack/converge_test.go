package stack

import (
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

// A project comes up in the order of its conditions, stays as it is when asked again, and goes without a trace.
func TestConvergeAndDown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	db := sleeper("db")
	db.HealthCheck = healthcheck("true", 3)
	migrate := sh("migrate", "exit 0")
	migrate.DependsOn = dependsOn(types.ServiceConditionHealthy, "db")
	api := sleeper("api")
	api.DependsOn = dependsOn(types.ServiceConditionCompletedSuccessfully, "migrate")
	p := r.project(db, migrate, api)

	r.up(p)
	equal(t, r.states(p), []string{"api running", "db running", "migrate exited"})
	if !r.events.contains("Container " + p.Name + "-api-1: Started") {
		t.Errorf("no start was reported: %v", r.events.lines)
	}

	before, err := r.eng.Containers(t.Context(), p.Name)
	r.must(err)
	r.up(p)
	after, err := r.eng.Containers(t.Context(), p.Name)
	r.must(err)
	for i := range before {
		if before[i].ID != after[i].ID {
			t.Errorf("%s was recreated though nothing changed", before[i].Name)
		}
	}

	r.must(r.stack.Down(t.Context(), p.Name, DownOptions{Volumes: true}))
	left, err := r.eng.Holdings(t.Context(), p.Name)
	r.must(err)
	if n := len(left.Containers) + len(left.Networks) + len(left.Volumes); n != 0 {
		t.Errorf("down left %v", left)
	}
}

// A narrowed project leaves the other services alone; orphans go when asked.
func TestConvergeServices(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	api, web := sleeper("api"), sleeper("web")
	api.DependsOn = dependsOn(types.ServiceConditionStarted, "db")
	web.DependsOn = dependsOn(types.ServiceConditionStarted, "api")
	p := r.project(sleeper("db"), api, web)
	for _, step := range []struct {
		service string
		options types.DependencyOption
		want    []string
	}{
		{"web", types.IgnoreDependencies, []string{"web running"}},
		{"api", types.IncludeDependencies, []string{"api running", "db running", "web running"}},
	} {
		narrowed, err := p.WithSelectedServices([]string{step.service}, step.options)
		r.must(err)
		r.must(r.converge(narrowed, ConvergeOptions{RemoveOrphans: true}))
		equal(t, r.states(p), step.want)
	}
	delete(p.Services, "web")
	r.must(r.converge(p, ConvergeOptions{RemoveOrphans: true}))
	equal(t, r.states(p), []string{"api running", "db running"})
}

// A service whose configuration changed is replaced, under its name; the others stay as they are.
func TestConvergeReplacesWhatDiverged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.project(sleeper("api"), sleeper("db"))
	r.up(p)
	before, err := r.eng.Containers(t.Context(), p.Name)
	r.must(err)
	api := p.Services["api"]
	api.Environment = types.NewMappingWithEquals([]string{"MODE=prod"})
	p.Services["api"] = api
	r.up(p)
	after, err := r.eng.Containers(t.Context(), p.Name)
	r.must(err)
	if len(after) != 2 || after[0].ID == before[0].ID || after[0].Name != before[0].Name || after[1].ID != before[1].ID {
		t.Errorf("before %v\nafter %v", before, after)
	}
}
