package grammar

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// attempt is something that cannot be understood, and how it was given.
type attempt struct {
	name  string
	shown string // what the golden file shows as typed
	ask   func(*Parser) *texts.Problem
}

// line is a command of the text form.
func line(name, typed string) attempt {
	shown := typed
	const long = 200
	if len(shown) > long {
		shown = texts.Cut(shown, 60) + fmt.Sprintf(" (%d bytes)", len(typed))
	}
	return attempt{name, "/" + chat.Visible(shown), func(p *Parser) *texts.Problem {
		_, problem := p.Parse(typed)
		return problem
	}}
}

// termField is a length of time in a field of its own.
func termField(name, typed string) attempt {
	return attempt{name, "term: " + chat.Visible(typed), func(*Parser) *texts.Problem {
		_, problem := ParseTerm(typed)
		return problem
	}}
}

// scopeField is a scope in a field of its own.
func scopeField(name, typed string) attempt {
	return attempt{name, "scope: " + typed, func(*Parser) *texts.Problem {
		_, problem := ParseScope(typed)
		return problem
	}}
}

// options is a command of typed options: names and values in turn.
func options(name, verb string, pairs ...string) attempt {
	var given []chat.Option
	shown := verb
	for i := 0; i < len(pairs); i += 2 {
		given = append(given, chat.Option{Name: pairs[i], Value: pairs[i+1]})
		shown += fmt.Sprintf(" [%s: %s]", pairs[i], texts.Cut(pairs[i+1], 60))
	}
	return attempt{name, shown, func(p *Parser) *texts.Problem {
		_, problem := p.ParseOptions(verb, given)
		return problem
	}}
}

// attempts are what people get wrong, by golden file.
func attempts() map[string][]attempt {
	many := make([]string, MaxAccounts+2)
	for i := range many {
		many[i] = fmt.Sprintf("u%d", i+1)
	}
	return map[string][]attempt{
		"term": {
			line("unit that does not exist", "mute alice 2hrss group spamming"),
			line("misspelt permanent", "mute alice permanant spam"),
			line("bare number", "mute alice 10 spamming links"),
			line("bare number beyond every unit", "mute alice 99999999999"),
			line("zero", "mute alice 0"),
			line("zero with a unit", "mute alice 0s group spam"),
			line("sign", "mute alice -1h spam"),
			line("unit twice", "mute alice 1h1h spam"),
			line("units out of order", "mute alice 12h1d spam"),
			line("last part without unit", "mute alice 1h30 spam"),
			line("decimal comma", "mute alice 1,5h spam"),
			line("thousands", "mute alice 1,000m spam"),
			line("point first", "mute alice .5h"),
			line("point last", "mute alice 1.h"),
			line("two decimals", "mute alice 1.5d1.5h"),
			line("not whole seconds", "mute alice 1.0001h"),
			line("clock", "mute alice 1:30 spam"),
			line("time of day", "mute alice 5pm"),
			line("date", "mute alice 2026-12-31 spam"),
			line("ISO 8601", "mute alice P1DT12H spam"),
			line("number in words", "mute alice a day spam"),
			line("half in words", "mute alice half an hour"),
			line("space before the unit", "mute alice 2 hours spam"),
			line("full-width digits", "mute alice ２h spam"),
			line("Arabic digits", "mute alice ٣٠m"),
			line("too long", "mute alice 99999999999h"),
			line("one second too long", "mute alice 4294967295s"),
			line("lone M", "mute alice 30M spam"),
			line("lone M behind hours", "mute alice 1h30M"),
			line("permanent and a length", "mute alice perm 2h spam"),
			line("comma before the reason", "mute alice 2h, spam"),
			line("comma without a space", "mute alice 2h,spam"),
			line("missing", "mute alice"),
			line("missing before the reason", "mute alice reason: spam"),
			line("taken for an account", "mute alice, 2h"),
			line("taken for an account, then a reason", "mute alice, 2h spam"),
			line("a word in its place", "mute alice spamming links"),
			line("for before it", "mute alice for 2h"),
			line("a word before it", "mute alice bob 2h spam"),
			line("digits before it", "mute 10086 10010 2h"),
			line("further part or reason", "mute alice 1w 3d art theft"),
			line("further part behind and", "mute alice 1w and 3d art theft"),
			line("further part out of order", "mute alice 2h 1d spam"),
			line("loose number at the end", "mute alice 2h 30"),
			line("loose number before a scope", "mute alice 2h 30 group spam"),
			line("loose number before a unit", "mute alice 2h 30 minutes of spam"),
			line("second length behind the scope", "mute alice 2h group 30m"),
			line("length for unmute", "unmute alice 2h spam"),
			termField("empty field", " "),
			termField("field with a bare number", "10"),
			termField("field with anything", "tomorrow"),
			termField("field that breaks layout", "2h\u202e\x07"+strings.Repeat("刷", 100)),
		},
		"account": {
			line("missing", "mute"),
			line("missing before reason:", "unmute reason: mistake"),
			line("empty quotes", `mute "" 2h`),
			line("too long", "mute "+strings.Repeat("a", 33)+" 2h"),
			line("look-alike", "mute \u0430lice 2h"),
			line("full-width letters", "mute ａｌｉｃｅ 2h spam"),
			line("control character", "mute a\x07b 2h"),
			line("many foreign characters", "mute абвгдежзик 2h"),
			line("reads as a term", "mute 2h 1d"),
			line("reads as a term, nothing else", "mute 2h"),
			line("term before account", "mute 2h alice spam"),
			line("reads as a scope", "mute group 2h"),
			line("scope before account", "mute group alice 2h"),
			line("all is a scope", "unmute all"),
			line("group id", "mute @TGS#2ABC 2h"),
			line("leading @", "mute @alice 2h spam"),
			line("leading @ in a list", "mute @alice, @bob 2h"),
			line("leading @ and more", "mute @alice 2hrs, grup spam"),
			line("broken mention", "mute <@U123 2h"),
			line("mention of nobody", "mute <@> 2h"),
			line("mention of a channel", "mute <#C1|general> 2h"),
			line("mention of a role", "mute <@&3> 2h"),
			line("open quotation mark", `mute "alice 2h spam`),
			line("open apostrophe", "mute 'tis 2h"),
			line("text behind the quotation mark", `mute "alice"s 2h`),
			line("too many", "mute "+strings.Join(many, ", ")+" 2h spam"),
			line("two for a verb about one", "status alice, bob"),
			options("space in a field", "mute", "account", "alice smith", "term", "2h", "reason", "spam"),
		},
		"member": {
			line("missing", "link"),
			line("missing, with its account", "link alice"),
			line("account first", "link alice <@U123|bob>"),
			line("account first, then an id", "link alice slack:T1/U1"),
			line("a name with an @", "link @bob alice"),
			line("an id without its platform", "link U123 alice"),
			line("a platform that is none", "link irc:U123 alice"),
			line("a Slack id without its workspace", "link slack:U123 alice"),
			line("a Discord id without its guild", "unlink discord:123"),
			line("a channel", "link <#C1|general> alice"),
			line("a role", "unlink <@&3>"),
			line("a broken mention", "link <@U123 alice"),
			line("an open quotation mark", `unlink "bob`),
			line("no account", "link <@U123|bob>"),
			line("an account that needs quotes", "link <@U123|bob> 2h"),
			line("two accounts", "link <@U123|bob> alice, bob"),
			line("two words", "link <@U123|bob> alice smith"),
			line("more than a member", "unlink <@U123|bob> alice"),
			options("two members in a field", "unlink", "member", "<@U1> <@U2>"),
			options("no member in a field", "link", "member", "bob", "account", "alice"),
		},
		"scope": {
			line("misspelt after the term", "mute alice 2h grup spam"),
			line("misspelt before the term", "mute alice gruop 2h spam"),
			line("one edit before the term", "mute alice grop 2h spam"),
			line("misspelt private", "mute alice 1d privat info leaked"),
			line("misspelt for unmute", "unmute alice grup"),
			line("misspelt in a list", "mutes grup"),
			line("touching comma", "mute alice 2h group, spam"),
			line("word in a place where it is none", "mute alice all 2h spam"),
			line("twice", "mute alice 2h group c2c"),
			line("twice with scope:", "mute alice scope:group 2h scope:c2c"),
			line("empty scope:", "mute alice 2h scope:"),
			line("unknown scope:", "mute alice 2h scope:here spam"),
			line("misspelt scope:", "mute alice 2h scope:grop spam"),
			scopeField("empty field", ""),
			scopeField("unknown in a field", "everything"),
			scopeField("misspelt in a field", "gruop"),
			scopeField("one edit in a field", "privte"),
		},
		"command": {
			line("misspelt verb", "mtue alice 2h spam"),
			line("misspelt verb without the rest", "unmuet"),
			line("misspelt verb, several near", "mutee alice 2h"),
			line("unknown verb", "ban alice 2h"),
			line("unknown verb outside ASCII", "禁言 alice 2h"),
			line("misspelt topic", "help mtue"),
			line("unknown topic", "help ban"),
			line("reason without keyword", "unmute alice bob"),
			line("long reason without keyword", "unmute alice he was right"),
			line("reason too long", "mute alice 2h group "+strings.Repeat("刷", MaxReasonRunes+1)),
			line("case missing", "case"),
			line("case number", "case abc"),
			line("case number with a full stop", "case 41. note appealed"),
			line("case zero", "confirm #0"),
			line("note without text", "case 41 note"),
			line("note without keyword", "case 41 appealed by mail"),
			line("note too long", "case 41 note "+strings.Repeat("x", MaxReasonRunes+1)),
			line("nobody behind by", "mutes by"),
			line("person without by", "mutes mia"),
			line("person that is a channel", "mutes by <#C1>"),
			line("open quotation mark around a person", `mutes by "mia`),
			line("choice that is no word", "confirm 142 ex!tend"),
			line("more than a choice", "confirm 142 extend please"),
			line("more than nothing", "whoami please"),
			line("two accounts without a comma", "status alice bob"),
			line("term for a verb that shows", "status alice 2h"),
			line("line too long", "mute alice 2h "+strings.Repeat("x", MaxLineBytes)),
			options("term in its option", "mute", "account", "alice, bob", "term", "2hrss", "scope", "group", "reason", "group raid"),
			options("option missing", "mute", "account", "alice"),
			options("option unknown", "status", "account", "alice", "color", "red"),
			options("option twice", "status", "account", "alice", "account", "bob"),
			options("verb unknown", "ban", "account", "alice"),
		},
	}
}

// TestProblems_Golden shows what people read for everything that they can get
// wrong, and that each ends in something that can be pasted.
func TestProblems_Golden(t *testing.T) {
	p := New(specs())
	for file, list := range attempts() {
		t.Run(file, func(t *testing.T) {
			var got strings.Builder
			for _, a := range list {
				problem := a.ask(p)
				require.NotNil(t, problem, "%s is understood", a.shown)
				checkProblem(t, p, problem)
				fmt.Fprintf(&got, "# %s [%s]\n> %s\n%s\n\n", a.name, problem.Code, a.shown, problem.In(texts.Place{Prefix: "/"}).Plain())
			}
			path := filepath.Join("testdata", "problems", file+".golden")
			if os.Getenv("MODBOT_UPDATE_GOLDEN") != "" {
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
				require.NoError(t, os.WriteFile(path, []byte(got.String()), 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), got.String())
		})
	}
}

// checkProblem asserts what holds for every problem.
func checkProblem(t require.TestingT, p *Parser, problem *texts.Problem) {
	require.NotEmpty(t, problem.Code)
	require.NotEmpty(t, problem.Message)
	require.NotEmpty(t, problem.Suggestion)
	require.NotContains(t, problem.Message, "\n")
	require.Less(t, utf8.RuneCountInString(problem.Message), 600)
	for _, s := range problem.Suggestions() {
		require.NotContains(t, s, "\n")
		if problem.Value {
			if _, bad := ParseTerm(s); bad != nil {
				_, bad = ParseScope(s)
				require.Nil(t, bad, "value %q", s)
			}
			continue
		}
		_, bad := p.Parse(s)
		require.Nil(t, bad, "suggestion %q", s)
	}
}

// TestProblems_EveryCodeHappens keeps the list of codes and the grammar equal.
func TestProblems_EveryCodeHappens(t *testing.T) {
	p := New(append(specs(), chat.Spec{Verb: "fetch", Options: []chat.OptionSpec{
		{Name: "url", Kind: chat.OptionText, Keyword: "url:", Required: true},
	}}))
	all := []attempt{line("a required text", "fetch")}
	for _, list := range attempts() {
		all = append(all, list...)
	}
	seen := map[string]bool{}
	for _, a := range all {
		seen[a.ask(p).Code] = true
	}
	require.GreaterOrEqual(t, len(seen), 40)
	for _, c := range texts.TypedCodes() {
		require.True(t, seen[c.Code], "no attempt leads to %s", c.Code)
		delete(seen, c.Code)
	}
	require.Empty(t, seen, "codes that texts.TypedCodes does not list")
}

// TestProblems_LimitsInTheReference keeps the limits that the reference of
// codes names equal to those of the grammar.
func TestProblems_LimitsInTheReference(t *testing.T) {
	for code, limit := range map[string]int64{
		texts.CodeAccountTooMany: MaxAccounts, texts.CodeReasonTooLong: MaxReasonRunes, texts.CodeNoteTooLong: MaxReasonRunes,
		texts.CodeLineTooLong: MaxLineBytes, texts.CodeTermTooLong: mute.MaxSeconds, texts.CodeAccountTooLong: mute.MaxAccountBytes,
	} {
		for _, c := range texts.TypedCodes() {
			if c.Code == code {
				require.Contains(t, c.Meaning, strconv.FormatInt(limit, 10))
			}
		}
	}
}

// TestAcceptance_09 is what the grammar owes to acceptance test 9: none of
// these reaches the service as 0 or for ever by accident.
func TestAcceptance_09(t *testing.T) {
	for typed, code := range map[string]string{
		"0": texts.CodeTermZero, "0s": texts.CodeTermZero, "abc": texts.CodeTermExpected,
		"30M": texts.CodeTermLoneM, "1h1h": texts.CodeTermRepeated, "99999999999h": texts.CodeTermTooLong,
		"4294967295s": texts.CodeTermTooLong, "49710d6h28m15s": texts.CodeTermTooLong,
		"２h": texts.CodeTermDigits, "-1h": texts.CodeTermSign, "10": texts.CodeTermNoUnit,
	} {
		require.Equal(t, code, refused(t, "mute alice "+typed), typed)
	}
	require.True(t, understood(t, "mute alice perm ").Term.IsPermanent())
	require.Equal(t, seconds(t, 5400), understood(t, "mute alice 1.5h").Term)
}

// TestAcceptance_17 is what the grammar owes to acceptance test 17.
func TestAcceptance_17(t *testing.T) {
	require.Equal(t, []string{"alice", "bob"}, accountsOf(understood(t, "unmute alice, bob")))
	require.Equal(t, texts.CodeReasonKeyword, refused(t, "unmute alice bob"))
	require.Equal(t, "private info leaked", understood(t, "mute alice 1d private info leaked").Reason)
	require.True(t, understood(t, "mute alice 2h spam in group chat").ScopeDoubt)
	require.Equal(t, texts.CodeAccountQuotes, refused(t, "mute 2h 1d"))
	require.Equal(t, texts.CodeTermOrReason, refused(t, "mute alice 1w 3d art theft"))
}
