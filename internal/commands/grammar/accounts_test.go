package grammar

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/mute"
	"modbot/internal/texts"
)

func accountsOf(c Command) []string {
	out := make([]string, 0, len(c.Accounts))
	for _, a := range c.Accounts {
		out = append(out, string(a.Account))
	}
	return out
}

func TestParse_AccountLists(t *testing.T) {
	for _, tt := range []struct {
		name, list string
		want       []string
	}{
		{"one", "alice", []string{"alice"}},
		{"joined", "alice,bob", []string{"alice", "bob"}},
		{"comma at the end of a word", "alice, bob", []string{"alice", "bob"}},
		{"comma at the start of a word", "alice ,bob", []string{"alice", "bob"}},
		{"comma alone", "alice , bob", []string{"alice", "bob"}},
		{"several commas", "alice,,bob", []string{"alice", "bob"}},
		{"comma before the first", ",alice", []string{"alice"}},
		{"the same twice is once", "alice, bob,alice", []string{"alice", "bob"}},
		{"letter case is another account", "alice,Alice", []string{"alice", "Alice"}},
		{"quoted with a space and a comma", `"alice smith", "a,b"`, []string{"alice smith", "a,b"}},
		{"two marks are one", `"say ""hi"""`, []string{`say "hi"`}},
		{"the other mark inside", `"o'brien"`, []string{"o'brien"}},
		{"a mark inside a word is itself", `o'brien`, []string{"o'brien"}},
		{"quoted term", `"2h"`, []string{"2h"}},
		{"quoted scope", `"group"`, []string{"group"}},
		{"quoted @", `"@alice"`, []string{"@alice"}},
		{"quoted group id", `"@TGS#2ABC"`, []string{"@TGS#2ABC"}},
		{"quoted back-ticks", "\"`x`\"", []string{"`x`"}},
		{"digits alone are an account", "10086", []string{"10086"}},
		{"a later account may read as a term", "alice,2h", []string{"alice", "2h"}},
		{"32 bytes", strings.Repeat("a", 32), []string{strings.Repeat("a", 32)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := understood(t, "mute "+tt.list+" 1d x")
			require.Equal(t, tt.want, accountsOf(cmd))
			require.Equal(t, "x", cmd.Reason)
			require.Equal(t, tt.want, accountsOf(understood(t, "unmute "+tt.list)))
		})
	}
}

func TestParse_TrailingCommaBeforeKeyword(t *testing.T) {
	cmd := understood(t, "unmute alice, reason: bob was right")
	require.Equal(t, []string{"alice"}, accountsOf(cmd))
	require.Equal(t, "bob was right", cmd.Reason)
}

func TestParse_Mentions(t *testing.T) {
	cmd := understood(t, "mute <@U123|bob smith>,<@!77> , <@U123> 2h")
	require.Equal(t, []AccountArg{{Mention: "U123", Name: "bob smith"}, {Mention: "77"}}, cmd.Accounts)
}

func TestParse_FirstAccountThatReadsAsSomethingElse(t *testing.T) {
	for _, word := range []string{
		"2h", "1d12h", "30M", "2h1d", "perm", "Forever", "group", "c2c", "ALL", "both", "dm", "dms", "pm", "direct", "private", "one-to-one",
	} {
		require.Equal(t, texts.CodeAccountQuotes, refused(t, "mute "+word+" 1d"), word)
		require.Equal(t, texts.CodeAccountQuotes, refused(t, "status "+word), word)
		require.Equal(t, []string{word}, accountsOf(understood(t, `mute "`+word+`" 1d`)))
	}
}

func TestParse_TwentyAccountsAreTheMost(t *testing.T) {
	list := make([]string, MaxAccounts+1)
	for i := range list {
		list[i] = fmt.Sprintf("u%d", i)
	}
	require.Len(t, understood(t, "mute "+strings.Join(list[1:], ",")+" 2h").Accounts, MaxAccounts)

	_, problem := New(specs()).Parse("mute " + strings.Join(list, ", ") + " 2h spam")
	require.Equal(t, texts.CodeAccountTooMany, problem.Code)
	require.Equal(t, []string{
		"mute " + strings.Join(list[:MaxAccounts], ", ") + " 2h spam",
		"mute " + list[MaxAccounts] + " 2h spam",
	}, problem.Suggestions(), "together the parts name every account")

	again := append(list[:MaxAccounts:MaxAccounts], list[0])
	require.Len(t, understood(t, "mute "+strings.Join(again, ",")+" 2h").Accounts, MaxAccounts, "the same account twice counts once")
}

func TestParse_AccountsAreNeverConverted(t *testing.T) {
	for _, tt := range []struct{ name, account, points string }{
		{"Cyrillic look-alike", "\u0430lice", "U+0430"},
		{"full-width", "ａlice", "U+FF41"},
		{"composed accent", "h\u00e9", "U+00E9"},
		{"decomposed accent", "he\u0301", "U+0301"},
		{"control character", "a\x07b", "U+0007"},
		{"quoted invisible character", "\"a\u200bb\"", "U+200B"},
		{"quoted full-width comma", "\"a，b\"", "U+FF0C"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, problem := New(specs()).Parse("mute " + tt.account + " 2h")
			require.NotNil(t, problem)
			require.Equal(t, texts.CodeAccountCharacters, problem.Code)
			require.Contains(t, problem.Message, tt.points)
		})
	}
}

// anyAccount draws accounts that the service may know.
func anyAccount() *rapid.Generator[mute.Account] {
	return rapid.Custom(func(t *rapid.T) mute.Account {
		return mute.Account(rapid.OneOf(
			rapid.StringOfN(rapid.RuneFrom(nil, ascii7), 1, mute.MaxAccountBytes, mute.MaxAccountBytes),
			rapid.SampledFrom([]string{"2h", "group", "help", "@x", "<@U1>", `"`, `""`, "'", "`", ",", " ", "reason:", "scope:x", "note", "by", "a b", "perm"}),
		).Draw(t, "account"))
	})
}

func TestQuote_RoundTrips(t *testing.T) {
	p := New(specs())
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfNDistinct(anyAccount(), 1, MaxAccounts, rapid.ID[mute.Account]).Draw(t, "accounts")
		quoted := make([]string, len(list))
		for i, a := range list {
			quoted[i] = Quote(a)
		}
		cmd, problem := p.Parse("mute " + strings.Join(quoted, ",") + " 2h")
		if problem != nil {
			t.Fatalf("%q: %s", quoted, problem.Message)
		}
		for i, a := range cmd.Accounts {
			if a.Account != list[i] {
				t.Fatalf("%q became %q", list[i], a.Account)
			}
		}
	})
}
