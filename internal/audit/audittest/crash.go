package audittest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// The model: moderators' processes work on a few accounts at a Tencent that
// may take a request and answer never, or late, or unclearly. Any process may
// stop at any point, or sleep for any time and go on; a settler, which may
// stop as well, reads back what is due. In the end nothing may be without an
// outcome, nothing may have been sent without an intent, and what the ledger
// believes is what Tencent does.

const (
	// attemptTime is how long a request may take inside the service, and
	// landMost how long one takes here: within audit.ReadTolerance, with a
	// second for rounding, a late landing is still the same deadline.
	attemptTime = 5 * time.Second
	landMost    = 4 * time.Second
	// termSeconds is long enough for no mute to end within a run.
	termSeconds = 100_000
)

// process is a command on its way; step is what it does next.
type process struct {
	head   audit.Head
	begun  audit.Begun
	step   func() bool // reports whether it goes on
	fresh  time.Time   // the end of its lease, as far as it knows
	stale  bool        // it slept beyond that right before its call
	locked time.Time
	answer audit.Outcome
}

// world is one run of the model.
type world struct {
	*bench
	rt        *rapid.T
	tencent   *tencent
	accounts  []mute.Account
	processes []*process
	settler   *settler
	cases     map[int64]mute.Account // begun, by number
	sent      map[int64]bool         // cases for which something was sent
}

// settler is a read-back on its way.
type settler struct {
	u     audit.Unsettled
	token audit.Token
	fresh time.Time
}

func testCrashes(t *testing.T, open Open) {
	b := newBench(t, open)
	var run atomic.Int64
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{
			bench: b, rt: rt, cases: map[int64]mute.Account{}, sent: map[int64]bool{},
			tencent: &tencent{clock: b.clock, until: map[mute.Account]map[mute.Field]time.Time{}},
		}
		n := run.Add(1)
		for i := range rapid.IntRange(1, 2).Draw(rt, "accounts") {
			w.accounts = append(w.accounts, mute.Account(fmt.Sprintf("run%d-%d", n, i)))
		}
		rt.Repeat(map[string]func(*rapid.T){
			// As many names as it is to be likely.
			"command": w.command, "go on": w.goOn, "go on, on": w.goOn, "go on, on, on": w.goOn,
			"stop": w.stop, "settle": w.settle, "settle, settle": w.settle, "time": w.time, "time, time": w.time,
		})
		w.quiesce()
		w.check()
	})
	b.sound()
}

// command starts a process.
func (w *world) command(rt *rapid.T) {
	h := head(rapid.SampledFrom(w.accounts).Draw(rt, "account"))
	h.Scope = rapid.SampledFrom([]mute.Scope{mute.ScopeGroup, mute.ScopeC2C, mute.ScopeAll}).Draw(rt, "scope")
	h.Verb, h.Term = "unmute", mute.Term{}
	if rapid.Bool().Draw(rt, "mute") {
		h.Verb, h.Term = "mute", must(mute.Seconds(termSeconds+rapid.Int64Range(0, 1000).Draw(rt, "term")))
	}
	p := &process{head: h}
	if w.begins(p) {
		w.processes = append(w.processes, p)
	}
}

// begins is what a process does first. It reports false when the account is
// somebody else's.
func (w *world) begins(p *process) bool {
	v, err := w.Account(context.Background(), p.head.Account)
	require.NoError(w.rt, err)
	p.begun, err = w.Begin(context.Background(), audit.Intent{
		Head: p.head, Expect: audit.Expect{Version: v.Version}, Before: w.tencent.read(p.head.Account),
	})
	if _, ok := errors.AsType[*audit.BusyError](err); ok {
		return false
	}
	require.NoError(w.rt, err)
	w.cases[p.begun.Case] = p.head.Account
	p.fresh = p.begun.FreshUntil
	p.step = func() bool { return w.renews(p, 3) }
	return true
}

// renews looks before an attempt whether it may be made.
func (w *world) renews(p *process, left int) bool {
	fresh, err := w.Renew(context.Background(), p.begun.Token)
	if err != nil {
		require.ErrorIs(w.rt, err, audit.ErrLeaseLost)
		p.answer = audit.OutcomeUnknown // no call without a lease, and no more is known
		p.step = func() bool { return w.finishes(p) }
		return true
	}
	p.fresh = fresh
	p.step = func() bool { return w.calls(p, left) }
	return true
}

// calls makes an attempt.
func (w *world) calls(p *process, left int) bool {
	p.stale = p.stale || w.clock.Now().After(p.fresh)
	var seconds uint32
	if !p.head.Term.IsZero() {
		var ok bool
		seconds, ok = p.head.Term.From(p.begun.Began).Wire(w.clock.Now())
		require.True(w.rt, ok)
	}
	now := w.clock.Now()
	r := request{account: p.head.Account, scope: p.head.Scope, seconds: seconds, lands: now}
	w.sent[p.begun.Case] = true
	unclear := p.answer == audit.OutcomeUnknown
	p.answer = audit.OutcomeUnknown
	switch rapid.SampledFrom([]string{"yes", "no", "unclear", "lost before", "lost after"}).Draw(w.rt, "answer") {
	case "yes":
		w.tencent.pending = append(w.tencent.pending, r)
		w.tencent.land()
		p.answer = audit.OutcomeDone
	case "no": // it says nothing about an unclear attempt before it
		if !unclear {
			p.answer = audit.OutcomeFailed
		}
	case "unclear": // answered: it is over, whatever it did
		if rapid.Bool().Draw(w.rt, "applied") {
			w.tencent.pending = append(w.tencent.pending, r)
			w.tencent.land()
		}
	case "lost before":
		p.locked = now.Add(attemptTime + time.Second)
	case "lost after":
		r.lands = now.Add(time.Duration(rapid.Int64Range(0, int64(landMost)).Draw(w.rt, "lands")))
		w.tencent.pending = append(w.tencent.pending, r)
		p.locked = now.Add(attemptTime + time.Second)
	}
	unanswered := p.locked.After(now)
	if p.answer == audit.OutcomeUnknown && !unanswered && left > 1 && rapid.Bool().Draw(w.rt, "again") {
		p.step = func() bool { return w.renews(p, left-1) }
	} else {
		p.step = func() bool { return w.finishes(p) }
	}
	return true
}

func (w *world) finishes(p *process) bool {
	_, err := w.Finish(context.Background(), p.begun.Token, audit.Result{Outcome: p.answer, Attempts: 1, LockedUntil: p.locked})
	require.NoError(w.rt, err)
	return false
}

// goOn lets a process make its next step.
func (w *world) goOn(rt *rapid.T) {
	if len(w.processes) == 0 {
		rt.Skip("nobody works")
	}
	i := rapid.IntRange(0, len(w.processes)-1).Draw(rt, "process")
	if !w.processes[i].step() {
		w.processes = append(w.processes[:i], w.processes[i+1:]...)
	}
}

// stop kills a process where it is. One that slept through its lease between
// its last look and its call is left alone: nobody could tell what it sent but
// the reconciliation, which is not part of this model.
func (w *world) stop(rt *rapid.T) {
	if len(w.processes) == 0 {
		rt.Skip("nobody works")
	}
	i := rapid.IntRange(0, len(w.processes)-1).Draw(rt, "process")
	if w.processes[i].stale {
		rt.Skip("it sent what nobody waits for")
	}
	w.processes = append(w.processes[:i], w.processes[i+1:]...)
}

// time lets it pass.
func (w *world) time(rt *rapid.T) {
	d := rapid.SampledFrom([]time.Duration{
		10 * time.Millisecond, time.Second, 6 * time.Second, 11 * time.Second, 16 * time.Second, time.Minute,
	}).Draw(rt, "time")
	w.clock.Advance(d)
	w.tencent.land()
}

// settle makes the settler's next step: take over, or read and record.
func (w *world) settle(rt *rapid.T) {
	if w.settler == nil {
		due, _, err := w.Unsettled(context.Background())
		require.NoError(rt, err)
		if len(due) == 0 {
			rt.Skip("nothing is due")
		}
		w.settler = &settler{u: due[0]}
		w.settler.token, w.settler.fresh, err = w.TakeOver(context.Background(), due[0].Case.Number)
		require.NoError(rt, err)
		return
	}
	if rapid.IntRange(0, 3).Draw(rt, "settler stops") == 0 {
		w.settler = nil
		return
	}
	w.readsBack(w.settler)
	w.settler = nil
}

// readsBack is the settler's second step.
func (w *world) readsBack(s *settler) {
	if w.clock.Now().After(s.fresh) {
		return // it slept: no call without a fresh lease
	}
	c := w.theCase(s.u.Case.Number)
	state := w.tencent.read(c.Account)
	shown := c.Shown(state, w.clock.Now())
	o := audit.OutcomePartial
	switch shown {
	case c.Scope:
		o = audit.OutcomeDone
	case 0:
		o = audit.OutcomeFailed
	default: // one of two fields
	}
	_, err := w.Settle(context.Background(), s.token, audit.Settlement{Outcome: o, Effect: shown, After: &state})
	require.NoError(w.rt, err)
}

// quiesce lets everybody end: some processes never do, the settler does.
func (w *world) quiesce() {
	for _, p := range w.processes {
		for (p.stale || rapid.Bool().Draw(w.rt, "goes on")) && p.step() {
			continue
		}
	}
	w.processes = nil
	for range 100 {
		w.clock.Advance(audit.LeaseTime + audit.SettleGrace)
		due, next, err := w.Unsettled(context.Background())
		require.NoError(w.rt, err)
		if len(due) == 0 && next.IsZero() {
			return
		}
		for _, u := range due {
			token, fresh, err := w.TakeOver(context.Background(), u.Case.Number)
			require.NoError(w.rt, err)
			w.readsBack(&settler{u: u, token: token, fresh: fresh})
		}
	}
	w.rt.Fatal("there is no end of settling")
}

// check compares what is left with what was promised.
func (w *world) check() {
	for n := range w.sent {
		require.Contains(w.rt, w.cases, n, "sent without an intent")
	}
	for n, account := range w.cases {
		entries, err := w.CaseEntries(context.Background(), n)
		require.NoError(w.rt, err)
		outcomes := 0
		for _, e := range entries {
			if e.Kind == audit.KindOutcome {
				outcomes++
			}
		}
		require.Equal(w.rt, 1, outcomes, "outcomes of case %d about %s", n, account)
		require.True(w.rt, w.theCase(n).Status.Settled())
	}
	for _, a := range w.accounts {
		v, err := w.Account(context.Background(), a)
		require.NoError(w.rt, err)
		require.Nil(w.rt, v.InFlight)
		state := w.tencent.read(a)
		for _, f := range mute.Fields() {
			left, muted := state.Of(f).Left()
			m, believed := v.MuteOf(f)
			require.Equal(w.rt, muted, believed, "%s of %s", f, a)
			if muted {
				require.WithinDuration(w.rt, w.clock.Now().Add(left), m.Until, audit.ReadTolerance)
			}
		}
	}
}
