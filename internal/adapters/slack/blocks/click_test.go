package blocks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/chat"
)

func TestEncodeClick(t *testing.T) {
	for name, c := range map[string]struct {
		button chat.Button
		want   string
		ok     bool
	}{
		"a choice":         {chat.Button{Origin: "o1", Entry: "e1", Case: 41, Choice: "extend"}, `c1["o1","e1","41","extend",""]`, true},
		"a form":           {chat.Button{Opens: "note", Case: 41}, `c1["","","41","","note"]`, true},
		"just fits":        {chat.Button{Choice: strings.Repeat("a", chat.MaxButton-1)}, `c1["","","0","` + strings.Repeat("a", chat.MaxButton-1) + `",""]`, true},
		"does not fit":     {chat.Button{Choice: strings.Repeat("a", chat.MaxButton)}, "", false},
		"good for what":    {chat.Button{Case: 41}, "", false},
		"negative case":    {chat.Button{Case: -1, Choice: "a"}, "", false},
		"not UTF-8":        {chat.Button{Choice: "\xff"}, "", false},
		"spelled out":      {chat.Button{Choice: `<"\`}, `c1["","","0","\u003c\"\\",""]`, true},
		"other scripts":    {chat.Button{Choice: "消息"}, `c1["","","0","消息",""]`, true},
		"bytes, not runes": {chat.Button{Choice: strings.Repeat("消", 27)}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			value, ok := blocks.EncodeClick(c.button)
			require.Equal(t, c.ok, ok)
			require.Equal(t, c.want, value)
		})
	}
}

func TestDecodeClick_RefusesWhatEncodeNeverWrites(t *testing.T) {
	for name, value := range map[string]string{
		"nothing":             "",
		"another version":     `c2["","","0","a",""]`,
		"no version":          `["","","0","a",""]`,
		"too few fields":      `c1["","","0","a"]`,
		"too many fields":     `c1["","","0","a","",""]`,
		"no list":             `c1{}`,
		"null":                `c1null`,
		"a number":            `c1["","",0,"a",""]`,
		"case is no number":   `c1["","","x","a",""]`,
		"case with zeros":     `c1["","","041","a",""]`,
		"case with plus":      `c1["","","+41","a",""]`,
		"negative case":       `c1["","","-41","a",""]`,
		"case beyond 64 bits": `c1["","","9223372036854775808","a",""]`,
		"neither":             `c1["","","41","",""]`,
		"more behind it":      `c1["","","41","a",""] `,
		"spaces in it":        `c1["", "","41","a",""]`,
		"another spelling":    `c1["","","41","\u0061",""]`,
		"too large":           `c1["","","41","` + strings.Repeat("a", 80) + `",""]`,
		"far too large":       `c1["","","41","` + strings.Repeat("a", 3000) + `",""]`,
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := blocks.DecodeClick(value)
			require.Error(t, err)
		})
	}
}

func TestClick_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringN(0, 20, 30)
		b := chat.Button{
			Origin: word.Draw(t, "origin"), Entry: word.Draw(t, "entry"), Case: rapid.Int64Min(0).Draw(t, "case"),
			Choice: word.Draw(t, "choice"), Opens: word.Draw(t, "opens"),
		}
		value, ok := blocks.EncodeClick(b)
		if !ok {
			return
		}
		require.LessOrEqual(t, len(value), 2000)
		click, opens, err := blocks.DecodeClick(value)
		require.NoError(t, err)
		require.Equal(t, b.Click(), click)
		require.Equal(t, b.Opens, opens)
	})
}

func FuzzDecodeClick(f *testing.F) {
	f.Add(`c1["o1","e1","41","extend",""]`)
	f.Add(`c1["","","0","","note"]`)
	f.Fuzz(func(t *testing.T, value string) {
		click, opens, err := blocks.DecodeClick(value)
		if err != nil {
			require.Zero(t, click)
			require.Empty(t, opens)
			return
		}
		again, ok := blocks.EncodeClick(chat.Button{Origin: click.Origin, Entry: click.Entry, Case: click.Case, Choice: click.Choice, Opens: opens})
		require.True(t, ok)
		require.Equal(t, value, again, "two values for one button")
	})
}
