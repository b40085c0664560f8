package build

import (
	"bytes"
	"strings"

	bk "github.com/moby/buildkit/client"
	"github.com/opencontainers/go-digest"
)

// tailLines is how many lines of a step's output an error shows.
const tailLines = 20

// monitor reads the status stream of one build. Only follow's goroutine writes; read it after follow returned.
type monitor struct {
	show       func(*bk.SolveStatus) // called with everything, or nil
	mask       *masking              // hides secrets before anything is kept or shown, or nil
	onlyCached bool                  // the first step that begins to execute stops the build
	names      map[digest.Digest]string
	ran        map[digest.Digest]bool
	tails      map[digest.Digest][]string
	failed     digest.Digest
}

func newMonitor(show func(*bk.SolveStatus), mask func(string) string) *monitor {
	return &monitor{
		show: show, mask: newMasking(mask),
		names: map[digest.Digest]string{}, ran: map[digest.Digest]bool{}, tails: map[digest.Digest][]string{},
	}
}

// follow reads until the build closes the stream; stop ends the build.
func (m *monitor) follow(statuses <-chan *bk.SolveStatus, stop func()) {
	for status := range statuses {
		m.mask.status(status)
		m.take(status)
		if m.onlyCached && m.worked() {
			stop()
		}
	}
	if rest := m.mask.rest(); len(rest) > 0 {
		m.take(&bk.SolveStatus{Logs: rest})
	}
}

// take keeps what is asked for later, and shows the rest.
func (m *monitor) take(status *bk.SolveStatus) {
	for _, v := range status.Vertexes {
		m.vertex(v)
	}
	for _, log := range status.Logs {
		m.tails[log.Vertex] = appendTail(m.tails[log.Vertex], log.Data)
	}
	if m.show != nil {
		m.show(status)
	}
}

func (m *monitor) vertex(v *bk.Vertex) {
	m.names[v.Digest] = v.Name
	if v.Error != "" && m.failed == "" && !harmless(v) {
		m.failed = v.Digest
	}
	if executing(v) {
		m.ran[v.Digest] = true
	}
}

// harmless is an error that does not fail the build, or only follows from another one.
func harmless(v *bk.Vertex) bool {
	return strings.Contains(v.Error, "context canceled") || strings.HasPrefix(v.Name, "importing cache manifest")
}

// executing says that a step runs or has run. What has no inputs is a source: the solver starts it to learn
// its cache key, also when all is cached; what has inputs it starts only to execute it.
func executing(v *bk.Vertex) bool {
	return v.Started != nil && !v.Cached && len(v.Inputs) > 0
}

// failure is the step that failed first, if one did.
func (m *monitor) failure() (digest.Digest, bool) { return m.failed, m.failed != "" }

// worked says that at least one step was executed.
func (m *monitor) worked() bool { return len(m.ran) > 0 }

// appendTail keeps the last lines of an output that comes in pieces; the last element is the line in progress.
func appendTail(tail []string, data []byte) []string {
	for i, piece := range bytes.Split(data, []byte("\n")) {
		if i > 0 || len(tail) == 0 {
			tail = append(tail, "")
		}
		tail[len(tail)-1] += string(piece)
	}
	return tail[max(0, len(tail)-tailLines-1):]
}

// tail is the end of a step's output, without empty lines at its end.
func (m *monitor) tail(step digest.Digest) []string {
	var lines []string
	for _, line := range m.tails[step] {
		if i := strings.LastIndex(strings.TrimRight(line, "\r"), "\r"); i >= 0 {
			line = line[i+1:] // a progress bar: its last state
		}
		lines = append(lines, strings.TrimRight(line, "\r \t"))
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines[max(0, len(lines)-tailLines):]
}
