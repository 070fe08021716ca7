package texts

import (
	"time"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

// observed reports whether an entry is about what was read at Tencent without a
// command behind it.
func observed(k audit.Kind) bool { return k == audit.KindExpired || k == audit.KindDrift }

// scopeOf is what an entry is about: its own fields where it was observed (each
// field of a case ends by itself), else those of its case.
func scopeOf(in PostInput) mute.Scope {
	if observed(in.Entry.Kind) && in.Entry.Scope != 0 {
		return in.Entry.Scope
	}
	return in.Case.Scope
}

// What Tencent has for a mute that was observed.
const (
	tencentGone    = "no such account"
	tencentFree    = "not muted"
	tencentForever = "muted without an end"
	tencentUntil   = "muted until another time"
	tencentMoment  = "muted for seconds yet"
)

// tencentKind is what Tencent was read to have, as one of a few words.
func tencentKind(e audit.Entry) string {
	if e.After == nil {
		return tencentGone
	}
	state := tencentFree
	for _, f := range e.Scope.Fields() {
		r := e.After.Of(f)
		switch {
		case r.Permanent():
			return tencentForever
		case r.Muted() && e.Kind == audit.KindDrift:
			return tencentUntil
		case r.Muted():
			state = tencentMoment
		}
	}
	return state
}

// tencentEnd is when the mute ends by what was read; zero when it has no end,
// or is over.
func tencentEnd(e audit.Entry) time.Time {
	if e.After == nil {
		return time.Time{}
	}
	var end time.Time
	for _, f := range e.Scope.Fields() {
		if left, finite := e.After.Of(f).Left(); finite && e.Time.Add(left).After(end) {
			end = e.Time.Add(left)
		}
	}
	return end
}

// tencentSpans says of one observed mute what Tencent has: " · Tencent: not
// muted".
func tencentSpans(e audit.Entry) []chat.Span {
	state := tencentKind(e)
	if state == tencentUntil {
		return []chat.Span{chat.Plain(" · Tencent: muted until "), chat.At(tencentEnd(e))}
	}
	return []chat.Span{chat.Plain(" · Tencent: " + state)}
}
