package project_test

import (
	"fmt"
	"strings"
	"testing"

	"devenv/devenv/project"
)

// large is a project of 200 services such as they are written: build, ports, environment, an env file, a health check.
func large(t testing.TB) project.Request {
	t.Helper()
	var files strings.Builder
	files.WriteString("-- compose.yaml --\nx-env: &env\n  LOG_LEVEL: ${LOG_LEVEL:-info}\n  TZ: UTC\nservices:\n")
	for i := range 200 {
		fmt.Fprintf(&files, `  service%[1]d:
    build: {context: ./service%[1]d, target: local, args: {N: "%[1]d"}}
    image: registry/service%[1]d:${TAG:-main}
    command: uvicorn app.main:app --host 0.0.0.0 --port 8000
    ports: ["%[2]d:8000"]
    volumes: ["./service%[1]d/src:/src", "data%[1]d:/data"]
    env_file: common.env
    environment:
      <<: *env
      DATABASE_URL: postgresql+asyncpg://app:${POSTGRES_PASSWORD}@db/app%[1]d
    healthcheck: {test: [CMD, curl, -f, "http://localhost:8000/health"], interval: 5s}
    depends_on: {%[3]s}
`, i, 10000+i, dependency(i))
	}
	files.WriteString("volumes:\n")
	for i := range 200 {
		fmt.Fprintf(&files, "  data%d: {}\n", i)
	}
	files.WriteString("-- common.env --\nA=1\nB=${A}2\nC='three'\n-- .env --\nPOSTGRES_PASSWORD=hunter22")
	dir := folder(t, files.String())
	return project.Request{Dir: dir, Env: []string{"PWD=" + dir}}
}

func dependency(i int) string {
	if i == 0 {
		return ""
	}
	return fmt.Sprintf("service%d: {condition: service_healthy}", i-1)
}

// BenchmarkConfig is `devenv config` without the process around it; the budget is `docker compose config`.
func BenchmarkConfig(b *testing.B) {
	req := large(b)
	for _, show := range []bool{true, false} {
		b.Run(fmt.Sprintf("secrets=%v", show), func(b *testing.B) {
			for b.Loop() {
				loaded, err := project.Load(b.Context(), req)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := loaded.Marshal("yaml", show); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkExplain adds what an explanation costs.
func BenchmarkExplain(b *testing.B) {
	loaded, err := project.Load(b.Context(), large(b))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := loaded.Explain("service100.DATABASE_URL", project.ExplainOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
