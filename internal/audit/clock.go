package audit

import (
	"slices"
	"sync"
	"time"
)

const (
	// stepLeast is by how much the store's clock and the local one may part
	// between two looks before it is a step: an answer may be that late, and
	// clocks are slewed by less.
	stepLeast = 2 * time.Second
	// stepSlew is the part of the time between two looks by which they may part
	// as well: 1 in 1,000.
	stepSlew = 1000
	// stepWindow is for how long after a step leases are over only when they are
	// by both clocks. Whoever holds one renews or loses it within that.
	stepWindow = LeaseTime + SettleGrace
	// stepsKept is how many steps are remembered.
	stepsKept = 16
	// stepAlike is how near two differences are that have one cause.
	stepAlike = ReadTolerance
	// stepAgreed is how many accounts have to differ from Tencent by the same
	// time for that to be the clock's doing, and not theirs.
	stepAgreed = 3
)

// clock knows the store's time, and notices when it is set. It looks at the
// store's clock beside the local one, of which the monotonic reading cannot be
// set; where the store has none of its own, its time is the local wall clock's.
//
// See "Time" in the package documentation for what follows from a step.
type clock struct {
	local func() time.Time
	// wall is the store's time for tests, which then does not ask the store.
	wall func() time.Time

	mu   sync.Mutex
	last moment // the last look; zero before the first
	own  bool   // the store has a clock of its own
	size int64  // of the log, as far as was seen
	// before is the last look before a step; it counts until the window ends, by
	// the local clock.
	before moment
	window time.Time
	steps  []step
}

// moment is one moment by both clocks.
type moment struct{ local, store time.Time }

// step is by how much the store's clock was set, or may have been.
type step struct {
	// size is how many entries were there before.
	size int64
	by   time.Duration
}

// instant is a moment with the time by which leases are judged: the store's,
// or the one that it would be without the step of just now, if that is earlier.
type instant struct {
	moment
	lease time.Time
}

// look notes what the store said with its head: the time by its own clock, if
// it has one, and the size of the log. It returns by how much the clock was set
// since the last look, 0 when it was not.
func (c *clock) look(h HeadRow) (now instant, stepped time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.here()
	if c.own = h.Clock != 0 && c.wall == nil; c.own {
		// The store read its clock after it was asked. To take that moment, and
		// not the one when the answer is looked at, errs on the side of leases
		// that end too early for their holder.
		m = moment{local: m.local.Add(-h.age()), store: fromMicros(h.Clock)}
	}
	c.size = max(c.size, h.Size)
	stepped = c.note(m)
	return c.at(m), stepped
}

// now is the store's time as far as it is known without asking.
func (c *clock) now() instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.here()
	if c.own {
		m.store = c.last.store.Add(m.local.Sub(c.last.local))
		return c.at(m)
	}
	c.note(m)
	return c.at(m)
}

// local is a time of the store's by the local clock, which waits go by.
func (l *Log) local(t time.Time) time.Time {
	now := l.clock.now()
	if t.IsZero() || now.moment.local.Truncate(time.Microsecond).Equal(now.store) {
		return t // the store's clock is the local one
	}
	return now.local.Add(t.Sub(now.store))
}

// here is this moment where the store has no clock of its own.
func (c *clock) here() moment {
	m := moment{local: c.local()}
	m.store = m.local
	if c.wall != nil {
		m.store = c.wall()
	}
	m.store = m.store.Truncate(time.Microsecond).UTC()
	return m
}

// asks reports whether the store has to be asked for its time.
func (c *clock) asks() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.own
}

// note compares a moment with the last one.
func (c *clock) note(m moment) (stepped time.Duration) {
	last := c.last
	c.last = m
	if last.local.IsZero() {
		return 0
	}
	passed := m.local.Sub(last.local)
	by := m.store.Sub(last.store) - passed
	if by.Abs() < stepLeast+passed.Abs()/stepSlew {
		return 0
	}
	// Of several steps in a row, the clock that was furthest behind counts: a
	// lease may have been written by any.
	if !m.local.Before(c.window) || last.store.Sub(c.before.store) < last.local.Sub(c.before.local) {
		c.before = last
	}
	c.window = m.local.Add(stepWindow)
	c.remember(step{c.size, by})
	return by
}

func (c *clock) remember(s step) {
	c.steps = append(c.steps, s)
	if extra := len(c.steps) - stepsKept; extra > 0 {
		c.steps = append([]step(nil), c.steps[extra:]...)
	}
}

// at adds to a moment the time by which leases are judged.
func (c *clock) at(m moment) instant {
	now := instant{m, m.store}
	if m.local.Before(c.window) {
		if old := c.before.store.Add(m.local.Sub(c.before.local)); old.Before(now.lease) {
			now.lease = old
		}
	}
	return now
}

// shifts are by how much a time of the entry seq may be away from what it would
// be by the clock of now: by nothing, or by the steps since. A step may also
// have been a sleep of the machine's, during which time did pass; so nobody
// chooses among them but what Tencent says.
func (c *clock) shifts(seq int64) []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []time.Duration{0}
	var sum time.Duration
	for i := len(c.steps) - 1; i >= 0 && c.steps[i].size >= seq; i-- {
		sum += c.steps[i].by
		out = append(out, sum)
	}
	return out
}

// back is by how much at most a time of any entry may be too late.
func (c *clock) back() time.Duration {
	var most time.Duration
	for _, by := range c.shifts(0) {
		most = max(most, -by)
	}
	return most
}

// difference is by how much Tencent's end of a mute differs from the ledger's.
type difference struct {
	until time.Time // the ledger's
	by    time.Duration
}

// learn is told how mutes differ. When many that end at different times differ
// by the same, it was the clock that was set, while nobody looked: that is
// remembered, and reported. (Who changes many mutes at Tencent gives them an end
// in common, or changes mutes that had one.)
func (c *clock) learn(all []difference) (by time.Duration, learned bool) {
	slices.SortFunc(all, func(a, b difference) int { return a.until.Compare(b.until) })
	for _, d := range all {
		alike, others := 0, 0
		var counted time.Time
		for _, other := range all {
			switch {
			case (other.by - d.by).Abs() > stepAlike:
				others++
			case other.until.Sub(counted) > stepAlike:
				alike, counted = alike+1, other.until
			}
		}
		if d.by.Abs() > stepAlike && alike >= stepAgreed && alike > others {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.remember(step{c.size, d.by})
			return d.by, true
		}
	}
	return 0, false
}
