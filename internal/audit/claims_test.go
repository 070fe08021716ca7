package audit

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
)

func TestShortCheckpoint(t *testing.T) {
	short := ShortCheckpoint(1204, leaf(3))
	require.Equal(t, "1204 "+leaf(3).String()[:22], short)
	for _, text := range []string{
		short, " " + short + "\n", "size " + short, "1204 " + leaf(3).String(), "`" + short + "`", "> size " + short, short + "\r\n",
	} {
		c, err := ParseCheckpoints(text)
		require.NoError(t, err, text)
		require.Len(t, c, 1)
		require.True(t, c[0].holds(leaf(3)))
		require.False(t, c[0].holds(leaf(4)))
		require.EqualValues(t, 1204, c[0].Size)
		require.Equal(t, short, c[0].String())
	}
	for _, text := range []string{
		"", "1204", "1204 short", "x " + leaf(3).String(), "01204 " + leaf(3).String(), "-4 " + leaf(3).String(),
		short + " more", "1204 " + strings.Repeat("?", 22), "1204 " + leaf(3).String() + "A", "9223372036854775808 " + leaf(3).String(),
	} {
		_, err := ParseCheckpoints(text)
		require.ErrorIs(t, err, ErrCheckpoint, text)
	}
}

// pasted is a text that a person may paste, and what is found in it.
type pasted struct {
	text string
	want []string // "line: short (full, message)"
}

func (c Claim) described() string {
	s := fmt.Sprintf("%d: %s", c.Line, c)
	if c.Signed != "" {
		s += " full"
	}
	if c.Message != 0 {
		s += fmt.Sprintf(" message %d", c.Message)
	}
	return s
}

func TestParseCheckpoints(t *testing.T) {
	k, err := NewKey("example.org/modbot")
	require.NoError(t, err)
	signed, err := k.sign(7, leaf(3))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(signed), "\n")
	one, two, three := ShortCheckpoint(2, leaf(1)), ShortCheckpoint(7, leaf(3)), ShortCheckpoint(9, leaf(5))
	post := "Done · mute · alice · groups · by Mia (console:mia) · “spam” · case 1 · #2 · size " + one + " · message 1"
	next := "Waiting · mute · bob · case 2 · #7 · size " + two + " · message 2 after " + one
	asJSON := func(v any) string {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		return string(b)
	}
	message := "Checkpoint · the first 7 entries of this log are as signed here. To check the log, paste this message into " +
		"modbot audit verify --checkpoint - · size " + three + " · message 3 after " + two + "\n" +
		lines[0] + "\n" + lines[1] + "\n" + lines[2] + "\n" + lines[4]
	for name, c := range map[string]pasted{
		"a file":             {signed, []string{"1: " + two + " full"}},
		"from a mail":        {strings.ReplaceAll("\n\n"+signed, "\n", "\r\n"), []string{"3: " + two + " full"}},
		"with no empty line": {strings.Replace(signed, "\n\n", "\n", 1), []string{"1: " + two + " full"}},
		"in a code block":    {"```\n" + signed + "```\n", []string{"2: " + two + " full"}},
		"quoted":             {"> " + strings.ReplaceAll(signed, "\n", "\n> "), []string{"1: " + two + " full"}},
		"from the console": {
			"  #audit │ " + strings.ReplaceAll(message, "\n", "\n  #audit │ "),
			[]string{"1: " + two, "1: " + three + " message 3", "2: " + two + " full"},
		},
		"a post":         {post, []string{"1: " + one + " message 1"}},
		"an edited post": {post + " (edited)", []string{"1: " + one + " message 1"}},
		"a channel": {
			"modbot APP  9:41\n" + post + "\n\nmia  9:42\nwhy?\n" + next + "\n9:43\n" + message,
			[]string{
				"2: " + one + " message 1", "6: " + one, "6: " + two + " message 2",
				"8: " + two, "8: " + three + " message 3", "9: " + two + " full",
			},
		},
		"a seal in a line of its own": {"Done · #2\nDone · #4\nsize " + one + " · message 1\n", []string{"3: " + one + " message 1"}},
		"lines of JSON": {
			asJSON(map[string]string{"type": "post", "text": next}) + "\n" + asJSON(map[string]string{"text": message}) + "\n",
			[]string{"1: " + one, "1: " + two + " message 2", "2: " + two, "2: " + three + " message 3", "2: " + two + " full"},
		},
		"a document of JSON": {
			"[\n" + asJSON(map[string]any{"text": message, "ts": 12.5}) + ",\n" + asJSON([]string{post}) + "]\n",
			[]string{"0: " + two, "0: " + three + " message 3", "0: " + two + " full", "0: " + one + " message 1"},
		},
		"what audit checkpoint --json prints": {
			asJSON(map[string]any{"origin": lines[0], "entries": 7, "root": lines[2], "short": two, "checkpoint": signed}),
			[]string{"0: " + two + " full", "0: " + two},
		},
		// Whoever is quoted in a post cannot make it say something else.
		"a reason that looks like a seal": {
			"Done · by Mia · “size " + three + "” · case 1 · #2 · size " + one + " · message 1",
			[]string{"1: " + one + " message 1"},
		},
		"a name that looks like a seal": {
			"Done · by x · size " + three + " (slack:U1) · case 1 · #2\nsize " + one + " · message 1",
			[]string{"2: " + one + " message 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			claims, err := ParseCheckpoints(c.text)
			require.NoError(t, err)
			got := []string{}
			for _, claim := range claims {
				got = append(got, claim.described())
				require.NoError(t, claim.forged(k.Origin(), k.Verifier()))
			}
			require.Equal(t, c.want, got)
			require.Empty(t, channelNotes(claims))
		})
	}
}

func TestChannelNotes(t *testing.T) {
	short := func(n int64) string { return ShortCheckpoint(n, leaf(n)) }
	message := func(n, size, after int64) string {
		return fmt.Sprintf("#%d · size %s · message %d after %s\n", size, short(size), n, short(after))
	}
	for name, c := range map[string]struct{ text, want string }{
		"one after the other":   {message(2, 4, 2) + message(3, 6, 4), ""},
		"one that may be twice": {message(2, 4, 2) + message(2, 4, 2) + message(3, 6, 4), ""},
		"two channels":          {message(7, 4, 2) + message(8, 6, 4) + message(2, 4, 2) + message(3, 6, 4), ""},
		"some are missing":      {message(2, 4, 2) + message(5, 9, 8), "between message 2 and message 5 there are 2"},
		"one was changed":       {message(2, 4, 2) + message(3, 6, 5), "message 3 repeats"},
	} {
		t.Run(name, func(t *testing.T) {
			claims, err := ParseCheckpoints(c.text)
			require.NoError(t, err)
			notes := strings.Join(channelNotes(claims), "\n")
			if c.want == "" {
				require.Empty(t, notes)
				return
			}
			require.Contains(t, notes, c.want)
		})
	}
}

func FuzzParseCheckpoints(f *testing.F) {
	k, err := NewKey("example.org/modbot")
	require.NoError(f, err)
	signed, err := k.sign(7, leaf(3))
	require.NoError(f, err)
	short := ShortCheckpoint(7, leaf(3))
	for _, seed := range []string{
		signed, short, "size 0 ", "[\"size " + short + "\"]", "{}", "#2 · size " + short + " · message 1 after " + short + " (edited)",
		"> ```\n" + strings.ReplaceAll(signed, "\n", "\n> "), "{\"a\":\"" + short + "\"}\n" + short,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		claims, err := ParseCheckpoints(text)
		if err != nil {
			require.ErrorIs(t, err, ErrCheckpoint)
			return
		}
		require.NotEmpty(t, claims)
		for _, c := range claims {
			require.GreaterOrEqual(t, c.Size, int64(0))
			require.GreaterOrEqual(t, len(c.Root), rootChars)
			require.LessOrEqual(t, len(c.Root), len(tlog.Hash{}.String()))
			if c.Signed != "" && c.forged(k.Origin(), k.Verifier()) == nil {
				require.True(t, strings.HasPrefix(c.Signed, checkpointText(k.Origin(), 7, leaf(3))), "only what the key signed passes")
			}
			again, err := ParseCheckpoints(c.String())
			require.NoError(t, err)
			require.Equal(t, c.String(), again[0].String())
		}
		channelNotes(claims)
		bySize(claims)
	})
}
