package audit

import (
	"context"
	"fmt"
	"slices"
	"time"

	"modbot/internal/mute"
)

// leasesMost is how many held accounts are looked at in one go.
const leasesMost = 10000

// Unsettled is an intent, or a late answer, that Tencent has to be read for.
type Unsettled struct {
	Case CaseView
	// Late is the seq of the late answer to read for; 0 when the case itself
	// has no outcome yet.
	Late int64
	// Due is when it may be read: SettleGrace after the lease's end when its
	// process has gone, else when the last attempt cannot be under way any
	// more.
	Due time.Time
}

// due is when a held account may be read back; ok is false when it need not.
func (r LeaseRow) due() (at time.Time, ok bool) {
	at = fromMicros(r.Until)
	switch r.State {
	case LeaseFlight, LeaseSettling:
		return at.Add(SettleGrace), true
	case LeaseUnknown, LeaseLate:
		return at, true
	case LeaseLocked:
		return at, false
	}
	return at, false
}

// fenceOf is the fence of a lease that an entry gave. Each take-over adds one,
// and may be put off any number of times before the next entry: the fences of
// two entries are so far apart that they never meet those between them.
func fenceOf(seq int64) int64 { return seq << 20 }

// lostLease is what an open case has to be settled by when its lease is gone.
func lostLease(c CaseRow) LeaseRow {
	return LeaseRow{
		Acct: c.Acct, Case: c.Number, Fence: fenceOf(c.Intent), State: LeaseFlight,
		Until: c.Began + LeaseTime.Microseconds(),
	}
}

// mend gives intents that have neither an outcome nor a lease a lease again.
// No run of this program leaves any; but if something else did, they would
// never be settled. Every case is looked at, once in the life of a Log.
func (l *Log) mend(ctx context.Context) error {
	if l.mended.Load() {
		return nil
	}
	acting, err := view(ctx, l, func(s Snapshot) ([]CaseRow, error) { return s.Cases(ctx, CaseQuery{Acting: true}) })
	if err != nil {
		return err
	}
	if len(acting) > 0 && l.key != nil {
		var keys Keys
		for _, c := range acting {
			keys.add(Keys{Cases: []int64{c.Number}, Accts: []int64{c.Acct}})
		}
		err = l.write(ctx, keys, func(_ context.Context, s *state) error {
			for _, c := range acting {
				now, _ := s.caseRow(c.Number)
				if _, held := s.lease(c.Acct); !held && !now.Status.Settled() {
					s.leases.put(c.Acct, lostLease(now))
				}
			}
			return nil
		})
	}
	if err == nil {
		l.mended.Store(true)
	}
	return err
}

// Unsettled lists what is due to be read back, the longest due first, and
// when the next will be by the local clock (zero when nothing is in flight).
func (l *Log) Unsettled(ctx context.Context) (due []Unsettled, next time.Time, err error) {
	if err := l.mend(ctx); err != nil {
		return nil, next, err
	}
	if err := l.rein(ctx); err != nil {
		return nil, next, err
	}
	var now instant
	all, err := view(ctx, l, func(s Snapshot) (_ []Unsettled, err error) {
		if now, err = l.instant(ctx, s); err != nil {
			return nil, err
		}
		return unsettled(ctx, s)
	})
	if err != nil {
		return nil, next, err
	}
	for i, u := range all {
		if u.Due.After(now.lease) {
			return all[:i], l.local(u.Due), nil
		}
	}
	return all, next, nil
}

// unsettled lists everything that is held and has to be read back, by time.
func unsettled(ctx context.Context, s Snapshot) ([]Unsettled, error) {
	leases, err := s.Leases(ctx, maxMicros, leasesMost)
	if err != nil {
		return nil, err
	}
	ld := newLoader(s)
	var out []Unsettled
	for _, r := range leases {
		at, ok := r.due()
		if !ok {
			continue
		}
		rows, err := s.Load(ctx, Keys{Cases: []int64{r.Case}})
		if err != nil {
			return nil, err
		}
		views, err := ld.views(ctx, rows.Cases)
		if err != nil {
			return nil, err
		}
		for _, v := range views {
			u := Unsettled{Case: v, Due: at}
			if v.Status.Settled() {
				u.Late = r.Late
			}
			out = append(out, u)
		}
	}
	slices.SortStableFunc(out, func(a, b Unsettled) int { return a.Due.Compare(b.Due) })
	return out, nil
}

// TakeOver takes a case that is due from whoever held it: from now on only
// the returned token counts. It returns ErrLeaseLost when the case is not due
// (any more), because somebody else took it, or settled it.
func (l *Log) TakeOver(ctx context.Context, n int64) (t Token, freshUntil time.Time, err error) {
	err = l.write(ctx, Keys{Cases: []int64{n}}, func(ctx context.Context, s *state) error {
		c, err := s.theCase(ctx, n)
		if err != nil {
			return err
		}
		if err := s.want(ctx, Keys{Accts: []int64{c.Acct}}); err != nil {
			return err
		}
		lease, ok := s.lease(c.Acct)
		if ok && t.Fence != 0 && lease.Fence == t.Fence && lease.Case == n {
			return nil // taken by an earlier try of this very group
		}
		at, due := lease.due()
		if !ok || !due || lease.Case != n || at.After(s.leaseNow) {
			return ErrLeaseLost
		}
		lease.State, lease.Until = LeaseSettling, micros(s.now.Add(LeaseTime))
		lease.Fence++
		s.leases.put(lease.Acct, lease)
		e, err := s.entry(ctx, c.Intent)
		if err != nil {
			return err
		}
		t = Token{Case: n, Fence: lease.Fence, acct: c.Acct, late: lease.Late}
		if e.Personal != nil {
			t.Account = e.Personal.Account
		}
		freshUntil = s.local.Add(LeaseTime)
		return nil
	})
	return t, freshUntil, err
}

// taken loads a case that was taken over, and the lease; it is ErrLeaseLost when
// the token is not the account's any more.
func (s *state) taken(ctx context.Context, t Token) (CaseRow, LeaseRow, error) {
	c, err := s.theCase(ctx, t.Case)
	if err != nil {
		return c, LeaseRow{}, err
	}
	lease, held, err := s.held(ctx, t)
	if err == nil && (!held || lease.State != LeaseSettling) {
		err = ErrLeaseLost
	}
	return c, lease, err
}

// Postpone gives a case that was taken over back, to be read again later.
func (l *Log) Postpone(ctx context.Context, t Token, until time.Time) error {
	return l.write(ctx, t.keys(), func(ctx context.Context, s *state) error {
		c, lease, err := s.taken(ctx, t)
		if err != nil {
			return err
		}
		lease.State = LeaseUnknown
		if c.Status.Settled() {
			lease.State = LeaseLate
		}
		lease.Until = micros(s.now.Add(max(0, until.Sub(s.local))))
		s.leases.put(lease.Acct, lease)
		return nil
	})
}

// Settlement is what a read-back shows.
type Settlement struct {
	// Outcome is done, failed, partial or unverified. For a late answer it is
	// not looked at: the case has its outcome.
	Outcome Outcome
	// Effect are the asked fields that are as asked.
	Effect   mute.Scope
	After    *mute.State // what was read; nil when nothing could be
	Code     int         // carried over from the attempts
	Attempts int
}

// Settle records what the read-back of a case that was taken over shows: its
// one final outcome, or, when the case has that already, what was read after
// a late answer. It returns ErrLeaseLost when the token is not the account's
// any more; then nothing was written.
func (l *Log) Settle(ctx context.Context, t Token, r Settlement) (Finished, error) {
	id := NewID()
	var f Finished
	err := l.write(ctx, t.keys(), func(ctx context.Context, s *state) error {
		if done, err := s.committed(ctx, id, f.Seq); done || err != nil {
			return err
		}
		c, lease, err := s.taken(ctx, t)
		if err != nil {
			return err
		}
		f, err = s.settle(ctx, id, c, lease, t.late, r)
		return err
	})
	if err != nil {
		return Finished{}, fmt.Errorf("settling case %d: %w", t.Case, err)
	}
	return f, nil
}

// settle is Settle inside the transaction. late is the late answer that was
// read for: another one may have come meanwhile, which is read for next.
func (s *state) settle(ctx context.Context, id string, c CaseRow, lease LeaseRow, late int64, r Settlement) (Finished, error) {
	kind, about := KindOutcome, c.Intent
	if c.Status.Settled() {
		kind, about, r.Outcome = KindLate, late, OutcomeNone
		next, err := s.nextLate(ctx, lease.Acct, late)
		if err != nil {
			return Finished{}, err
		}
		if lease.Late = next; next == 0 {
			lease.LateUntil = 0
		}
	}
	d, err := ending(kind, id, c)
	if err != nil {
		return Finished{}, err
	}
	d.entry.About, d.entry.Outcome, d.entry.Effect, d.entry.After = about, r.Outcome, r.Effect, r.After
	d.entry.Code, d.entry.Attempts = r.Code, r.Attempts
	e, err := s.append(ctx, d)
	if err != nil {
		return Finished{}, err
	}
	f := Finished{Seq: e.Seq, Outcome: r.Outcome, Late: kind == KindLate}
	return f, s.release(ctx, lease, r.Outcome, s.now)
}

// Shown are the asked fields that a reading shows as the case asked for: not
// muted after an unmute, else muted until within ReadTolerance of the
// deadline, or without an end. at is when it was read.
func (c CaseView) Shown(reading mute.State, at time.Time) mute.Scope {
	var out mute.Scope
	for _, f := range c.Scope.Fields() {
		r := reading.Of(f)
		left, finite := r.Left()
		ok := false
		switch {
		case c.Term.IsZero():
			ok = !r.Muted()
		case c.Term.IsPermanent():
			ok = r.Permanent()
		case finite:
			ok = at.Add(left).Sub(c.Deadline).Abs() <= ReadTolerance
		}
		if ok {
			out |= mute.ScopeOf(f)
		}
	}
	return out
}
