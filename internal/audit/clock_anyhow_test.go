package audit_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// However the clock is set, entries never go back in time, an account is never
// begun twice at once, nothing is read while a request may be inside, and each
// mute ends once, when Tencent has ended it.
func TestClockSet_Anyhow(t *testing.T) {
	fewer(t, "20") // each is dozens of transactions
	onBoth(t, func(t *testing.T, on dialect) {
		t.Parallel()
		h, _ := on.walled(t)
		var run atomic.Int64
		rapid.Check(t, func(r *rapid.T) {
			m := moveIn(t, r, h, run.Add(1))
			for range rapid.IntRange(5, 15).Draw(r, "steps") {
				m.step()
			}
			m.ends()
		})
	})
}

// tenant is one run of TestClockSet_Anyhow in the house that all runs share: to
// make one for each takes longer than the run. It has accounts and a process of
// its own.
type tenant struct {
	*house
	r        *rapid.T
	accounts []mute.Account
	from     int64 // size of the ledger before the run
	settler  *audit.Settler
	expirer  *audit.Expirer
	inside   map[mute.Account]time.Time // until when a request may be
}

// moveIn begins a run: on a clock that is right, at a time after that of every
// entry so far, whatever the clock said then.
func moveIn(t *testing.T, r *rapid.T, h *house, run int64) *tenant {
	t.Helper()
	m := &tenant{house: h, r: r, inside: map[mute.Account]time.Time{}}
	for _, name := range []string{"a", "b"} {
		m.accounts = append(m.accounts, mute.Account(fmt.Sprintf("run%d-%s", run, name)))
	}
	h.tencent = newTencent(h.clock, m.accounts...)
	h.wall.set(-h.wall.off)
	h.clock.Advance(7 * 24 * time.Hour)
	h.ledger = h.reopened()
	size, _, err := h.ledger.Head(r.Context())
	require.NoError(r, err)
	m.from, m.settler, m.expirer = size, h.settler(), h.expirer()
	return m
}

func (m *tenant) step() {
	a := rapid.SampledFrom(m.accounts).Draw(m.r, "account")
	switch rapid.IntRange(0, 4).Draw(m.r, "what") {
	case 0:
		m.wall.set(time.Duration(rapid.IntRange(-7200, 7200).Draw(m.r, "by")) * time.Second)
	case 1:
		m.clock.Advance(time.Duration(rapid.IntRange(1, 900).Draw(m.r, "passes")) * time.Second)
	case 2:
		m.dies(a, rapid.Int64Range(30, 3600).Draw(m.r, "term"))
	case 3:
		m.tencent.seen()
		once(m.t, m.settler.Once)
		for _, read := range m.tencent.seen() {
			require.False(m.r, m.inside[read].After(m.clock.Now()), "read while a request may be inside")
		}
	case 4:
		once(m.t, m.expirer.Once)
	}
}

// dies begins a mute in a process that dies with its request inside; it lands
// at once.
func (m *tenant) dies(a mute.Account, term int64) {
	b, err := begin(m.r.Context(), m.ledger, a, mute.ScopeGroup, seconds(m.r, term))
	if err != nil {
		require.ErrorAs(m.r, err, new(*audit.BusyError))
		return
	}
	require.False(m.r, m.inside[a].After(m.clock.Now()), "begun while a request may be inside")
	m.inside[a] = m.clock.Now().Add(audit.LeaseTime)
	m.tencent.set(a, mute.ScopeGroup, m.clock.Now().Add(b.Deadline.Sub(m.wall.Now())))
}

// ends lets everything come to its end.
func (m *tenant) ends() {
	for range 3 {
		for _, passes := range []time.Duration{3 * time.Hour, 30 * time.Second} {
			m.clock.Advance(passes)
			once(m.t, m.settler.Once)
			once(m.t, m.expirer.Once)
		}
	}
	entries, err := m.ledger.Entries(m.r.Context(), audit.EntryFilter{After: m.from, Limit: 1000})
	require.NoError(m.r, err)
	outcomes, unseen := map[int64]int{}, false
	var last time.Time
	for _, e := range entries {
		require.False(m.r, e.Time.Before(last), "time goes back")
		last = e.Time
		if e.Kind == audit.KindOutcome {
			outcomes[e.Case]++
			unseen = unseen || e.Outcome == audit.OutcomeUnverified
		}
		// A mute that came and went unseen has taken the place of another.
		require.True(m.r, unseen || e.Kind != audit.KindDrift, "nobody changed anything")
	}
	for n, count := range outcomes {
		require.Equal(m.r, 1, count, "case %d", n)
	}
	for _, a := range m.accounts {
		require.Empty(m.r, m.mutes(a), fmt.Sprint(m.log(m.from)))
	}
}
