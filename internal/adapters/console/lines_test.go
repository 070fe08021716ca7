package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/adapters/adaptertest"
	"modbot/internal/adapters/console"
	"modbot/internal/chat"
)

func TestLines_KeepWhatTheActorTyped(t *testing.T) {
	for name, test := range map[string]struct {
		input string
		want  []string
	}{
		"unix":                        {"mute alice 2h\nmutes\n", []string{"mute alice 2h", "mutes"}},
		"windows":                     {"\ufeffmute alice 2h\r\nmutes\r\n", []string{"mute alice 2h", "mutes"}},
		"no end":                      {"mute alice 2h\nmutes", []string{"mute alice 2h", "mutes"}},
		"blank lines":                 {"\n  \n\t\nmutes\n\n", []string{"mutes"}},
		"space is the core's":         {"  mute\u00a0alice  2h \n", []string{"  mute\u00a0alice  2h "}},
		"as long as allowed":          {strings.Repeat("x", console.MaxLine) + "\nmutes\n", []string{strings.Repeat("x", console.MaxLine), "mutes"}},
		"one byte too long":           {strings.Repeat("x", console.MaxLine+1) + "\nmutes\n", []string{"mutes"}},
		"one too long, windows":       {strings.Repeat("x", console.MaxLine+1) + "\r\nmutes\r\n", []string{"mutes"}},
		"as long as allowed, windows": {strings.Repeat("x", console.MaxLine) + "\r\nmutes\r\n", []string{strings.Repeat("x", console.MaxLine), "mutes"}},
		"far too long":                {strings.Repeat("x", 10*console.MaxLine) + "\nmutes\n", []string{"mutes"}},
		"far too long without end":    {strings.Repeat("x", 10*console.MaxLine), nil},
		"not UTF-8":                   {"mute alice 2h \xff\nmutes\n", []string{"mutes"}},
		"hostile words arrive whole":  {"mute a 2h \u202e\x1b[2J@everyone\n", []string{"mute a 2h \u202e\x1b[2J@everyone"}},
		"nothing":                     {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			core := adaptertest.NewCore(adaptertest.NewTrace())
			core.Answer = func(_ context.Context, inv chat.Invocation, _ func(chat.Reply)) chat.Reply {
				got = append(got, inv.Line)
				return chat.Reply{State: chat.StateInfo}
			}
			c, err := console.New(zap.NewNop(), console.Config{In: strings.NewReader(test.input), Out: &bytes.Buffer{}, People: people()})
			require.NoError(t, err)
			require.NoError(t, c.Run(t.Context(), core))
			require.Equal(t, test.want, got)
		})
	}
}

func TestLines_ThatCannotBeReadAreOneClearError(t *testing.T) {
	for name, c := range map[string]struct{ input, code, says string }{
		"too long": {
			strings.Repeat("消", console.MaxLine/3+1) + "\n", "line_too_long",
			fmt.Sprintf("That line is %d bytes long; at most %d are read.", 3*(console.MaxLine/3+1), console.MaxLine),
		},
		"too long, windows": {
			strings.Repeat("x", 2*console.MaxLine) + "\r\n", "line_too_long",
			fmt.Sprintf("That line is %d bytes long", 2*console.MaxLine),
		},
		"too long, no end": {
			strings.Repeat("x", 2*console.MaxLine), "line_too_long",
			fmt.Sprintf("That line is %d bytes long", 2*console.MaxLine),
		},
		"too long by one": {
			strings.Repeat("x", console.MaxLine+1) + "\n", "line_too_long",
			fmt.Sprintf("That line is %d bytes long", console.MaxLine+1),
		},
		"not UTF-8": {"mute al\xffice 2h\n", "not_utf8", "byte 8 is 0xFF"},
		"cut rune":  {"mute \xe6\xb6", "not_utf8", "byte 6 is 0xE6"},
	} {
		t.Run(name, func(t *testing.T) {
			out := transcript(t, c.input, func(cfg *console.Config) { cfg.JSON = true })
			first, rest, _ := strings.Cut(out, "\n")
			require.Equal(t, 1, strings.Count(rest, "\n"), "more than one answer: %s", rest)
			var o struct{ State, Code, Text string }
			require.NoError(t, json.Unmarshal([]byte(first), &o))
			require.Equal(t, "error", o.State)
			require.Equal(t, c.code, o.Code)
			require.Contains(t, o.Text, c.says)
			require.Contains(t, o.Text, "Nothing of it was done.")
		})
	}
}

func TestLines_ALongLineIsQuotedInPart(t *testing.T) {
	out := transcript(t, strings.Repeat("消", 20_000)+"\nexit\n", nil)
	require.Less(t, len(out), 2_000)
	require.True(t, utf8.ValidString(out))
	require.Contains(t, out, "消…\n")
}

func TestRun_ReadErrorIsReported(t *testing.T) {
	c, err := console.New(zap.NewNop(), console.Config{
		In: iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("mutes\n"))), Out: &bytes.Buffer{}, People: people(),
	})
	require.NoError(t, err)
	err = c.Run(t.Context(), adaptertest.NewCore(adaptertest.NewTrace()))
	require.ErrorIs(t, err, iotest.ErrTimeout)
	require.ErrorContains(t, err, "reading commands")
}

// Whatever comes in: each line has its answer, and only text comes out.
func FuzzRun(f *testing.F) {
	f.Add([]byte(session), false)
	f.Add([]byte("as ada\nagain\n\x00\xff\n\r\n/\nhelp as\n"), true)
	f.Fuzz(func(t *testing.T, input []byte, asJSON bool) {
		var out bytes.Buffer
		c, err := console.New(zap.NewNop(), console.Config{In: bytes.NewReader(input), Out: &out, JSON: asJSON, People: people()})
		require.NoError(t, err)
		require.NoError(t, c.Run(t.Context(), adaptertest.NewCore(adaptertest.NewTrace())))
		require.NoError(t, c.Verified(true, 0, "", ""))
		require.True(t, utf8.Valid(out.Bytes()))
		require.Empty(t, seen(out.String()).Live)
		if !asJSON {
			return
		}
		for l := range bytes.Lines(out.Bytes()) {
			require.True(t, json.Valid(l), "%q", l)
		}
	})
}
