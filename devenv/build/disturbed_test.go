package build

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Whoever asks whether images are current, side by side and again and again, disturbs neither a build of the same steps
// nor the others who ask.
func TestReadersDisturbNobody(t *testing.T) {
	t.Parallel()
	c := testEngine(t)
	req := request(t, c, "web", "Dockerfile", "FROM busybox:1.36\nCOPY . /app\n"+strings.Repeat("RUN true\n", 3))
	id := run(t, c, req)[0].ID
	for i := range 6 {
		text := fmt.Sprint(unique(t), i)
		if err := os.WriteFile(filepath.Join(req.Build.Context, "file"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		var readers sync.WaitGroup
		for reader := range 4 {
			readers.Go(func() {
				same := req
				same.Labels = map[string]string{"reader": fmt.Sprint(reader)}
				if _, err := Current(t.Context(), c, same, id, Options{}); err != nil {
					t.Errorf("a reader: %v", err)
				}
			})
		}
		id = run(t, c, req)[0].ID
		readers.Wait()
	}
}
