package build

import (
	"bytes"
	"slices"

	bk "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"
)

// masking hides secrets in a status stream where it comes in, before anything is kept or shown. A step's output comes
// in pieces that end anywhere, so the begin of a line is held back until the line is whole or the step has ended. A
// nil masking leaves everything as it is.
type masking struct {
	text func(string) string
	held map[logStream][]byte
}

// logStream is one of the outputs of a step.
type logStream struct {
	step   digest.Digest
	number int // 1 is stdout, 2 is stderr
}

func newMasking(text func(string) string) *masking {
	if text == nil {
		return nil
	}
	return &masking{text: text, held: map[logStream][]byte{}}
}

// status masks all that a message says, in place.
func (m *masking) status(status *bk.SolveStatus) {
	if m == nil {
		return
	}
	for _, s := range status.Statuses {
		s.ID, s.Name = m.text(s.ID), m.text(s.Name)
	}
	for _, w := range status.Warnings {
		m.warning(w)
	}
	for _, log := range status.Logs {
		log.Data = m.lines(logStream{log.Vertex, log.Stream}, log.Data)
	}
	for _, v := range status.Vertexes {
		v.Name, v.Error = m.text(v.Name), m.text(v.Error)
		if v.Completed != nil {
			status.Logs = append(status.Logs, m.end(v.Digest)...)
		}
	}
}

// warning carries the Dockerfile's text for whoever wants to quote it.
func (m *masking) warning(w *bk.VertexWarning) {
	w.Short = m.bytes(w.Short)
	for i := range w.Detail {
		w.Detail[i] = m.bytes(w.Detail[i])
	}
	if from := w.SourceInfo; from != nil {
		w.SourceInfo = &pb.SourceInfo{Filename: from.Filename, Data: m.bytes(from.Data), Definition: from.Definition, Language: from.Language}
	}
}

// lines are the whole lines of what came so far, masked; a carriage return ends one too, as that of a progress bar.
func (m *masking) lines(from logStream, data []byte) []byte {
	all := slices.Concat(m.held[from], data)
	end := bytes.LastIndexAny(all, "\r\n") + 1
	m.held[from] = all[end:]
	return m.bytes(all[:end:end])
}

// end is what is held of a step that has ended.
func (m *masking) end(step digest.Digest) []*bk.VertexLog {
	var logs []*bk.VertexLog
	for _, number := range []int{1, 2} {
		from := logStream{step, number}
		if rest := m.held[from]; len(rest) > 0 {
			logs = append(logs, &bk.VertexLog{Vertex: step, Stream: number, Data: m.bytes(rest)})
		}
		delete(m.held, from)
	}
	return logs
}

// rest is what is held of steps whose end was not told.
func (m *masking) rest() []*bk.VertexLog {
	if m == nil {
		return nil
	}
	var logs []*bk.VertexLog
	for from := range m.held {
		logs = append(logs, m.end(from.step)...)
	}
	return logs
}

func (m *masking) bytes(text []byte) []byte { return []byte(m.text(string(text))) }
