package mute

import "strconv"

// String is the short form of a term, which the grammar reads back as the
// same term: "90s" is "1m30s", 129600 s is "1d12h". Days are the largest unit
// that is written: weeks, months and years are read, but how long they are has
// to be known, and limits in a configuration are thought of in days. The zero
// Term is "none".
func (t Term) String() string {
	switch {
	case t.IsZero():
		return "none"
	case t.IsPermanent():
		return "permanent"
	}
	const minute, hour, day = 60, 60 * 60, 24 * 60 * 60
	var out []byte
	left := int64(t.n)
	for _, u := range []struct {
		seconds int64
		letter  byte
	}{{day, 'd'}, {hour, 'h'}, {minute, 'm'}, {1, 's'}} {
		if n := left / u.seconds; n > 0 {
			out = append(strconv.AppendInt(out, n, 10), u.letter)
		}
		left %= u.seconds
	}
	return string(out)
}
