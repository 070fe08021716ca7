package audit_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

func (w *world) entries() []audit.Entry {
	var out []audit.Entry
	for after := w.from; ; {
		page, err := w.now.ledger.Entries(context.Background(), audit.EntryFilter{After: after, Limit: 1000})
		require.NoError(w.rt, err)
		if len(page) == 0 {
			return out
		}
		out = append(out, page...)
		after = page[len(page)-1].Seq
	}
}

// checkOutcomes: every intent has one.
func (w *world) checkOutcomes(entries []audit.Entry) {
	intents, outcomes := map[int64]int{}, map[int64]int{}
	for _, e := range entries {
		switch e.Kind { //nolint:exhaustive // the others do not matter
		case audit.KindIntent:
			intents[e.Case]++
		case audit.KindOutcome:
			outcomes[e.Case]++
		}
	}
	require.Equal(w.rt, intents, outcomes, "intents and outcomes by case")
	for n, count := range outcomes {
		require.Equal(w.rt, 1, count, "outcomes of case %d", n)
	}
}

// story is what the ledger has about an account, in short.
func (w *world) story(a mute.Account) []string {
	entries, err := w.now.ledger.Entries(context.Background(), audit.EntryFilter{Account: a, Limit: 1000})
	require.NoError(w.rt, err)
	var out []string
	for _, e := range entries {
		out = append(out, fmt.Sprintf("%s at %s until %s", short(e), e.Time.Format(time.TimeOnly), e.Deadline.Format(time.TimeOnly)))
	}
	return out
}

// checkMutes: the ledger believes what Tencent does, but for the tolerance
// within which two ends are the same.
func (w *world) checkMutes() {
	for _, a := range w.accounts {
		v, err := w.now.ledger.Account(context.Background(), a)
		require.NoError(w.rt, err)
		require.Nil(w.rt, v.InFlight)
		state, err := w.tencent.Read(context.Background(), a)
		require.NoError(w.rt, err)
		for _, f := range mute.Fields() {
			left, _ := state.Of(f).Left()
			until := w.clock.Now() // where there is no mute: it has ended at the latest
			if m, believed := v.MuteOf(f); believed {
				until = m.Until
			}
			require.WithinDuration(w.rt, w.clock.Now().Add(left), until, audit.ReadTolerance, "%s of %s after %v", f, a, w.story(a))
		}
	}
}

// checkChannel: it was told of every entry, in order, and no repeat is
// unmarked or says something else, but that a stub may follow what is refused
// later.
func (w *world) checkChannel(entries []audit.Entry) {
	var want, got []int64
	for _, e := range entries {
		if e.Kind.Posted() {
			want = append(want, e.Seq)
		}
	}
	first := map[string]message{}
	for _, m := range w.channel.messages {
		before, repeated := first[m.delivery.Nonce]
		if repeated {
			require.True(w.rt, m.delivery.Repeat, "an unmarked repeat: %s", m)
			require.Equal(w.rt, before, m.message, "a repeat that says something else")
			continue
		}
		first[m.delivery.Nonce] = m.message
		if last := len(got) - len(m.Entries); m.Stub && m.delivery.Repeat && last >= 0 && slices.Equal(got[last:], m.Entries) {
			continue
		}
		got = append(got, m.Entries...)
	}
	require.Equal(w.rt, want, got)
}
