package grammar

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/mute"
	"modbot/internal/texts"
)

// checkCommand asserts what holds for every command.
func checkCommand(t require.TestingT, p *Parser, c Command) {
	spec := p.lookup(c.Verb)
	require.NotNil(t, spec)
	require.Equal(t, spec.Verb, c.Verb)
	switch c.Verb {
	case "mute":
		require.False(t, c.Term.IsZero())
		require.NotZero(t, c.Scope)
		require.NotEmpty(t, c.Accounts)
	case "unmute":
		require.NotZero(t, c.Scope)
		require.NotEmpty(t, c.Accounts)
	case "status", "history":
		require.Len(t, c.Accounts, 1)
	case "link", "unlink":
		require.False(t, c.Member.IsZero())
		require.False(t, c.Member.ID != "" && c.Member.Mention != "")
	case "case", "confirm":
		require.Positive(t, c.Case)
	}
	if n, ok := c.Term.Seconds(); ok {
		require.Positive(t, n)
		require.LessOrEqual(t, n, mute.MaxSeconds)
	}
	require.LessOrEqual(t, len(c.Accounts), MaxAccounts)
	for i, a := range c.Accounts {
		if a.Mention == "" {
			_, err := mute.ParseAccount(string(a.Account))
			require.NoError(t, err)
		}
		for _, b := range c.Accounts[:i] {
			require.NotEqual(t, AccountArg{Account: b.Account, Mention: b.Mention}, AccountArg{Account: a.Account, Mention: a.Mention})
		}
	}
	for _, text := range []string{c.Reason, c.Note} {
		require.LessOrEqual(t, len([]rune(text)), MaxReasonRunes)
		require.Equal(t, text, cleanText(text))
	}
	require.Equal(t, c.ScopeDoubt, c.ScopeHint != 0)
	require.False(t, c.ScopeDoubt && c.ScopeGiven)
}

// bare is a command without what String does not keep.
func bare(c Command) Command {
	accounts := make([]AccountArg, len(c.Accounts))
	for i, a := range c.Accounts {
		accounts[i] = AccountArg{Account: a.Account, Mention: a.Mention}
	}
	c.Accounts = accounts
	c.Member.Name = ""
	return c
}

func FuzzParse(f *testing.F) {
	for _, list := range attempts() {
		for _, a := range list {
			f.Add(strings.TrimPrefix(a.shown, "/"))
		}
	}
	for _, s := range []string{
		"", "/mod mute alice 2h group spam", `mute "a b",<@U1|x>,c 1w 3d all reason: x`, "`mute a 1d`", "mute a 2h `x`",
		"unmute a, reason:x", "mutes by \"m l\" dm", "case #41 note: :", "confirm 9 k", "help mute", "mute a 2h\u200b",
		"mute a 2h scope:all reason:reason:", "mutes by 'a", "mute a 2h and and", "mute\u3000a，b\u00a01d",
		"link <@U1|x> alice", "link Slack:T1/U1, \"2h\"", "unlink discord:1/2", "link alice <@1>",
	} {
		f.Add(s)
	}
	p := New(specs())
	f.Fuzz(func(t *testing.T, typed string) {
		cmd, problem := p.Parse(typed)
		if problem != nil {
			require.Equal(t, Command{}, cmd)
			checkProblem(t, p, problem)
			return
		}
		checkCommand(t, p, cmd)
		again, problem := p.Parse(cmd.String())
		require.Nil(t, problem, "%q", cmd.String())
		require.Equal(t, bare(cmd), bare(again), "%q", cmd.String())
	})
}

func FuzzParseTerm(f *testing.F) {
	for _, a := range attempts()["term"] {
		f.Add(strings.TrimPrefix(strings.TrimPrefix(a.shown, "/mute alice "), "term: "))
	}
	for _, s := range []string{"1d12h", "1d, and 12h", "1.5h", "perm", "4294967294s", "1y2mo3w4d5h6m7s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		term, problem := ParseTerm(typed)
		if problem == nil {
			back, problem := ParseTerm(FormatTerm(term))
			require.Nil(t, problem)
			require.Equal(t, term, back)
			require.False(t, term.IsZero())
			return
		}
		require.True(t, term.IsZero())
		require.True(t, problem.Value)
		require.NotEmpty(t, problem.Code)
		require.NotEmpty(t, problem.Message)
		require.NotEmpty(t, problem.Suggestions())
		for _, s := range problem.Suggestions() {
			_, bad := ParseTerm(s)
			require.Nil(t, bad, "%q", s)
		}
	})
}

func FuzzParseOptions(f *testing.F) {
	f.Add("mute", "alice, bob", "2h", "group", "spam")
	f.Add("mute", `"a b"`, "30M", "grup", "x\x00y")
	f.Add("mute", "<@U1|x>", "", "", "")
	p := New(specs())
	f.Fuzz(func(t *testing.T, verb, account, term, scope, reason string) {
		cmd, problem := p.ParseOptions(verb, given("account", account, "term", term, "scope", scope, "reason", reason))
		if problem != nil {
			checkProblem(t, p, problem)
			return
		}
		checkCommand(t, p, cmd)
		again, problem := p.Parse(cmd.String())
		require.Nil(t, problem, "%q", cmd.String())
		require.Equal(t, bare(cmd), bare(again), "%q", cmd.String())
	})
}

// anyCommand draws mutes of every shape.
func anyCommand() *rapid.Generator[Command] {
	return rapid.Custom(func(t *rapid.T) Command {
		c := Command{Verb: "mute", Term: anyTerm().Draw(t, "term"), Scope: mute.ScopeAll}
		for _, a := range rapid.SliceOfNDistinct(anyAccount(), 1, 3, rapid.ID[mute.Account]).Draw(t, "accounts") {
			c.Accounts = append(c.Accounts, AccountArg{Account: a})
		}
		if rapid.Bool().Draw(t, "given") {
			c.ScopeGiven = true
			c.Scope = rapid.SampledFrom([]mute.Scope{mute.ScopeGroup, mute.ScopeC2C, mute.ScopeAll}).Draw(t, "scope")
		}
		c.Reason = cleanText(rapid.OneOf(
			rapid.StringN(0, 40, -1),
			rapid.SampledFrom([]string{"group chat", "2h more", "and 3d", "30 messages", "scope:all", "reason: x", "perm", "grup", "all", "privat", "`x`", ", x"}),
		).Draw(t, "reason"))
		if !c.ScopeGiven {
			c.ScopeHint = scopeHint(c.Reason)
			c.ScopeDoubt = c.ScopeHint != 0
		}
		return c
	})
}

func TestCommand_RoundTrips(t *testing.T) {
	p := New(specs())
	rapid.Check(t, func(t *rapid.T) {
		c := anyCommand().Draw(t, "command")
		again, problem := p.Parse(c.String())
		if problem != nil {
			t.Fatalf("%q: %s", c, problem.Message)
		}
		require.Equal(t, bare(c), bare(again), "%q", c.String())
	})
}

// TestParse_NeverPanics_Mutilated cuts and joins good lines at every place.
func TestParse_NeverPanics_Mutilated(t *testing.T) {
	p := New(specs())
	lines := []string{
		`/mod mute "alice smith", <@U1|bob> 1w 3d group reason: art theft`,
		"mute alice、bob 2h 30 minutes spam in group", "mutes by @mia private", "case #41 note: x", "link <@U1|bob>, \"a b\"", "unlink slack:T1/W1",
	}
	for _, a := range lines {
		for _, b := range lines {
			for i := range a {
				typed := a[:i] + b[min(i, len(b)):]
				cmd, problem := p.Parse(typed)
				if problem != nil {
					checkProblem(t, p, problem)
					continue
				}
				checkCommand(t, p, cmd)
			}
		}
	}
	_, problem := p.Parse(strings.Repeat("@a,", MaxLineBytes/3))
	require.Equal(t, texts.CodeVerbUnknown, problem.Code)
}
