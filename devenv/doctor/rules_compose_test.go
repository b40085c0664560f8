package doctor

import (
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

// What is waited for is health, or the end of a job.
func TestReadiness(t *testing.T) {
	ports := []types.ServicePortConfig{{Target: 80}}
	const healthy, ended = "x: {condition: service_healthy}", "x: {condition: service_completed_successfully}"
	for _, c := range []struct {
		service types.ServiceConfig
		checked bool
		want    string
	}{
		{types.ServiceConfig{Restart: "no"}, true, healthy},
		{types.ServiceConfig{Restart: "no"}, false, ended},
		{types.ServiceConfig{Command: []string{"true"}}, false, ended},
		{types.ServiceConfig{Restart: "no", Ports: ports}, false, "give x a healthcheck, then " + healthy},
		{types.ServiceConfig{Restart: "always"}, false, "give x a healthcheck, then " + healthy},
		{types.ServiceConfig{}, false, "give x a healthcheck, then " + healthy + "; if it ends by itself, " + ended},
	} {
		c.service.Name = "x"
		if got := readiness(c.service, c.checked); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}
