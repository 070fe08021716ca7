package render_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/adapters/discord/render"
	"modbot/internal/chat"
)

func TestEncodeClick_ComesBack(t *testing.T) {
	ascii := rapid.StringMatching(`[!-{}~]{0,24}`)
	rapid.Check(t, func(t *rapid.T) {
		b := chat.Button{
			Choice: ascii.Draw(t, "choice"), Opens: ascii.Draw(t, "opens"), Origin: ascii.Draw(t, "origin"),
			Entry: ascii.Draw(t, "entry"), Case: rapid.Int64Min(0).Draw(t, "case"),
		}
		id, ok := render.EncodeClick(b)
		size := len(b.Choice) + len(b.Opens) + len(b.Origin) + len(b.Entry) + len(fmt.Sprint(b.Case))
		require.Equal(t, size <= chat.MaxButton, ok)
		if !ok {
			return
		}
		require.LessOrEqual(t, len(id), 100)
		click, opens, err := render.DecodeClick(id)
		require.NoError(t, err)
		require.Equal(t, b.Click(), click)
		require.Equal(t, b.Opens, opens)
	})
}

func TestEncodeClick_RefusesWhatWouldNotComeBack(t *testing.T) {
	for name, b := range map[string]chat.Button{
		"too long":            {Choice: strings.Repeat("a", chat.MaxButton)},
		"a separator":         {Choice: "a|b"},
		"a space":             {Origin: "a b"},
		"not ASCII":           {Entry: "é"},
		"a control character": {Opens: "a\n"},
		"a negative case":     {Case: -1},
	} {
		_, ok := render.EncodeClick(b)
		require.False(t, ok, name)
	}
}

func TestDecodeClick_RefusesWhatWeDidNotWrite(t *testing.T) {
	for name, id := range map[string]string{
		"nothing":               "",
		"somebody else's":       "vote:1",
		"another version":       "m2|a|b|c|d|1",
		"a part too few":        "m1|a|b|c|1",
		"a part too many":       "m1|a|b|c|d|1|",
		"no number":             "m1|a|b|c|d|",
		"a signed number":       "m1|a|b|c|d|+1",
		"leading zeros":         "m1|a|b|c|d|01",
		"a negative number":     "m1|a|b|c|d|-1",
		"an overflowing number": "m1|a|b|c|d|99999999999999999999",
		"a space inside":        "m1|a a|b|c|d|1",
		"too long":              "m1|" + strings.Repeat("a", 81) + "||||1",
	} {
		_, _, err := render.DecodeClick(id)
		require.Error(t, err, name)
	}
}

func FuzzDecodeClick(f *testing.F) {
	f.Add("m1|extend||2jmj7l5r|Sw0yVb_vlWAYkK_Y|142")
	f.Add("m1|||||0")
	f.Add("m1|a|b|c|d|01")
	f.Fuzz(func(t *testing.T, id string) {
		click, opens, err := render.DecodeClick(id)
		if err != nil {
			require.Zero(t, click)
			return
		}
		again, ok := render.EncodeClick(chat.Button{Choice: click.Choice, Opens: opens, Origin: click.Origin, Entry: click.Entry, Case: click.Case})
		require.True(t, ok)
		require.Equal(t, id, again)
	})
}

func TestReply_Buttons(t *testing.T) {
	var many []chat.Button
	for i := range 27 {
		many = append(many, chat.Button{Label: fmt.Sprint("Case ", i), Choice: "open", Case: int64(i), Typed: fmt.Sprint("case ", i)})
	}
	many[3].Danger = true
	body := render.Reply(chat.Message{Lines: []chat.Line{{chat.Plain("Choose.")}}, Buttons: many})
	m := requireMessage(t, body)
	require.Len(t, m.Components, 5)
	require.EqualValues(t, discordgo.DangerButton, m.Components[0].Components[3].Style)
	require.EqualValues(t, discordgo.SecondaryButton, m.Components[0].Components[2].Style)
	require.Equal(t, "Choose.\n→ `case 25` (Case 25)\n→ `case 26` (Case 26)", m.Content, "what has no room as a button can be typed")

	odd := render.Reply(chat.Message{Lines: []chat.Line{{chat.Plain("Choose.")}}, Buttons: []chat.Button{
		{Label: "Twice", Choice: "a", Typed: "confirm 1 a"},
		{Label: "Twice", Choice: "a", Typed: "confirm 1 a"},
		{Label: "", Choice: "b"},
		{Label: "消" + strings.Repeat("息", 100), Choice: "c"},
	}})
	m = requireMessage(t, odd)
	require.Len(t, m.Components[0].Components, 3, "Discord refuses two buttons of one id")
	require.Equal(t, "b", m.Components[0].Components[1].Label)
	require.True(t, strings.HasSuffix(m.Components[0].Components[2].Label, "息…"))
	require.Contains(t, m.Content, "confirm 1 a")
}
