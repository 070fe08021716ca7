package imwire

import (
	"math"
	"strings"
)

// Nearly every answer of the mute APIs is a flat object of plain strings and
// small whole numbers. flat reads exactly those, several times faster than
// reflection can; at anything else (an escape, a fraction, another type, a
// misspelt name, text after the object) it gives up and encoding/json, which
// decides what the answer means or what is wrong with it, reads the whole.
// Where flat does not give up, both agree.
type flat struct {
	text []byte
	at   int
}

// member is one name with its value.
type member struct {
	name   []byte
	text   []byte // of a string
	number uint32
	quoted bool // a string, not a number
}

// fields calls visit for each member, until it returns false. It reports
// whether the whole text was a flat object and no visit returned false.
func (f *flat) fields(visit func(member) bool) bool {
	if !f.token('{') {
		return false
	}
	if f.token('}') {
		return f.end()
	}
	for {
		var m member
		var ok bool
		f.spaces()
		if m.name, ok = f.quoted(); !ok || !f.token(':') {
			return false
		}
		f.spaces()
		if m.text, m.quoted = f.quoted(); !m.quoted {
			if m.number, ok = f.whole(); !ok {
				return false
			}
		}
		if !visit(m) {
			return false
		}
		if f.token('}') {
			return f.end()
		}
		if !f.token(',') {
			return false
		}
	}
}

func (f *flat) spaces() {
	for f.at < len(f.text) {
		switch f.text[f.at] {
		case ' ', '\t', '\r', '\n':
			f.at++
		default:
			return
		}
	}
}

func (f *flat) token(c byte) bool {
	f.spaces()
	if f.at < len(f.text) && f.text[f.at] == c {
		f.at++
		return true
	}
	return false
}

func (f *flat) end() bool {
	f.spaces()
	return f.at == len(f.text)
}

// quoted reads a string of printable ASCII without escapes, and moves only
// when there is one.
func (f *flat) quoted() ([]byte, bool) {
	if f.at == len(f.text) || f.text[f.at] != '"' {
		return nil, false
	}
	for i := f.at + 1; i < len(f.text); i++ {
		switch c := f.text[i]; {
		case c == '"':
			s := f.text[f.at+1 : i]
			f.at = i + 1
			return s, true
		case c < 0x20 || c > 0x7e || c == '\\':
			return nil, false
		}
	}
	return nil, false
}

// whole reads a number of 32 bits without sign, fraction or exponent.
func (f *flat) whole() (uint32, bool) {
	begin, n := f.at, uint64(0)
	for f.at < len(f.text) && f.text[f.at] >= '0' && f.text[f.at] <= '9' {
		n = n*10 + uint64(f.text[f.at]-'0')
		if f.at++; n > math.MaxUint32 {
			return 0, false
		}
	}
	digits := f.at - begin
	return uint32(n), digits == 1 || digits > 1 && f.text[begin] != '0'
}

// flatAnswer reads the envelope and, into times, those two when wanted.
func flatAnswer(body []byte, e *Envelope, times *GetResponse) bool {
	f := flat{text: body}
	return f.fields(func(m member) bool {
		switch string(m.name) {
		case "ErrorCode":
			if m.quoted || m.number > math.MaxInt32 {
				return false
			}
			e.ErrorCode = Code(m.number)
			return true
		case "ErrorInfo":
			e.ErrorInfo = string(m.text)
			return m.quoted
		case "ActionStatus":
			e.ActionStatus = string(m.text)
			return m.quoted
		case "C2CmsgNospeakingTime":
			if times != nil {
				times.C2CmsgNospeakingTime = new(Seconds(m.number))
			}
			return times == nil || !m.quoted
		case "GroupmsgNospeakingTime":
			if times != nil {
				times.GroupmsgNospeakingTime = new(Seconds(m.number))
			}
			return times == nil || !m.quoted
		}
		// encoding/json takes names in any case; a stranger stays unread.
		for _, known := range [...]string{"ErrorCode", "ErrorInfo", "ActionStatus", "C2CmsgNospeakingTime", "GroupmsgNospeakingTime"} {
			if strings.EqualFold(known, string(m.name)) {
				return false
			}
		}
		return true
	})
}
