package console

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/chat"
)

// specs describes verbs as the commands do.
func specs() []chat.Spec {
	account := chat.OptionSpec{Name: "account", Kind: chat.OptionAccounts, Required: true, Suggests: true}
	scope := chat.OptionSpec{Name: "scope", Kind: chat.OptionScope, Keyword: "", Suggests: true}
	return []chat.Spec{
		{Verb: "mute", Options: []chat.OptionSpec{
			account,
			{Name: "term", Kind: chat.OptionTerm, Required: true, Suggests: true},
			scope,
			{Name: "reason", Kind: chat.OptionText, Keyword: "reason:", Rest: true},
		}},
		{Verb: "status", Options: []chat.OptionSpec{{Name: "account", Kind: chat.OptionAccount, Required: true, Suggests: true}}},
		{Verb: "mutes", Options: []chat.OptionSpec{
			{Name: "actor", Kind: chat.OptionActor, Keyword: "by", Suggests: true}, scope,
		}},
		{Verb: "case", Options: []chat.OptionSpec{
			{Name: "case", Kind: chat.OptionCase, Required: true, Suggests: true},
			{Name: "note", Kind: chat.OptionText, Keyword: "note"},
		}},
		{Verb: "page", Options: []chat.OptionSpec{{Name: "at", Kind: chat.OptionChoice, Keyword: "at:", Suggests: true}}},
	}
}

func newCompleter() *completer {
	values := map[string][]string{
		"account": {"alice", "alina", "bob", "two words"},
		"term":    {"2h", "2d"}, "scope": {"group", "c2c"}, "actor": {"mia", "max"}, "case": {"41"}, "at": {"top", "tail"},
	}
	return &completer{
		verbs: specs(), people: []string{"mia", "max"},
		guide:   []Local{{Name: "as"}, {Name: "sim", Words: []string{"fail", "state"}}, {Name: "exit"}},
		suggest: func(_, option, typed string) []string { return begins(values[option], typed) },
	}
}

func TestComplete(t *testing.T) {
	for name, c := range map[string]struct {
		typed  string // | is the cursor; at the end when there is none
		want   string
		offers string
	}{
		"nothing typed":                 {typed: "", want: "", offers: "as case exit help mute mutes page sim status"},
		"a verb":                        {typed: "sta", want: "status "},
		"a verb with its prefix":        {typed: "/sta", want: "/status "},
		"a verb that begins another":    {typed: "mut", want: "mute"},
		"and then both are offered":     {typed: "mute", want: "mute", offers: "mute mutes"},
		"no such verb":                  {typed: "zz", want: "zz"},
		"a word of the console":         {typed: "ex", want: "exit "},
		"a person":                      {typed: "as mi", want: "as mia "},
		"only one person":               {typed: "as mia m", want: "as mia m"},
		"a word of a local command":     {typed: "sim f", want: "sim fail "},
		"only the first word":           {typed: "sim fail f", want: "sim fail f"},
		"help about something":          {typed: "help sta", want: "help status "},
		"an account":                    {typed: "mute bo", want: "mute bob "},
		"several accounts":              {typed: "mute a", want: "mute ali"},
		"offers of accounts":            {typed: "mute ali", want: "mute ali", offers: "alice alina"},
		"a list":                        {typed: "mute bob,ali", want: "mute bob,ali", offers: "alice alina"},
		"a list with spaces":            {typed: "mute bob, alic", want: "mute bob, alice "},
		"an account that needs quoting": {typed: `mute "tw`, want: `mute "two words" `},
		"the term is next":              {typed: "mute alice 2", want: "mute alice 2", offers: "2h 2d"},
		"no scope before the term":      {typed: "mute alice g", want: "mute alice g"},
		"then the scope":                {typed: "mute alice 2h g", want: "mute alice 2h group "},
		"or the reason":                 {typed: "mute alice 2h re", want: "mute alice 2h reason:"},
		"nothing inside a reason":       {typed: "mute alice 2h reason: g", want: "mute alice 2h reason: g"},
		"nothing inside a bare reason":  {typed: "mute alice 2h group spam g", want: "mute alice 2h group spam g"},
		"a keyword":                     {typed: "mutes b", want: "mutes by "},
		"the value of a keyword":        {typed: "mutes by mi", want: "mutes by mia "},
		"after a keyword's value":       {typed: "mutes by mia g", want: "mutes by mia group "},
		"a keyword is used once":        {typed: "mutes by mia b", want: "mutes by mia b"},
		"value in the keyword's word":   {typed: "page at:to", want: "page at:top "},
		"free text after a keyword":     {typed: "case 41 note 4", want: "case 41 note 4"},
		"any letter case":               {typed: "MUTE bo", want: "MUTE bob "},
		"in the middle of a line":       {typed: "mute bo| 2h group", want: "mute bob 2h group"},
		"a verb nobody described":       {typed: "frob al", want: "frob al"},
	} {
		t.Run(name, func(t *testing.T) {
			head, tail, _ := strings.Cut(c.typed, "|")
			text, pos, offers := newCompleter().complete(head+tail, len(head))
			require.Equal(t, c.want, text)
			require.Equal(t, c.offers, strings.Join(offers, " "))
			require.Equal(t, len(text)-len(tail), pos)
		})
	}
}

func TestComplete_NeverLosesWhatWasTyped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.SampledFrom([]string{
			"mute", "/mutes", "by", "alice", "ali", ",", "2h", "reason:", "note", "case", " ", "\"", "消", "as", "m", "help", "at:",
		})).Draw(t, "words")
		text := strings.Join(words, rapid.SampledFrom([]string{"", " "}).Draw(t, "between"))
		pos := rapid.SampledFrom(boundaries(text)).Draw(t, "cursor")
		got, at, offers := newCompleter().complete(text, pos)
		require.True(t, strings.HasPrefix(got, text[:pos]), "%q became %q", text, got)
		require.True(t, strings.HasSuffix(got, text[pos:]))
		require.Equal(t, len(got)-len(text[pos:]), at)
		if len(offers) > 0 {
			require.Equal(t, text, got, "offers come only when nothing can be added")
		}
	})
}

func boundaries(text string) []int {
	var out []int
	for i := range text {
		out = append(out, i)
	}
	return append(out, len(text))
}
