package debug

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
)

// largest is the length of a message, in bytes, above which a peer is not speaking DAP. go-dap's own reader stops at 4 MiB, which one long
// string in an `evaluate` of the clipboard exceeds.
const largest = 256 << 20

// message is one DAP message: what is needed to route it, decoded, and every field as it came, known or not.
type message struct {
	kind       string // "request", "response" or "event"
	seq        int
	requestSeq int    // of a response
	name       string // the command of a request or a response, the name of an event
	success    bool   // of a response

	fields map[string]json.RawMessage // all top-level fields, except seq and request_seq which each side counts anew
}

func parse(raw []byte) (message, error) {
	var m message
	if err := json.Unmarshal(raw, &m.fields); err != nil {
		return message{}, fmt.Errorf("not a DAP message: %w", err)
	}
	m.take("type", &m.kind)
	m.take("seq", &m.seq)
	m.take("request_seq", &m.requestSeq)
	m.take("success", &m.success)
	m.take("command", &m.name)
	m.take("event", &m.name)
	delete(m.fields, "seq")
	delete(m.fields, "request_seq")
	if m.kind == "" || m.name == "" {
		return message{}, fmt.Errorf("not a DAP message: %.80s", raw)
	}
	return m, nil
}

func (m message) take(field string, into any) {
	if raw, ok := m.fields[field]; ok {
		_ = json.Unmarshal(raw, into) // a field of another type than the protocol's counts as absent
	}
}

// encode writes the fields as they came, so that what the protocol does not name survives.
func (m message) encode() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, `{"seq":%d`, m.seq)
	if m.kind == "response" {
		fmt.Fprintf(&out, `,"request_seq":%d`, m.requestSeq)
	}
	for _, field := range slices.Sorted(maps.Keys(m.fields)) {
		out.WriteByte(',')
		out.WriteString(strconv.Quote(field))
		out.WriteByte(':')
		out.Write(m.fields[field])
	}
	out.WriteByte('}')
	return out.Bytes()
}

// payload is the field that carries the message's own content.
func (m message) payload() (field string, raw json.RawMessage) {
	field = "body"
	if m.kind == "request" {
		field = "arguments"
	}
	return field, m.fields[field]
}

// with is m with one field replaced; m keeps its own.
func (m message) with(field string, value any) message {
	m.fields = maps.Clone(m.fields)
	m.fields[field] = encoded(value)
	return m
}

// text is the message without its numbers, for logs and tests: `request evaluate {"expression":"n"}`.
func (m message) text() string {
	words := []string{m.kind, m.name}
	if m.kind == "response" && !m.success {
		var reason string
		m.take("message", &reason)
		return strings.Join(append(words, "failed", strconv.Quote(reason)), " ")
	}
	if _, raw := m.payload(); len(raw) > 0 {
		words = append(words, string(raw))
	}
	return strings.Join(words, " ")
}

// newRequest is a request of the proxy's own; arguments may be nil.
func newRequest(command string, arguments any) message {
	m := message{kind: "request", name: command, fields: map[string]json.RawMessage{"type": encoded("request"), "command": encoded(command)}}
	if arguments != nil {
		m.fields["arguments"] = encoded(arguments)
	}
	return m
}

func newEvent(event string, body any) message {
	return message{kind: "event", name: event, fields: map[string]json.RawMessage{
		"type": encoded("event"), "event": encoded(event), "body": encoded(body)}}
}

func newResponse(to message, body any) message {
	m := message{kind: "response", name: to.name, requestSeq: to.seq, success: true, fields: map[string]json.RawMessage{
		"type": encoded("response"), "command": encoded(to.name), "success": encoded(true)}}
	if body != nil {
		m.fields["body"] = encoded(body)
	}
	return m
}

// newRefusal answers a request with a reason that an editor shows to its user.
func newRefusal(to message, reason string) message {
	m := newResponse(to, map[string]any{"error": map[string]any{"id": 1, "format": reason, "showUser": true}})
	m.success = false
	m.fields["success"] = encoded(false)
	m.fields["message"] = encoded(reason)
	return m
}

func encoded(value any) json.RawMessage {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err) // only values made here, of plain types
	}
	return raw
}

// read takes one message off the wire. Headers other than Content-Length are allowed, as the protocol has it and go-dap does not.
func read(from *bufio.Reader) (message, error) {
	header, err := textproto.NewReader(from).ReadMIMEHeader()
	if err != nil {
		return message{}, err
	}
	length, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil || length < 0 || length > largest {
		return message{}, fmt.Errorf("not a DAP message: Content-Length %q", header.Get("Content-Length"))
	}
	content := make([]byte, length)
	if _, err := io.ReadFull(from, content); err != nil {
		return message{}, err
	}
	return parse(content)
}
