package adapters_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/adapters"
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
			require.Equal(t, c.want, adapters.Visible(c.text))
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
	got := adapters.Visible(text)
	require.True(t, utf8.ValidString(got))
	for _, r := range got {
		require.False(t, unicode.IsControl(r), "%q", got)
		require.False(t, unicode.Is(unicode.Bidi_Control, r), "%q", got)
	}
	require.Equal(t, got, adapters.Visible(got), "twice is once")
}

func TestCut(t *testing.T) {
	runes := utf8.RuneCountInString
	family := "👩\u200d👩\u200d👧"
	for name, c := range map[string]struct {
		text  string
		limit int
		want  string
	}{
		"short enough":                  {"abc", 3, "abc"},
		"one too many":                  {"abcd", 3, "ab…"},
		"accent stays with its letter":  {"ae\u0301x", 3, "a…"},
		"a family is one character":     {"a" + family + family, 8, "a" + family + "…"},
		"a family that doesn't fit":     {"a" + family + family, 6, "a…"},
		"flags are pairs":               {"🇩🇪🇫🇷🇯🇵", 4, "🇩🇪…"},
		"room for the ellipsis alone":   {"abc", 1, "…"},
		"no room at all":                {"abc", 0, ""},
		"nothing to cut and no room":    {"", 0, ""},
		"Chinese":                       {"消息消息", 3, "消息…"},
		"line ending is one character":  {"a\r\nbc", 3, "a…"},
		"a limit below nothing at all":  {"abc", -1, ""},
		"exactly the limit in clusters": {family, 5, family},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, adapters.Cut(c.text, c.limit, runes))
		})
	}
}

func TestCut_KeepsWholeCharactersWithinTheLimit(t *testing.T) {
	sizes := map[string]func(string) int{
		"bytes":  func(s string) int { return len(s) },
		"runes":  utf8.RuneCountInString,
		"utf-16": func(s string) int { return len(utf16.Encode([]rune(s))) },
	}
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				text := strings.ToValidUTF8(rapid.String().Draw(t, "text"), "")
				limit := rapid.IntRange(0, 40).Draw(t, "limit")
				got := adapters.Cut(text, limit, size)
				require.LessOrEqual(t, size(got), limit)
				if got == text {
					return
				}
				require.Greater(t, size(text), limit, "what fits is left alone")
				kept := strings.TrimSuffix(got, "…")
				require.True(t, strings.HasPrefix(text, kept))
				require.Equal(t,
					uniseg.GraphemeClusterCount(text),
					uniseg.GraphemeClusterCount(kept)+uniseg.GraphemeClusterCount(text[len(kept):]),
					"%q is cut inside a character", text)
			})
		})
	}
}

func TestSendError_SaysWhatMayBeDone(t *testing.T) {
	cause := errors.New("429")
	var err error = &adapters.SendError{Wait: 3 * time.Second, Cause: cause}
	require.ErrorIs(t, err, cause)
	require.EqualError(t, err, "sending an audit post: 429")

	var wait interface{ RetryAfter() time.Duration }
	require.ErrorAs(t, err, &wait)
	require.Equal(t, 3*time.Second, wait.RetryAfter())

	var refused interface{ RefusesContent() bool }
	require.ErrorAs(t, err, &refused)
	require.False(t, refused.RefusesContent())
	require.ErrorAs(t, &adapters.SendError{Content: true}, &refused)
	require.True(t, refused.RefusesContent())
}
