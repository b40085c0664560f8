package stack

import (
	"maps"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

// Changes says of each service what Converge would do, in agreement with what Compose then does.
func TestChanges(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	shares := sleeper("shares")
	shares.NetworkMode, shares.DependsOn = "service:api", dependsOn(types.ServiceConditionStarted, "api")
	p := r.project(sleeper("api"), sleeper("db"), shares)
	r.changes(p, map[string]string{"api": "has no container yet", "db": "has no container yet", "shares": "has no container yet"})
	r.up(p)
	r.changes(p, map[string]string{})
	r.must(r.stack.Stop(t.Context(), p.Name, Scope{Project: p, Services: []string{"db"}}))
	r.changes(p, map[string]string{"db": "does not run"})
	level := "debug"
	api := p.Services["api"]
	api.Environment = types.MappingWithEquals{"LEVEL": &level}
	p.Services["api"] = api
	r.changes(p, map[string]string{"api": "is configured otherwise than its container", "db": "does not run"})
	r.up(p)
	r.changes(p, map[string]string{})
}

func (r *rig) changes(p *types.Project, want map[string]string) {
	r.Helper()
	got, err := Changes(r.Context(), r.eng, p)
	r.must(err)
	if !maps.Equal(got, want) {
		r.Errorf("got %v, want %v", got, want)
	}
}
