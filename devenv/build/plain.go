package build

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	bk "github.com/moby/buildkit/client"
	"github.com/opencontainers/go-digest"
)

// plain prints a line when a step begins, when it says something and when it ends, each behind the service's
// name. Cached steps are not told.
type plain struct {
	out   io.Writer
	steps map[digest.Digest]*plainStep
}

type plainStep struct {
	name    string
	told    bool   // its begin was printed
	ended   bool   // its end was printed
	partial string // output without its newline yet
}

func newPlain(out io.Writer) *plain {
	return &plain{out: out, steps: map[digest.Digest]*plainStep{}}
}

func (p *plain) draw(u update) {
	for _, v := range u.status.Vertexes {
		p.begin(u.owner, v)
	}
	for _, log := range u.status.Logs {
		p.output(u.owner, p.step(log.Vertex), log.Data)
	}
	for _, v := range u.status.Vertexes {
		p.end(u.owner, v)
	}
}

func (p *plain) close() {}

func (p *plain) step(id digest.Digest) *plainStep {
	if p.steps[id] == nil {
		p.steps[id] = &plainStep{}
	}
	return p.steps[id]
}

func (p *plain) begin(owner string, v *bk.Vertex) {
	step := p.step(v.Digest)
	step.name = strings.Join(strings.Fields(v.Name), " ")
	if !step.told && (executing(v) || downloading(v)) {
		step.told = true
		p.line(owner, step.name)
	}
}

// downloading is a base image that is fetched, or the export: they are worth a line, a cached one is not.
func downloading(v *bk.Vertex) bool {
	running := v.Started != nil && v.Completed == nil && !v.Cached
	return running && (strings.Contains(v.Name, "] FROM ") || strings.HasPrefix(v.Name, "exporting to"))
}

func (p *plain) output(owner string, step *plainStep, data []byte) {
	lines := strings.Split(step.partial+string(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))), "\n")
	step.partial = lines[len(lines)-1]
	for _, line := range lines[:len(lines)-1] {
		p.line(owner, "  "+line)
	}
}

func (p *plain) end(owner string, v *bk.Vertex) {
	step := p.step(v.Digest)
	if v.Completed == nil || !step.told || step.ended {
		return
	}
	step.ended = true
	if step.partial != "" {
		p.line(owner, "  "+step.partial)
	}
	took := v.Completed.Sub(*v.Started).Round(100 * time.Millisecond).Seconds()
	switch {
	case strings.HasSuffix(v.Error, "context canceled"):
		p.line(owner, fmt.Sprintf("%s: stopped", step.name))
	case v.Error != "":
		p.line(owner, fmt.Sprintf("%s: failed after %.1fs", step.name, took))
	default:
		p.line(owner, fmt.Sprintf("%s: done in %.1fs", step.name, took))
	}
}

func (p *plain) line(owner, text string) {
	_, _ = fmt.Fprintf(p.out, "%s: %s\n", owner, strings.TrimRight(text, " \t\r")) // a reader that went away is not told
}
