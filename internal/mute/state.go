package mute

import "time"

// Reading is one of the two times as Tencent reports it: not muted, muted for
// some seconds more, or muted for ever.
type Reading struct{ n uint32 }

// ReadingOf takes the number on the wire.
func ReadingOf(wire uint32) Reading { return Reading{n: wire} }

// Wire is the number as Tencent sent it.
func (r Reading) Wire() uint32 { return r.n }

// Muted reports whether the field is muted at all.
func (r Reading) Muted() bool { return r.n != wireUnmuted }

// Permanent reports whether the field is muted without an end.
func (r Reading) Permanent() bool { return r.n == wirePermanent }

// Left is how long the mute still lasts; ok is false when the field is not
// muted or muted without an end.
func (r Reading) Left() (d time.Duration, ok bool) {
	if !r.Muted() || r.Permanent() {
		return 0, false
	}
	return time.Duration(r.n) * time.Second, true
}

// State is what Tencent says of an account that exists: both fields, read
// together.
type State struct {
	Group Reading
	C2C   Reading
}

// Of is the reading of one field.
func (s State) Of(f Field) Reading {
	if f == C2C {
		return s.C2C
	}
	return s.Group
}

// With is s with one field replaced.
func (s State) With(f Field, r Reading) State {
	if f == C2C {
		s.C2C = r
	} else {
		s.Group = r
	}
	return s
}
