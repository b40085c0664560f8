package debug

import (
	"bufio"
	"fmt"
	"strings"
	"testing"
)

func TestMessagesKeepWhatTheyHold(t *testing.T) {
	for _, raw := range []string{
		`{"seq":7,"arguments":{"z":1.50,"a":"<\u00e9>","big":12345678901234567890},"command":"attach","type":"request"}`,
		`{"seq":7,"request_seq":3,"body":{"result":"x"},"command":"evaluate","extra":{"not":"in the protocol"},"success":true,"type":"response"}`,
		`{"seq":7,"event":"debugpySockets","type":"event"}`,
	} {
		m, err := parse([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(m.encode()); got != raw {
			t.Errorf("got  %s\nwant %s", got, raw)
		}
	}
}

func TestRead(t *testing.T) {
	long := fmt.Sprintf(`{"seq":1,"type":"event","event":"output","body":{"output":%q}}`, strings.Repeat("x", 5<<20))
	for _, test := range []struct{ name, wire, want, fails string }{
		{"a message", "Content-Length: 40\r\n\r\n" + `{"seq":1,"type":"request","command":"a"}`, "request a", ""},
		{"other headers", "Content-Type: json\r\ncontent-length: 40\r\n\r\n" + `{"seq":1,"type":"request","command":"a"}`, "request a", ""},
		{"longer than go-dap reads", fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(long), long), "event output", ""},
		{"a browser", "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", "", "malformed"},
		{"no length", "Content-Type: json\r\n\r\n", "", `Content-Length ""`},
		{"no end", "Content-Length: 999999999999\r\n\r\n", "", "Content-Length"},
		{"no message", "Content-Length: 2\r\n\r\n{}", "", "not a DAP message"},
		{"cut off", "Content-Length: 40\r\n\r\n{", "", "EOF"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := read(bufio.NewReader(strings.NewReader(test.wire)))
			switch {
			case test.fails == "" && err != nil, test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)):
				t.Errorf("error %v, want %q", err, test.fails)
			case !strings.HasPrefix(m.text(), test.want):
				t.Errorf("got %.60s", m.text())
			}
		})
	}
}

// Ids are replaced where the protocol has ids, and nothing else is touched.
func TestRewrite(t *testing.T) {
	double := func(is sort, id int) int {
		if is == breakpointID {
			return -id
		}
		return 100 + id
	}
	for raw, want := range map[string]string{
		`{"threads":[{"id":1,"name":"1"}]}`:                                               `{"threads":[{"id":101,"name":"1"}]}`,
		`{"stackFrames":[{"id":2,"line":3,"source":{"sourceReference":4}}]}`:              `{"stackFrames":[{"id":102,"line":3,"source":{"sourceReference":104}}]}`,
		`{"variables":[{"variablesReference":5,"value":"<5>","indexedVariables":9}]}`:     `{"variables":[{"indexedVariables":9,"value":"<5>","variablesReference":105}]}`,
		`{"hitBreakpointIds":[1,2],"threadId":3,"allThreadsStopped":true}`:                `{"allThreadsStopped":true,"hitBreakpointIds":[-1,-2],"threadId":103}`,
		`{"breakpoint":{"id":1,"line":2},"reason":"changed"}`:                             `{"breakpoint":{"id":-1,"line":2},"reason":"changed"}`,
		`{"modules":[{"id":1}],"targets":[{"id":2}],"n":1.50,"big":12345678901234567890}`: `{"big":12345678901234567890,"modules":[{"id":1}],"n":1.50,"targets":[{"id":2}]}`,
		`{"threadIds":[1,2]}`: `{"threadIds":[101,102]}`,
	} {
		if got := string(rewrite([]byte(raw), double)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// What the proxy spends on one answer with 200 variables, the largest that editors ask for at once.
func BenchmarkVariables(b *testing.B) {
	one := `{"name":"value","value":"{'some': 'text of a usual length', 'and': [1, 2, 3]}","type":"dict","evaluateName":"value","variablesReference":7}`
	raw := []byte(`{"seq":1,"type":"response","request_seq":2,"success":true,"command":"variables","body":{"variables":[` +
		strings.Repeat(one+",", 199) + one + `]}}`)
	c := newConversation("api")
	c.ids.base = 1000
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		m, err := parse(raw)
		if err != nil {
			b.Fatal(err)
		}
		c.toClient(m).encode()
	}
}
