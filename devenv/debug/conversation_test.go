package debug

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the conversations decide now into testdata")

// Every file in testdata/conversations is one conversation. A line is something that happens, and the indented lines below it are what the proxy
// does about it:
//
//	> setBreakpoints {...}      the client asks
//	>> runInTerminal {...}      the client answers
//	< threads {...}             the process answers the oldest such request; "< evaluate failed" refuses it
//	<- stopped {...}            the process sends an event
//	<< runInTerminal {...}      the process asks
//	! connected p1              anything else: connected, lost, left, replaced, let go, delayed, closed
func TestConversations(t *testing.T) {
	files, _ := filepath.Glob("testdata/conversations/*.txt")
	if len(files) == 0 {
		t.Fatal("no conversations")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := perform(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// stage performs a conversation and remembers who may still answer what.
type stage struct {
	t            *testing.T
	conversation *conversation
	seq          int
	asked        []message // of the process
	told         []message // requests to the client
}

func perform(t *testing.T, script string) string {
	s := &stage{t: t, conversation: newConversation("api")}
	var out strings.Builder
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "  ") {
			continue
		}
		out.WriteString(line + "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		for _, effect := range s.conversation.step(s.happened(line)) {
			out.WriteString("  " + effect.String() + "\n")
			s.note(effect)
		}
	}
	return out.String()
}

func (s *stage) happened(line string) any {
	mark, rest, _ := strings.Cut(line, " ")
	name, content, _ := strings.Cut(rest, " ")
	if mark == "!" {
		return s.other(name, content)
	}
	s.seq++
	m := message{seq: s.seq, name: name, success: true, fields: map[string]json.RawMessage{}}
	field := "body"
	switch mark {
	case ">", "<<":
		m.kind, field = "request", "arguments"
	case "<-":
		m.kind = "event"
	case "<":
		m.kind, m.requestSeq = "response", s.take(&s.asked, name)
	case ">>":
		m.kind, m.requestSeq = "response", s.take(&s.told, name)
	default:
		s.t.Fatalf("%q: what happens?", line)
	}
	if content == "failed" {
		m.success = false
		m.fields["message"] = encoded("no")
	} else if content != "" {
		m.fields[field] = json.RawMessage(content)
	}
	switch {
	case mark == ">" && s.conversation.phase == idle:
		return arrived{"vim", m}
	case mark[0] == '>':
		return heard{m}
	}
	return answered{m}
}

func (s *stage) other(name, rest string) any {
	switch name {
	case "connected":
		return connected{rest}
	case "lost":
		return lost{}
	case "left":
		return left{}
	case "replaced":
		return replace{rest}
	case "let":
		return letGo{}
	case "delayed":
		return delayed{rest}
	case "closed":
		return closed{rest}
	}
	s.t.Fatalf("%q happens?", name)
	return nil
}

// take is the seq of the oldest request of that name that nobody answered, 0 if there is none.
func (s *stage) take(from *[]message, name string) int {
	for i, m := range *from {
		if m.name == name {
			*from = append((*from)[:i:i], (*from)[i+1:]...)
			return m.seq
		}
	}
	return 0
}

func (s *stage) note(effect effect) {
	switch e := effect.(type) {
	case ask:
		if e.message.kind == "request" {
			s.asked = append(s.asked, e.message)
		}
	case tell:
		if e.message.kind == "request" {
			s.told = append(s.told, e.message)
		}
	case dial:
		s.asked = nil
	}
}
