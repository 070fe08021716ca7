package texts

import (
	"strings"
	"testing"
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
