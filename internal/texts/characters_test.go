package texts

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCut(t *testing.T) {
	family := "👨\u200d👩\u200d👧"
	for _, tt := range []struct {
		name, in string
		n        int
		want     string
	}{
		{"short enough", "spam", 4, "spam"},
		{"the ellipsis counts", "spamming", 5, "spam…"},
		{"nothing", "spam", 0, ""},
		{"one", "spam", 1, "…"},
		{"empty", "", 3, ""},
		{"a character of three bytes", "刷屏刷屏", 3, "刷屏…"},
		{"a letter with its accent", "e\u0301e\u0301e\u0301", 2, "e\u0301…"},
		{"a family is one", strings.Repeat(family, 3), 2, family + "…"},
		{"a flag is one", "🇨🇳🇩🇪🇫🇷", 2, "🇨🇳…"},
		{"a thousand accents are not a page", "e" + strings.Repeat("\u0301", 1000), 2, "e" + strings.Repeat("\u0301", 15) + "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, Cut(tt.in, tt.n))
		})
	}
}

func TestCut_IsBoundedAndValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		n := rapid.IntRange(0, 20).Draw(t, "n")
		got := Cut(s, n)
		require.LessOrEqual(t, len(got), n*clusterBytes+len(ellipsis))
		require.True(t, utf8.ValidString(got))
		if uniseg.GraphemeClusterCount(s) <= n && len(s) <= n*clusterBytes {
			require.Equal(t, s, got)
		}
		require.True(t, strings.HasPrefix(s, strings.TrimSuffix(got, ellipsis)))
	})
}

func TestVisible(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"text stays", "Spam, 刷屏 и «כן»", "Spam, 刷屏 и «כן»"},
		{"markup stays, the adapter escapes it", "@everyone <!channel> `x` *y*", "@everyone <!channel> `x` *y*"},
		{"line breaks and tabs are spaces", "a\nb\tc\u2028d", "a b c d"},
		{"right-to-left override", "a\u202eb", "a[U+202E]b"},
		{"isolates and marks", "\u2066a\u2069\u200f", "[U+2066]a[U+2069][U+200F]"},
		{"control characters", "a\x00b\x1b[31m\x7f", "a[U+0000]b[U+001B][31m[U+007F]"},
		{"broken bytes", "a\xffb", "a[0xFF]b"},
		{"a replacement character is text", "a\ufffdb", "a\ufffdb"},
		{"invisible characters", "a\u200bb\ufeff\u00ad", "a[U+200B]b[U+FEFF][U+00AD]"},
		{"a joiner between ASCII is invisible", "a\u200db", "a[U+200D]b"},
		{"emoji keep their joiners", "👩\u200d💻 ❤\ufe0f", "👩\u200d💻 ❤\ufe0f"},
		{"keycaps keep their selector", "1\ufe0f\u20e3", "1\ufe0f\u20e3"},
		{"scripts keep their joiners", "می\u200cخواهم", "می\u200cخواهم"},
		{"tags behind a flag", "🏴\U000e0067\U000e007f", "🏴\U000e0067\U000e007f"},
		{"tags behind nothing", "x\U000e0067", "x[U+E0067]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, Visible(tt.in))
		})
	}
}

func TestVisible_LeavesNothingThatActs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		got := Visible(rapid.String().Draw(t, "s"))
		require.True(t, utf8.ValidString(got))
		for _, r := range got {
			require.False(t, unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r), "U+%04X", r)
		}
		require.Equal(t, got, Visible(got))
	})
}

// TestIgnorable takes samples of each range of Default_Ignorable_Code_Point in
// DerivedCoreProperties.txt, and of what the property leaves out.
func TestIgnorable(t *testing.T) {
	for _, r := range []rune{
		0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x17b4, 0x180b, 0x180e, 0x200b, 0x200f, 0x202a, 0x2060, 0x2065, 0x206f,
		0x3164, 0xfe00, 0xfe0f, 0xfeff, 0xffa0, 0xfff0, 0x1bca0, 0x1d173, 0xe0001, 0xe01ef, 0xe0fff,
	} {
		require.True(t, Ignorable(r), "U+%04X", r)
	}
	for _, r := range []rune{'a', ' ', '\n', 0xa0, 0x3000, 0x600, 0x6dd, 0x70f, 0x8e2, 0xfff9, 0xfffb, 0xfffd, 0x110bd, 0x13430, 0x1343f, '刷'} {
		require.False(t, Ignorable(r), "U+%04X", r)
	}
}
