package imsim

import (
	"time"

	"modbot/internal/mute"
)

// period is how long one field of one account is muted: not at all (the zero
// period), until a moment of the simulator's clock, or for ever.
type period struct {
	forever bool
	until   time.Time
}

// periodOf is what a number on the wire means at now.
func periodOf(wire mute.Reading, now time.Time) period {
	if wire.Permanent() {
		return period{forever: true}
	}
	left, ok := wire.Left()
	if !ok {
		return period{}
	}
	return period{until: now.Add(left)}
}

// reading is what a query answers at now. What is left is rounded up: the
// vendor does not say which way it rounds, and rounded down a mute in its last
// second would read as lifted while messages are still refused.
func (p period) reading(now time.Time) mute.Reading {
	if p.forever {
		return permanent
	}
	left := p.until.Sub(now)
	if left <= 0 {
		return mute.Reading{}
	}
	return mute.ReadingOf(uint32((left + time.Second - 1) / time.Second)) //nolint:gosec // a period is made from a uint32 of seconds and only shrinks
}

// permanent is what the vendor answers for a field that is muted for ever, and
// for both fields of an account that does not exist.
var permanent = mute.ReadingOf(1<<32 - 1)

// mutes is the two independent fields of one account.
type mutes struct{ group, c2c period }

// set replaces one field and leaves the other as it is.
func (m mutes) set(f mute.Field, p period) mutes {
	if f == mute.C2C {
		m.c2c = p
	} else {
		m.group = p
	}
	return m
}

// state is both fields as a query answers them at now.
func (m mutes) state(now time.Time) mute.State {
	return mute.State{Group: m.group.reading(now), C2C: m.c2c.reading(now)}
}
