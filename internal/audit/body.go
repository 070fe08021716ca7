package audit

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

// bodyVersion is the version of the body's format.
const bodyVersion = 1

// bodySize is more than most bodies have.
const bodySize = 1024

// bodyTime is how a body writes times: RFC 3339, always six digits of
// fraction, always Z.
const bodyTime = "2006-01-02T15:04:05.000000Z"

// appendBody writes the body of an entry: canonical JSON (RFC 8785), that is,
// members sorted by name, no white space, integers only. Members that say
// nothing are left out. What is personal appears as commitments alone.
func appendBody(b []byte, e *Entry, commits commitments) []byte {
	o := object{b: append(b, '{')}
	o.num("about", e.About)
	o.num("acct", e.Acct)
	o.state("after", e.After)
	o.time("at", e.Time)
	o.num("attempts", int64(e.Attempts))
	o.num("batch", e.Batch)
	o.state("before", e.Before)
	o.num("case", e.Case)
	o.str("channel", e.Origin.Channel.ID)
	o.str("channel_name", e.Origin.Channel.Name)
	o.str("choice", e.Choice)
	o.str("client", e.Origin.Client)
	o.num("code", int64(e.Code))
	o.commitments(commits)
	o.time("deadline", e.Deadline)
	o.scope("effect", e.Effect)
	o.time("expires", e.Expires)
	o.str("id", e.ID)
	o.str("key", e.Key)
	o.str("kind", string(e.Kind))
	o.str("outcome", string(e.Outcome))
	o.num("planned", e.Planned)
	o.str("platform", string(e.Origin.Platform))
	o.str("replica", e.Replica)
	o.str("role", string(e.Role))
	o.str("rule", e.Rule)
	o.scope("scope", e.Scope)
	o.num("seq", e.Seq)
	o.num("term", storedTerm(e.Term))
	o.num("v", bodyVersion)
	o.str("verb", e.Verb)
	o.str("workspace", string(e.Origin.Workspace))
	return append(o.b, '}')
}

// object writes the members of one JSON object.
type object struct {
	b    []byte
	more bool
}

func (o *object) name(name string) {
	if o.more {
		o.b = append(o.b, ',')
	}
	o.more = true
	o.b = append(append(append(o.b, '"'), name...), '"', ':')
}

func (o *object) num(name string, n int64) {
	if n != 0 {
		o.name(name)
		o.b = strconv.AppendInt(o.b, n, 10)
	}
}

func (o *object) str(name, s string) {
	if s != "" {
		o.name(name)
		o.b = appendString(o.b, s)
	}
}

func (o *object) time(name string, t time.Time) {
	if !t.IsZero() {
		o.name(name)
		o.b = append(appendTime(append(o.b, '"'), t.UTC()), '"')
	}
}

// appendTime is t.AppendFormat(b, bodyTime), which would take a third of the
// time that a body takes.
func appendTime(b []byte, t time.Time) []byte {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = append(appendDigits(b, year, 4), '-')
	b = append(appendDigits(b, int(month), 2), '-')
	b = append(appendDigits(b, day, 2), 'T')
	b = append(appendDigits(b, hour, 2), ':')
	b = append(appendDigits(b, minute, 2), ':')
	b = append(appendDigits(b, second, 2), '.')
	return append(appendDigits(b, t.Nanosecond()/1000, 6), 'Z')
}

// appendDigits writes the last n digits of a number.
func appendDigits(b []byte, v, n int) []byte {
	b = append(b, "000000"[:n]...)
	for i := range n {
		b[len(b)-1-i] = byte('0' + v%10)
		v /= 10
	}
	return b
}

func (o *object) scope(name string, s mute.Scope) {
	if s != 0 {
		o.str(name, s.String())
	}
}

func (o *object) state(name string, s *mute.State) {
	if s == nil {
		return
	}
	o.name(name)
	o.b = strconv.AppendUint(append(o.b, `{"c2c":`...), uint64(s.C2C.Wire()), 10)
	o.b = strconv.AppendUint(append(o.b, `,"group":`...), uint64(s.Group.Wire()), 10)
	o.b = append(o.b, '}')
}

func (o *object) commitments(c commitments) {
	if c.none() {
		return
	}
	o.name("commit")
	inner := object{b: append(o.b, '{')}
	for i, name := range personalNames {
		if c.has[i] {
			inner.name(name)
			inner.b = append(inner.b, '"')
			inner.b = base64.RawStdEncoding.AppendEncode(inner.b, c.sum[i][:])
			inner.b = append(inner.b, '"')
		}
	}
	o.b = append(inner.b, '}')
}

const hexDigits = "0123456789abcdef"

// appendString writes a JSON string as RFC 8785 does: the shortest escape for
// what has to be escaped, everything else as it is. s is valid UTF-8 (see
// clean).
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"', c == '\\':
			b = append(b, '\\', c)
		case c >= 0x20:
			b = append(b, c)
		case c == '\b':
			b = append(b, '\\', 'b')
		case c == '\t':
			b = append(b, '\\', 't')
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\f':
			b = append(b, '\\', 'f')
		case c == '\r':
			b = append(b, '\\', 'r')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(b, '"')
}

// clean makes a text from outside storable by every dialect: valid UTF-8
// without NUL, which PostgreSQL has no way to keep.
func clean(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// bodyJSON is a body as read back.
type bodyJSON struct {
	About       int64             `json:"about"`
	Acct        int64             `json:"acct"`
	After       *stateJSON        `json:"after"`
	At          string            `json:"at"`
	Attempts    int               `json:"attempts"`
	Batch       int64             `json:"batch"`
	Before      *stateJSON        `json:"before"`
	Case        int64             `json:"case"`
	Channel     string            `json:"channel"`
	ChannelName string            `json:"channel_name"`
	Choice      string            `json:"choice"`
	Client      string            `json:"client"`
	Code        int               `json:"code"`
	Commit      map[string]string `json:"commit"`
	Deadline    string            `json:"deadline"`
	Effect      string            `json:"effect"`
	Expires     string            `json:"expires"`
	ID          string            `json:"id"`
	Key         string            `json:"key"`
	Kind        string            `json:"kind"`
	Outcome     string            `json:"outcome"`
	Planned     int64             `json:"planned"`
	Platform    string            `json:"platform"`
	Replica     string            `json:"replica"`
	Role        string            `json:"role"`
	Rule        string            `json:"rule"`
	Scope       string            `json:"scope"`
	Seq         int64             `json:"seq"`
	Term        int64             `json:"term"`
	V           int               `json:"v"`
	Verb        string            `json:"verb"`
	Workspace   string            `json:"workspace"`
}

type stateJSON struct {
	C2C   uint32 `json:"c2c"`
	Group uint32 `json:"group"`
}

func (s *stateJSON) state() *mute.State {
	if s == nil {
		return nil
	}
	return &mute.State{Group: mute.ReadingOf(s.Group), C2C: mute.ReadingOf(s.C2C)}
}

// parseBody reads a body. An error says that the body was never written by a
// ledger of a known version.
func parseBody(body string) (Entry, commitments, error) {
	var j bodyJSON
	if err := json.Unmarshal([]byte(body), &j); err != nil {
		return Entry{}, commitments{}, fmt.Errorf("reading the body: %w", err)
	}
	if j.V != bodyVersion {
		return Entry{}, commitments{}, fmt.Errorf("the body has format %d, this program knows %d", j.V, bodyVersion)
	}
	r := bodyReader{}
	e := Entry{
		Seq: j.Seq, ID: j.ID, Time: r.time(j.At), Kind: Kind(j.Kind), Case: j.Case, Batch: j.Batch,
		About: j.About, Acct: j.Acct, Key: j.Key,
		Origin: Origin{
			Platform: chat.Platform(j.Platform), Workspace: chat.Workspace(j.Workspace),
			Channel: chat.Channel{ID: j.Channel, Name: j.ChannelName}, Client: j.Client,
		},
		Verb: j.Verb, Scope: r.scope(j.Scope), Term: r.term(j.Term), Deadline: r.time(j.Deadline),
		Planned: j.Planned, Expires: r.time(j.Expires), Role: chat.Role(j.Role), Rule: j.Rule, Choice: j.Choice,
		Outcome: Outcome(j.Outcome), Code: j.Code, Attempts: j.Attempts, Effect: r.scope(j.Effect),
		Before: j.Before.state(), After: j.After.state(), Replica: j.Replica,
	}
	c := r.commitments(j.Commit)
	return e, c, r.err
}

// bodyReader turns the members of a body into values and keeps the first error.
type bodyReader struct{ err error }

func (r *bodyReader) note(err error) {
	if err != nil && r.err == nil {
		r.err = err
	}
}

func (r *bodyReader) time(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(bodyTime, s)
	r.note(err)
	return t
}

func (r *bodyReader) scope(s string) mute.Scope {
	if s == "" {
		return 0
	}
	v, err := mute.ParseScope(s)
	r.note(err)
	return v
}

func (r *bodyReader) term(n int64) mute.Term {
	t, err := termOf(n)
	r.note(err)
	return t
}

func (r *bodyReader) commitments(m map[string]string) commitments {
	var c commitments
	for i, name := range personalNames {
		s, ok := m[name]
		if !ok {
			continue
		}
		b, err := base64.RawStdEncoding.DecodeString(s)
		r.note(err)
		if err == nil && len(b) != len(c.sum[i]) {
			r.note(fmt.Errorf("the commitment to %s has %d bytes", name, len(b)))
		}
		c.has[i] = true
		copy(c.sum[i][:], b)
	}
	return c
}
