package plan_test

import (
	"fmt"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"devenv/devenv/plan"
)

// Every host port of a container port is told, and whose volume it is that is shared.
func TestDifferences(t *testing.T) {
	made := func(shared types.Volumes, ports ...string) plan.Plan {
		service := types.ServiceConfig{Name: "db", Image: "postgres", Volumes: []types.ServiceVolumeConfig{{Type: "volume", Source: "data", Target: "/data"}}}
		for _, port := range ports {
			service.Ports = append(service.Ports, types.ServicePortConfig{Target: 5432, Published: port, Protocol: "tcp"})
		}
		return plan.Plan{Project: &types.Project{Services: types.Services{"db": service}}, Shared: shared}
	}
	in := plan.Input{Project: &types.Project{Name: "shop-fix"}}
	got := plan.Differences(in, made(nil, "5432"), made(types.Volumes{"data": {Name: "shop_data"}}, "5433", "5434"))
	want := "[db.mount /data: data -> shop_data (shared) db.port 5432: 5432:5432 -> 5433:5432, 5434:5432]"
	if fmt.Sprint(got) != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
}
