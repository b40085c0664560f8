package stack

import (
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// four is the stack of the measurements: a database with a healthcheck, two services that wait for it, and a proxy.
func four() []types.ServiceConfig {
	db := sleeper("db")
	db.HealthCheck = healthcheck("true", 3)
	api, worker, web := sleeper("api"), sleeper("worker"), sleeper("web")
	api.DependsOn = dependsOn(types.ServiceConditionHealthy, "db")
	worker.DependsOn = dependsOn(types.ServiceConditionHealthy, "db")
	web.DependsOn = dependsOn(types.ServiceConditionStarted, "api")
	return []types.ServiceConfig{db, api, worker, web}
}

// BenchmarkUnchanged is Converge and WaitHealthy of four running services.
func BenchmarkUnchanged(b *testing.B) {
	r := newRig(b)
	p := r.project(four()...)
	r.up(p)
	for b.Loop() {
		r.up(p)
		r.must(r.stack.WaitHealthy(b.Context(), r.eng, p, WaitOptions{}))
	}
}

// BenchmarkCold is Converge of four services whose images are there and whose containers are not.
func BenchmarkCold(b *testing.B) {
	r := newRig(b)
	p := r.project(four()...)
	none := time.Duration(0)
	for b.Loop() {
		r.up(p)
		b.StopTimer()
		r.must(r.stack.Down(b.Context(), p.Name, DownOptions{Scope: Scope{Timeout: &none}, Volumes: true}))
		b.StartTimer()
	}
}
