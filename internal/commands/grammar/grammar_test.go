package grammar

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/mute"
)

// seconds is a term that a test relies on.
func seconds(t *testing.T, n int64) mute.Term {
	t.Helper()
	term, err := mute.Seconds(n)
	require.NoError(t, err)
	return term
}

// understood parses a line that has to be a command.
func understood(t *testing.T, line string) Command {
	t.Helper()
	cmd, problem := New(specs()).Parse(line)
	if problem != nil {
		t.Fatalf("%q is refused: %s: %s", line, problem.Code, problem.Message)
	}
	return cmd
}

// refused parses a line that has to be a problem, and returns its code.
func refused(t *testing.T, line string) string {
	t.Helper()
	cmd, problem := New(specs()).Parse(line)
	if problem == nil {
		t.Fatalf("%q is understood as %q", line, cmd)
	}
	return problem.Code
}

const (
	h = 60 * 60
	d = 24 * h
)

// short is a command as one line that shows every field, for tables.
func short(c Command) string {
	var b strings.Builder
	b.WriteString(c.Verb)
	for _, a := range c.Accounts {
		b.WriteString(" <" + a.Mention + string(a.Account) + ">")
	}
	if !c.Term.IsZero() {
		b.WriteString(" " + c.Term.String())
	}
	if c.ScopeGiven {
		b.WriteString(" in " + c.Scope.String())
	}
	if c.ScopeDoubt {
		b.WriteString(" in " + c.ScopeHint.String() + "?")
	}
	if c.Reason != "" {
		b.WriteString(" because [" + c.Reason + "]")
	}
	return b.String()
}

func TestParse_ScopeAndReason(t *testing.T) {
	for _, tt := range []struct{ name, line, want string }{
		{"term alone", "mute alice 2h", "mute <alice> 2h"},
		{"scope, then reason", "mute alice 2h group spamming links", "mute <alice> 2h in group because [spamming links]"},
		{"scope before term", "mute alice group 2h spamming", "mute <alice> 2h in group because [spamming]"},
		{"groups is group", "mute alice 2h groups", "mute <alice> 2h in group"},
		{"c2c counts anywhere a scope may stand", "mute alice c2c 2h x", "mute <alice> 2h in c2c because [x]"},
		{"all as the last word", "mute alice 2h all", "mute <alice> 2h in all"},
		{"both as the last word", "mute alice 2h both", "mute <alice> 2h in all"},
		{"dm as the last word", "mute alice 2h dm", "mute <alice> 2h in c2c"},
		{"dms as the last word", "mute alice 2h dms", "mute <alice> 2h in c2c"},
		{"pm as the last word", "mute alice 2h pm", "mute <alice> 2h in c2c"},
		{"direct as the last word", "mute alice 2h direct", "mute <alice> 2h in c2c"},
		{"private as the last word", "mute alice 2h private", "mute <alice> 2h in c2c"},
		{"private before reason:", "mute alice 2h private reason: info", "mute <alice> 2h in c2c because [info]"},
		{"private elsewhere begins the reason", "mute alice 1d private info leaked", "mute <alice> 1d because [private info leaked]"},
		{"all elsewhere begins the reason", "mute alice 1d all day long", "mute <alice> 1d because [all day long]"},
		{"direct elsewhere begins the reason", "mute alice 1d direct threats", "mute <alice> 1d because [direct threats]"},
		{"scope: says it anywhere", "mute alice 1d scope:private info leaked", "mute <alice> 1d in c2c because [info leaked]"},
		{"scope: with a space", "mute alice 1d scope: all info", "mute <alice> 1d in all because [info]"},
		{"scope: before the account", "mute scope:group alice 1d x", "mute <alice> 1d in group because [x]"},
		{"scope: of any letter case", "mute alice 1d SCOPE:Group x", "mute <alice> 1d in group because [x]"},
		{"reason: introduces", "mute alice 1d reason: group chat", "mute <alice> 1d in group? because [group chat]"},
		{"reason: without a space", "mute alice 1d Reason:spam", "mute <alice> 1d because [spam]"},
		{"reason: in the reason stays", "mute alice 1d spam reason: no", "mute <alice> 1d because [spam reason: no]"},
		{"an empty reason: is none", "mute alice 1d reason:", "mute <alice> 1d"},
		{"defaulted scope, reason speaks of groups", "mute alice 2h spam in group chat", "mute <alice> 2h in group? because [spam in group chat]"},
		{"defaulted scope, reason speaks of dms", "mute alice 2h spam in DMs!", "mute <alice> 2h in c2c? because [spam in DMs!]"},
		{"reason speaks of both: no doubt", "mute alice 2h spam in groups and dms", "mute <alice> 2h because [spam in groups and dms]"},
		{"given scope: no doubt", "mute alice 2h group spam in group chat", "mute <alice> 2h in group because [spam in group chat]"},
		{"a word that contains a scope word is none", "mute alice 2h regrouping", "mute <alice> 2h because [regrouping]"},
		{"unmute, scope", "unmute alice group", "unmute <alice> in group"},
		{"unmute, last word", "unmute alice private", "unmute <alice> in c2c"},
		{"unmute, reason:", "unmute alice reason: bob was right", "unmute <alice> because [bob was right]"},
		{"unmute, scope and reason:", "unmute alice all reason: mistake", "unmute <alice> in all because [mistake]"},
		{"unmute, reason: speaks of groups", "unmute alice reason: quiet group", "unmute <alice> in group? because [quiet group]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, short(understood(t, tt.line)))
		})
	}
}

func TestParse_ScopeDefaults(t *testing.T) {
	require.Equal(t, mute.ScopeAll, understood(t, "mute alice 2h").Scope)
	require.Equal(t, mute.ScopeAll, understood(t, "unmute alice").Scope)
	require.Zero(t, understood(t, "mutes").Scope, "a list that is not filtered")
	require.Equal(t, mute.ScopeC2C, understood(t, "mutes private").Scope)
	require.Zero(t, understood(t, "status alice").Scope)
}

func TestParse_FurtherParts(t *testing.T) {
	for _, tt := range []struct{ name, line, want string }{
		{"the end follows", "mute alice 1w 3d", "mute <alice> 10d"},
		{"a scope follows", "mute alice 1w 3d group art theft", "mute <alice> 10d in group because [art theft]"},
		{"a last-word scope follows", "mute alice 1w 3d all", "mute <alice> 10d in all"},
		{"scope: follows", "mute alice 1w 3d scope:dm art theft", "mute <alice> 10d in c2c because [art theft]"},
		{"reason: follows", "mute alice 1w 3d reason: art theft", "mute <alice> 10d because [art theft]"},
		{"three parts", "mute alice 1d 12h 30m", "mute <alice> 1d12h30m"},
		{"commas and and", "mute alice 1d, 12h, and 30m", "mute <alice> 1d12h30m"},
		{"joined by a comma", "mute alice 1d,12h art theft", "mute <alice> 1d12h because [art theft]"},
		{"a number before a word begins the reason", "mute alice 2h 30 messages", "mute <alice> 2h because [30 messages]"},
		{"a part-like word that is none", "mute alice 2h 30k links", "mute <alice> 2h because [30k links]"},
		{"and before a word begins the reason", "mute alice 2h and stop", "mute <alice> 2h because [and stop]"},
		{"a number and a word after a scope", "mute alice 2h group 30 messages", "mute <alice> 2h in group because [30 messages]"},
		{"permanent, then a reason", "mute alice perm ban evasion", "mute <alice> permanent because [ban evasion]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, short(understood(t, tt.line)))
		})
	}
}

func TestParse_CharactersOutsideTheReason(t *testing.T) {
	for _, tt := range []struct{ name, line, want string }{
		{"verbs of any letter case", "MuTe alice 2H", "mute <alice> 2h"},
		{"a slash before the verb", "/mute alice 2h", "mute <alice> 2h"},
		{"/mod before the verb", "/mod mute alice 2h", "mute <alice> 2h"},
		{"mod before the verb", "Mod mute alice 2h", "mute <alice> 2h"},
		{"no-break and ideographic spaces", "mute\u00a0alice\u30002h", "mute <alice> 2h"},
		{"tabs and line breaks", "mute\talice\r\n2h\n", "mute <alice> 2h"},
		{"invisible characters", "\ufeffmute al\u200bice\u2060 \u200e2\u200dh", "mute <alice> 2h"},
		{"an invisible word is none", "mute alice \u200b 2h \ufe0f", "mute <alice> 2h"},
		{"full-width comma", "mute alice，bob 2h", "mute <alice> <bob> 2h"},
		{"enumeration comma", "mute alice、bob 2h", "mute <alice> <bob> 2h"},
		{"full-width colon", "mute alice 2h scope：group reason：spam", "mute <alice> 2h in group because [spam]"},
		{"corner brackets", "mute 「alice smith」 2h", "mute <alice smith> 2h"},
		{"smart quotes", "mute “alice smith” 2h", "mute <alice smith> 2h"},
		{"a smart apostrophe", "mute o’brien 2h", "mute <o'brien> 2h"},
		{"single quotes", "mute 'alice smith' 2h", "mute <alice smith> 2h"},
		{"code marks around words", "mute `alice` `2h` `group`", "mute <alice> 2h in group"},
		{"code marks around the line", "`mute alice 2h spam`", "mute <alice> 2h because [spam]"},
		{"a code block", "```\nmute alice 2h spam\n```\n", "mute <alice> 2h because [spam]"},
		{"a code span at each end is not around the line", "`mute` alice 2h `spam`", "mute <alice> 2h because [`spam`]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, short(understood(t, tt.line)))
		})
	}
}

func TestParse_ReasonIsKeptAsTyped(t *testing.T) {
	for _, tt := range []struct{ name, typed, want string }{
		{"punctuation and quotes", "“spam”，了：'x'", "“spam”，了：'x'"},
		{"markup and mentions", "@everyone <!channel> <@U1> `x` *y*", "@everyone <!channel> <@U1> `x` *y*"},
		{"direction and joiners", "a\u202eb 👩\u200d👩", "a\u202eb 👩\u200d👩"},
		{"inner spaces", "a  b\u3000c", "a  b\u3000c"},
		{"surrounding space goes", "  a \u3000", "a"},
		{"line breaks become spaces", "a\r\nb\nc\u2028d\te", "a b c d e"},
		{"control characters and broken bytes are replaced", "a\x00b\x07c\xffd", "a\ufffdb\ufffdc\ufffdd"},
		{"4,000 characters of three bytes", strings.Repeat("刷", 4000), strings.Repeat("刷", 4000)},
		{"the longest", strings.Repeat("𠮷", MaxReasonRunes), strings.Repeat("𠮷", MaxReasonRunes)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, understood(t, "mute alice 2h "+tt.typed).Reason)
			require.Equal(t, tt.want, understood(t, "mute alice 2h reason:"+tt.typed).Reason)
		})
	}
}

func TestParse_OtherVerbs(t *testing.T) {
	for _, tt := range []struct {
		line string
		want Command
	}{
		{"status alice", Command{Verb: "status", Accounts: []AccountArg{{Account: "alice"}}}},
		{"history Alice", Command{Verb: "history", Accounts: []AccountArg{{Account: "Alice"}}}},
		{"mutes", Command{Verb: "mutes"}},
		{"mutes by mia", Command{Verb: "mutes", By: "mia"}},
		{"mutes by @mia", Command{Verb: "mutes", By: "mia"}},
		{`mutes by "mia lee" group`, Command{Verb: "mutes", By: "mia lee", Scope: mute.ScopeGroup, ScopeGiven: true}},
		{"mutes by <@U7|mia>", Command{Verb: "mutes", By: "U7", ByMention: true}},
		{"mutes c2c BY mia", Command{Verb: "mutes", By: "mia", Scope: mute.ScopeC2C, ScopeGiven: true}},
		{"mutes dms by mia", Command{Verb: "mutes", By: "mia", Scope: mute.ScopeC2C, ScopeGiven: true}},
		{"case 41", Command{Verb: "case", Case: 41}},
		{"case #41", Command{Verb: "case", Case: 41}},
		{"case 41 note appealed: mail", Command{Verb: "case", Case: 41, Note: "appealed: mail"}},
		{"case #41 Note: appealed", Command{Verb: "case", Case: 41, Note: "appealed"}},
		{"confirm 142", Command{Verb: "confirm", Case: 142}},
		{"confirm #142 Extend", Command{Verb: "confirm", Case: 142, Choice: "extend"}},
		{`confirm 142 "keep"`, Command{Verb: "confirm", Case: 142, Choice: "keep"}},
		{"whoami", Command{Verb: "whoami"}},
		{"health", Command{Verb: "health"}},
		{"doctor", Command{Verb: "health"}},
		{"健康", Command{Verb: "health"}},
		{"help", Command{Verb: "help"}},
		{"help mute", Command{Verb: "help", Topic: "mute"}},
		{"help /MUTE", Command{Verb: "help", Topic: "mute"}},
		{"mute help", Command{Verb: "help", Topic: "mute"}},
		{"/mod status help", Command{Verb: "help", Topic: "status"}},
		{"whoami help", Command{Verb: "help", Topic: "whoami"}},
		{"", Command{Verb: "help"}},
		{" \n", Command{Verb: "help"}},
		{"/", Command{Verb: "help"}},
		{"/mod", Command{Verb: "help"}},
		{"mod", Command{Verb: "help"}},
	} {
		t.Run(tt.line, func(t *testing.T) {
			require.Equal(t, tt.want, understood(t, tt.line))
		})
	}
}

func TestParse_HelpIsAnAccountWhenQuoted(t *testing.T) {
	require.Equal(t, []AccountArg{{Account: "help", Quoted: true}}, understood(t, `status "help"`).Accounts)
	require.Equal(t, "mute <help> 2h", short(understood(t, "mute help 2h")))
}

func TestCommand_String(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"/mod MUTE alice , bob  1w 3d  group  art theft", "mute alice, bob 10d group art theft"},
		{`mute "alice smith" perm`, `mute "alice smith" permanent`},
		{"mute alice 2h all reason: spam", "mute alice 2h scope:all spam"},
		{"mute alice 2h all", "mute alice 2h all"},
		{"mute alice 2h reason: group chat", "mute alice 2h reason: group chat"},
		{"mute alice 2h 30 messages", "mute alice 2h reason: 30 messages"},
		{"mute <@U1|bob> 2h it’s spam", "mute <@U1> 2h it’s spam"},
		{"unmute alice group reason: x", "unmute alice group reason: x"},
		{"mutes group by mia", "mutes by mia group"},
		{"case #41 note: :)", "case 41 note: :)"},
		{"case 41 note appealed", "case 41 note appealed"},
		{"confirm 142 Keep", "confirm 142 keep"},
		{"mute help", "help mute"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			require.Equal(t, tt.want, understood(t, tt.line).String())
		})
	}
}
