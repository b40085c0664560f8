package build

import "testing"

// What `up` pays for a service whose image is current: DESIGN says under 100 ms.
func BenchmarkUnchanged(b *testing.B) {
	c := testEngine(b)
	req := request(b, c, "api", "Dockerfile", "FROM busybox:1.36 AS base\nRUN echo "+unique(b)+"\nFROM base AS local\nCOPY src /src\n", "src/a", "x", "src/b", "y")
	first := run(b, c, req)[0]
	b.Run("Run", func(b *testing.B) {
		for b.Loop() {
			run(b, c, req)
		}
	})
	b.Run("Current", func(b *testing.B) {
		for b.Loop() {
			if same, err := Current(b.Context(), c, req, first.ID, Options{}); err != nil || !same {
				b.Fatal(same, err)
			}
		}
	})
}
