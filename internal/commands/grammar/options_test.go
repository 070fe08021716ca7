package grammar

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

func given(pairs ...string) []chat.Option {
	var out []chat.Option
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, chat.Option{Name: pairs[i], Value: pairs[i+1]})
	}
	return out
}

func TestParseOptions(t *testing.T) {
	for _, tt := range []struct {
		name, verb string
		options    []chat.Option
		want       string
	}{
		{"every option", "mute", given("account", "alice, bob", "term", "1d 12h", "scope", "dm", "reason", "group raid"), "mute <alice> <bob> 1d12h in c2c because [group raid]"},
		{"any order", "mute", given("reason", "spam", "term", "2h", "account", "alice"), "mute <alice> 2h because [spam]"},
		{"empty options are not given", "mute", given("account", "alice", "term", "2h", "scope", " ", "reason", ""), "mute <alice> 2h"},
		{"the reason may speak of a scope", "mute", given("account", "alice", "term", "2h", "reason", "spam in group chat"), "mute <alice> 2h in group? because [spam in group chat]"},
		{"a field needs no quotation marks for a term", "mute", given("account", "2h", "term", "1d"), "mute <2h> 1d"},
		{"quotation marks still quote", "mute", given("account", `"alice smith"`, "term", "1d"), "mute <alice smith> 1d"},
		{"a mention", "mute", given("account", "<@77>", "term", "1d"), "mute <77> 1d"},
		{"a reason that begins like a keyword", "unmute", given("account", "alice", "reason", "scope:group"), "unmute <alice> in group? because [scope:group]"},
		{"case and note", "case", given("case", "#41", "note", "appealed"), "case"},
		{"verb in any letter case", "WHOAMI", nil, "whoami"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd, problem := New(specs()).ParseOptions(tt.verb, tt.options)
			require.Nil(t, problem)
			require.Equal(t, tt.want, short(cmd))
		})
	}
}

func TestParseOptions_OfEveryKind(t *testing.T) {
	p := New(specs())
	cmd, problem := p.ParseOptions("case", given("case", "41", "note", " a\nb "))
	require.Nil(t, problem)
	require.Equal(t, Command{Verb: "case", Case: 41, Note: "a b"}, cmd)

	cmd, problem = p.ParseOptions("confirm", given("case", "142", "choice", "Extend"))
	require.Nil(t, problem)
	require.Equal(t, Command{Verb: "confirm", Case: 142, Choice: "extend"}, cmd)

	cmd, problem = p.ParseOptions("mutes", given("by", "<@U1>", "scope", "group"))
	require.Nil(t, problem)
	require.Equal(t, Command{Verb: "mutes", By: "U1", ByMention: true, Scope: mute.ScopeGroup, ScopeGiven: true}, cmd)

	cmd, problem = p.ParseOptions("help", given("verb", "mute"))
	require.Nil(t, problem)
	require.Equal(t, Command{Verb: "help", Topic: "mute"}, cmd)
}

func TestParseOptions_ProblemsOfferTheWholeCommand(t *testing.T) {
	p := New(specs())
	for _, tt := range []struct {
		name    string
		options []chat.Option
		code    string
		want    []string
	}{
		{
			"term before the others", given("term", "30M", "account", "alice", "scope", "group", "reason", "spam"),
			texts.CodeTermLoneM,
			[]string{"mute alice 30m group spam", "mute alice 900d group spam"},
		},
		{
			"two problems: the second is mended by its own", given("account", "@alice", "term", "2hrss"),
			texts.CodeAccountAt,
			[]string{"mute alice 2h"},
		},
		{
			"too many accounts", given("account", strings.Repeat("x,", 3)+"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t", "term", "1d"),
			texts.CodeAccountTooMany,
			[]string{"mute x, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s 1d", "mute t 1d"},
		},
		{
			"a reason that is too long", given("account", "alice", "term", "1d", "reason", strings.Repeat("刷", MaxReasonRunes+1)),
			texts.CodeReasonTooLong,
			[]string{"mute alice 1d reason: " + strings.Repeat("刷", suggestedText-1) + "…"},
		},
		{
			"far too long", given("account", "alice", "term", "1d", "reason", strings.Repeat("x", MaxLineBytes)),
			texts.CodeLineTooLong,
			[]string{"help mute"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, problem := p.ParseOptions("mute", tt.options)
			require.NotNil(t, problem)
			require.Equal(t, tt.code, problem.Code)
			require.Equal(t, tt.want, problem.Suggestions())
		})
	}
}

func TestParseScope(t *testing.T) {
	for typed, want := range map[string]mute.Scope{
		"group": mute.ScopeGroup, " Groups ": mute.ScopeGroup, "c2c": mute.ScopeC2C, "DM": mute.ScopeC2C,
		"direct": mute.ScopeC2C, "private": mute.ScopeC2C, "One-to-one": mute.ScopeC2C, "all": mute.ScopeAll, "`both`": mute.ScopeAll,
	} {
		scope, problem := ParseScope(typed)
		require.Nil(t, problem, typed)
		require.Equal(t, want, scope, typed)
	}
	_, problem := ParseScope("grou")
	require.Equal(t, []string{"group"}, problem.Suggestions())
	require.True(t, problem.Value)
}
