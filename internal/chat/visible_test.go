package chat_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/chat"
)

func TestVisible(t *testing.T) {
	family := "👩\u200d👩\u200d👧"
	for name, c := range map[string]struct{ text, want string }{
		"nothing":                      {"", ""},
		"plain words":                  {"spamming links", "spamming links"},
		"markup of chat platforms":     {"@everyone <!channel> <@U1> `x`", "@everyone <!channel> <@U1> `x`"},
		"right-to-left override":       {"abc\u202egpj.exe", "abc⟨U+202E⟩gpj.exe"},
		"isolates and marks":           {"\u2066a\u2069\u200f", "⟨U+2066⟩a⟨U+2069⟩⟨U+200F⟩"},
		"terminal colour":              {"\x1b[31mred\x1b[0m", "⟨U+001B⟩[31mred⟨U+001B⟩[0m"},
		"eight-bit escape":             {"\u009b2J", "⟨U+009B⟩2J"},
		"bell, backspace, delete, nul": {"\a\b\x7f\x00", "⟨U+0007⟩⟨U+0008⟩⟨U+007F⟩⟨U+0000⟩"},
		"line breaks of every kind":    {"a\nb\r\nc\rd\u2028e\u2029f\u0085g", "a⏎b⏎c⏎d⏎e⏎f⏎g"},
		"tab":                          {"a\tb", "a b"},
		"zero-width space and BOM":     {"a\u200bb\ufeffc", "a⟨U+200B⟩b⟨U+FEFF⟩c"},
		"invisible fillers":            {"\u3164\u115f\u034f", "⟨U+3164⟩⟨U+115F⟩⟨U+034F⟩"},
		"hidden tag characters":        {"x\U000e0041", "x⟨U+E0041⟩"},
		"emoji with joiners":           {family + " ❤\ufe0f", family + " ❤\ufe0f"},
		"Persian with a non-joiner":    {"می\u200cخواهم", "می\u200cخواهم"},
		"Arabic number sign":           {"\u0600123", "\u0600123"},
		"accents as marks":             {"e\u0301", "e\u0301"},
		"a pile of marks":              {"e" + strings.Repeat("\u0301", 10) + "x", "e" + strings.Repeat("\u0301", 8) + "⟨U+0301⟩⟨U+0301⟩x"},
		"not UTF-8":                    {"a\xffb", "a\ufffdb"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, chat.Visible(c.text))
		})
	}
}

func TestVisible_HidesNothingAndIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkVisible(t, rapid.String().Draw(t, "text")) })
}

func FuzzVisible(f *testing.F) {
	f.Add("a\u202eb\x1b[2J")
	f.Add("e" + strings.Repeat("\u0301", 20))
	f.Fuzz(func(t *testing.T, text string) { checkVisible(t, text) })
}

func checkVisible(t require.TestingT, text string) {
	got := chat.Visible(text)
	require.True(t, utf8.ValidString(got))
	for _, r := range got {
		require.False(t, unicode.IsControl(r), "%q", got)
		require.False(t, unicode.Is(unicode.Bidi_Control, r), "%q", got)
	}
	require.Equal(t, got, chat.Visible(got), "twice is once")
}
