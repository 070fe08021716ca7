package audit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/mute"
)

// told replays entries: they get their seqs here, and the time of their place.
func told(t *testing.T, entries ...Entry) *state {
	t.Helper()
	s := &state{}
	for _, e := range entries {
		require.NoError(t, tell(s, e))
	}
	return s
}

func tell(s *state, e Entry) error {
	s.head.Size++
	e.Seq = s.head.Size
	e.Time = time.Unix(1000+e.Seq, 0)
	return apply(s, &e)
}

// TestHistoriesThatCannotBe is every entry that does not follow from those
// before it: a writer refuses to make it, and a replay calls it altered.
func TestHistoriesThatCannotBe(t *testing.T) {
	intent := Entry{Kind: KindIntent, Case: 1, Acct: 1, Scope: mute.ScopeGroup}
	question := Entry{Kind: KindQuestion, Case: 1, Acct: 1, Scope: mute.ScopeGroup}
	done := Entry{Kind: KindOutcome, Case: 1, Acct: 1, Outcome: OutcomeDone}
	unknown := Entry{Kind: KindUnknown, Case: 1, Acct: 1, Outcome: OutcomeUnknown}
	for name, h := range map[string]struct {
		before []Entry
		last   Entry
	}{
		"a kind of its own":                {nil, Entry{Kind: "gossip"}},
		"a case number that is not next":   {nil, Entry{Kind: KindIntent, Case: 2, Acct: 1}},
		"a refusal of an old case":         {[]Entry{intent}, Entry{Kind: KindRefused, Case: 1, Acct: 1}},
		"a second intent of a case":        {[]Entry{intent, done}, intent},
		"an outcome without an intent":     {nil, done},
		"an outcome of a question":         {[]Entry{question}, done},
		"a second outcome":                 {[]Entry{intent, done}, done},
		"an outcome about another":         {[]Entry{intent}, Entry{Kind: KindOutcome, Case: 1, Acct: 2, Outcome: OutcomeDone}},
		"an outcome that is unknown":       {[]Entry{intent}, Entry{Kind: KindOutcome, Case: 1, Acct: 1, Outcome: OutcomeUnknown}},
		"an unknown that is done":          {[]Entry{intent}, Entry{Kind: KindUnknown, Case: 1, Acct: 1, Outcome: OutcomeDone}},
		"an unknown after the outcome":     {[]Entry{intent, done}, unknown},
		"an outcome that is a refusal":     {[]Entry{intent}, Entry{Kind: KindOutcome, Case: 1, Acct: 1, Outcome: OutcomeRefused}},
		"a question closed as done":        {[]Entry{question}, Entry{Kind: KindClosed, Case: 1, Acct: 1, Outcome: OutcomeDone}},
		"an intent closed":                 {[]Entry{intent}, Entry{Kind: KindClosed, Case: 1, Acct: 1, Outcome: OutcomeDeclined}},
		"a question of an intent":          {[]Entry{intent}, question},
		"a late answer to a question":      {[]Entry{question}, Entry{Kind: KindLate, Case: 1, Acct: 1}},
		"a late answer about more":         {[]Entry{intent, done}, Entry{Kind: KindLate, Case: 1, Acct: 1, Effect: mute.ScopeAll}},
		"the end of a mute that is none":   {[]Entry{intent}, Entry{Kind: KindExpired, Case: 1, Acct: 1, Scope: mute.ScopeGroup}},
		"a note on no case":                {nil, Entry{Kind: KindNote, Case: 1}},
		"an erasure of what is to come":    {nil, Entry{Kind: KindRedacted, About: 1}},
		"an erasure of nothing":            {[]Entry{intent}, Entry{Kind: KindRedacted}},
		"an outcome of a case that lapsed": {[]Entry{question, {Kind: KindClosed, Case: 1, Acct: 1, Outcome: OutcomeLapsed}}, done},
	} {
		t.Run(name, func(t *testing.T) {
			s := told(t, h.before...)
			require.ErrorIs(t, tell(s, h.last), errHistory)
		})
	}
}

// TestRowsThatWereNotLoaded: a writer that forgets to load a row must not see
// it as absent.
func TestRowsThatWereNotLoaded(t *testing.T) {
	s := &state{tx: noTx{}}
	_, ok := s.caseRow(1)
	require.False(t, ok)
	require.True(t, s.missed)
}

// noTx is a transaction that nobody reads.
type noTx struct{ Tx }
