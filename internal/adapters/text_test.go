package adapters_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/adapters"
)

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
