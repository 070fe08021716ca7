package texts_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// dusk is when the mutes of these tests end.
var dusk = time.Date(2026, 11, 22, 2, 17, 0, 0, time.UTC)

func twoHours(t require.TestingT) mute.Term {
	term, err := mute.Seconds(7200)
	require.NoError(t, err)
	return term
}

// outcome is a mute that carol had done.
func outcome(t require.TestingT, seq, number int64, account string) texts.PostInput {
	return texts.PostInput{
		Entry: audit.Entry{Seq: seq, Kind: audit.KindOutcome, Outcome: audit.OutcomeDone, Case: number, Time: dusk.Add(-2 * time.Hour)},
		Case: &audit.CaseView{
			Number: number, Verb: "mute", Account: mute.Account(account), Scope: mute.ScopeGroup, Term: twoHours(t), Deadline: dusk,
			Actor: "discord:77", ActorName: "carol", Role: "moderator", Channel: chat.Channel{Name: "mods"}, Reason: "spamming links",
		},
		Checkpoint: "1204 root", Origin: "print",
	}
}

// ended is what became of one field of a case at its end.
func ended(t require.TestingT, kind audit.Kind, seq, number int64, account string, scope mute.Scope, after *mute.State) texts.PostInput {
	in := outcome(t, seq, number, account)
	in.Entry.Kind, in.Entry.Outcome, in.Entry.Scope, in.Entry.After = kind, "", scope, after
	in.Entry.Time = dusk
	in.Case.Scope = mute.ScopeAll
	return in
}

func left(seconds uint32) *mute.State {
	s := mute.State{}.With(mute.Group, mute.ReadingOf(seconds)).With(mute.C2C, mute.ReadingOf(seconds))
	return &s
}

func plain(posts []chat.Post) string {
	var lines []string
	for _, p := range posts {
		lines = append(lines, p.Alone().Plain())
	}
	return strings.Join(lines, "\n")
}

func TestPosts(t *testing.T) {
	const who = " · by carol (discord:77) as moderator in #mods · “spamming links” · "
	other := outcome(t, 8, 5, "erin")
	other.Case.Reason = "flooding"
	forever, failed, erased, stub := outcome(t, 4, 3, "bob"), outcome(t, 6, 4, "carl"), outcome(t, 4, 3, "bob"), outcome(t, 4, 3, "bob")
	forever.Case.Term, forever.Case.Deadline = mute.Permanent(), time.Time{}
	failed.Entry.Outcome = audit.OutcomeFailed
	erased.Case.Erased = true
	stub.Stub = true
	again, later := outcome(t, 4, 3, "bob"), outcome(t, 6, 4, "carl")
	again.Prior, later.Case.Deadline = 2, dusk.Add(3*time.Minute)
	for name, tc := range map[string]struct {
		in   []texts.PostInput
		want []string
	}{
		"one stays as it is": {
			[]texts.PostInput{outcome(t, 2, 2, "alice")},
			[]string{"Done · mute · alice · groups · 2h, until 2026-11-22 02:17 UTC · by carol (discord:77) as moderator in #mods · “spamming links” · case 2 · #2 · size 1204 root"},
		},
		"a command on a list": {
			[]texts.PostInput{outcome(t, 2, 2, "alice"), again, later, other},
			[]string{
				"Done · 3 mutes · groups · 2h, until 2026-11-22 02:17 UTC to 2026-11-22 02:20 UTC" + who +
					"alice (case 2, #2), bob (case 3, #4, earlier actions: 2), carl (case 4, #6) · size 1204 root",
				"Done · mute · erin · groups · 2h, until 2026-11-22 02:17 UTC · by carol (discord:77) as moderator in #mods · “flooding” · case 5 · #8 · size 1204 root",
			},
		},
		"what differs, failed, was erased or refused stands alone": {
			[]texts.PostInput{outcome(t, 2, 2, "alice"), forever, failed, erased, stub},
			[]string{"Done · mute · alice", "Done · mute · bob · groups · permanently", "NOT DONE · mute · carl", "Done · mute · (erased)", "Done · (the platform refused"},
		},
		"an end of one field names that field alone": {
			[]texts.PostInput{ended(t, audit.KindExpired, 5, 1, "alice", mute.ScopeC2C, left(0))},
			[]string{"Expired · mute · alice · one-to-one · 2h, until 2026-11-22 02:17 UTC · Tencent: not muted · by carol"},
		},
		"both fields of a case end as one": {
			[]texts.PostInput{
				ended(t, audit.KindExpired, 5, 1, "alice", mute.ScopeGroup, left(0)), ended(t, audit.KindExpired, 6, 1, "alice", mute.ScopeC2C, left(0)),
				ended(t, audit.KindExpired, 7, 2, "bob", mute.ScopeAll, left(0)),
			},
			[]string{"Expired · 2 mutes · groups and one-to-one · ended 2026-11-22 02:17 UTC · Tencent: not muted · alice (case 1, #5, #6), bob (case 2, #7) · size 1204 root"},
		},
		"scopes are told apart": {
			[]texts.PostInput{
				ended(t, audit.KindExpired, 5, 1, "alice", mute.ScopeGroup, left(0)), ended(t, audit.KindExpired, 6, 2, "bob", mute.ScopeC2C, left(0)),
				ended(t, audit.KindExpired, 7, 3, "carl", mute.ScopeGroup, nil),
			},
			[]string{
				"Expired · 2 mutes · ended 2026-11-22 02:17 UTC · Tencent: not muted · alice groups (case 1, #5), bob one-to-one (case 2, #6) · size 1204 root",
				"Expired · mute · carl · groups · 2h, until 2026-11-22 02:17 UTC · Tencent: no such account · by carol",
			},
		},
		"drift says what Tencent has": {
			[]texts.PostInput{
				ended(t, audit.KindDrift, 5, 1, "alice", mute.ScopeGroup, left(600)), ended(t, audit.KindDrift, 6, 2, "bob", mute.ScopeGroup, left(6000)),
				ended(t, audit.KindDrift, 7, 3, "carl", mute.ScopeGroup, left(4294967295)), ended(t, audit.KindDrift, 8, 4, "dave", mute.ScopeGroup, left(30)),
				ended(t, audit.KindDrift, 9, 5, "erin", mute.ScopeGroup, left(0)), ended(t, audit.KindDrift, 10, 6, "frank", mute.ScopeGroup, left(0)),
			},
			[]string{
				"CHANGED OUTSIDE MODBOT · 2 mutes · groups · Tencent: muted until another time · alice until 2026-11-22 02:27 UTC (case 1, #5), bob until 2026-11-22 03:57 UTC (case 2, #6) · size 1204 root",
				"CHANGED OUTSIDE MODBOT · mute · carl · groups · 2h, until 2026-11-22 02:17 UTC · Tencent: muted without an end · by carol",
				"CHANGED OUTSIDE MODBOT · mute · dave · groups · 2h, until 2026-11-22 02:17 UTC · Tencent: muted until 2026-11-22 02:17 UTC",
				"CHANGED OUTSIDE MODBOT · 2 mutes · groups · Tencent: not muted · erin (case 5, #9), frank (case 6, #10) · size 1204 root",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			posts := texts.Posts(tc.in)
			require.Len(t, posts, len(tc.want), "%s", plain(posts))
			for i, want := range tc.want {
				require.True(t, strings.HasPrefix(posts[i].Alone().Plain(), want), "%s", posts[i].Alone().Plain())
			}
		})
	}
}

// However the entries are, each is named once, in order, and no post is about
// an entry of another.
func TestPosts_NameEachEntryOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 120).Draw(t, "entries")
		var in []texts.PostInput
		var want []int64
		seq, number := int64(0), int64(0)
		for range n {
			seq += rapid.Int64Range(1, 2).Draw(t, "step")
			number += rapid.Int64Range(0, 1).Draw(t, "case")
			account := rapid.StringMatching(`[ -~]{1,32}`).Draw(t, "account")
			kind := rapid.SampledFrom([]audit.Kind{audit.KindExpired, audit.KindDrift, audit.KindOutcome}).Draw(t, "kind")
			p := outcome(t, seq, number+1, account)
			if kind != audit.KindOutcome {
				scope := rapid.SampledFrom([]mute.Scope{mute.ScopeGroup, mute.ScopeC2C}).Draw(t, "scope")
				p = ended(t, kind, seq, number+1, account, scope, left(rapid.SampledFrom([]uint32{0, 600, 4294967295}).Draw(t, "left")))
			}
			in, want = append(in, p), append(want, seq)
		}
		var got []int64
		last := int64(0)
		for _, p := range texts.Posts(in) {
			require.Greater(t, p.FirstSeq, last)
			for _, s := range want {
				if s < p.FirstSeq || s > p.LastSeq {
					continue
				}
				got = append(got, s)
				text := p.Alone().Plain()
				require.True(t, slices.ContainsFunc([]string{",", ")", " ·"}, func(end string) bool {
					return strings.Contains(text, fmt.Sprintf("#%d%s", s, end))
				}), "#%d in %s", s, text)
			}
			require.Less(t, len(p.Alone().Plain()), 2500)
			last = p.LastSeq
		}
		require.Equal(t, want, got)
	})
}

// An adapter that has to cut a line cuts somebody's words first. The marks
// around them are ours, so that what follows isn't taken for more of them.
func TestPost_QuotationMarksAreNotPartOfTheQuote(t *testing.T) {
	line := texts.Post(outcome(t, 2, 2, "alice")).Message.Lines[0]
	i := slices.IndexFunc(line, func(s chat.Span) bool { return s.Text == "spamming links" })
	require.Positive(t, i)
	require.Equal(t, chat.SpanQuote, line[i].Kind)
	require.Equal(t, chat.Plain("“"), line[i-1])
	require.Equal(t, chat.Plain("”"), line[i+1])
}
