package render_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/adapters/discord/render"
	"modbot/internal/chat"
)

func muteForm() chat.Form {
	return chat.Form{Verb: "mute", Title: "Mute", Submit: "Mute", Fields: []chat.FormField{
		{Name: "account", Label: "account", Hint: "Whom", Value: "alice", Required: true},
		{Name: "term", Label: "term", Hint: "10m, 30m, 1h, 2h", Required: true},
		{Name: "scope", Label: "scope", Hint: "Where", Choices: []chat.Suggestion{
			{Value: "all", Label: "groups and one-to-one"}, {Value: "group", Label: "groups"}, {Value: "c2c", Label: "one-to-one"},
		}},
		{Name: "reason", Label: "reason", Hint: "Why; the audit channel shows it", Long: true, MaxRunes: 500},
	}}
}

func inputOf(t *testing.T, data *discordgo.InteractionResponseData, i int) discordgo.TextInput {
	t.Helper()
	row, is := data.Components[i].(discordgo.ActionsRow)
	require.True(t, is)
	in, is := row.Components[0].(discordgo.TextInput)
	require.True(t, is)
	return in
}

func TestForm(t *testing.T) {
	data, err := render.Form(muteForm(), "f")
	require.NoError(t, err)
	require.Equal(t, "all (groups and one-to-one), group (groups), c2c (one-to-one)", inputOf(t, data, 2).Placeholder)
	require.Equal(t, 500, inputOf(t, data, 3).MaxLength)
	require.Equal(t, discordgo.TextInputParagraph, inputOf(t, data, 3).Style)

	six := chat.Form{Verb: "x", Title: "X", Fields: []chat.FormField{
		{Name: "a", Required: true}, {Name: "b"}, {Name: "c", Required: true}, {Name: "d"}, {Name: "e", Required: true}, {Name: "f", Required: true},
	}}
	data, err = render.Form(six, "f")
	require.NoError(t, err)
	names := ""
	for i := range data.Components {
		names += inputOf(t, data, i).CustomID
	}
	require.Equal(t, "abcef", names, "an optional field gives way")
	require.Equal(t, "a", inputOf(t, data, 0).Label, "a field without a label has its name")
}

func TestForm_Refuses(t *testing.T) {
	required := make([]chat.FormField, 6)
	for i := range required {
		required[i] = chat.FormField{Name: string(rune('a' + i)), Required: true}
	}
	for name, c := range map[string]struct {
		form chat.Form
		id   string
	}{
		"no fields":                {chat.Form{Title: "x"}, "f"},
		"no id":                    {muteForm(), ""},
		"an id that is too long":   {muteForm(), strings.Repeat("a", 101)},
		"more than can be shown":   {chat.Form{Fields: required}, "f"},
		"two fields of one name":   {chat.Form{Fields: []chat.FormField{{Name: "a"}, {Name: "a"}}}, "f"},
		"a field without any name": {chat.Form{Fields: []chat.FormField{{}}}, "f"},
	} {
		_, err := render.Form(c.form, c.id)
		require.Error(t, err, name)
	}
}

func TestForm_AnyFormIsWithinTheLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := chat.Form{Title: words().Draw(t, "title")}
		for i := range rapid.IntRange(1, 5).Draw(t, "fields") {
			text := func(what string) string {
				return strings.Repeat(words().Draw(t, what), rapid.SampledFrom([]int{1, 100, 3000}).Draw(t, "times"))
			}
			f.Fields = append(f.Fields, chat.FormField{
				Name: string(rune('a' + i)), Label: text("label"), Hint: text("hint"), Value: text("value"),
				MaxRunes: rapid.IntRange(0, 9000).Draw(t, "longest"), Choices: []chat.Suggestion{{Value: text("choice")}},
			})
		}
		data, err := render.Form(f, "f")
		require.NoError(t, err)
		requireModal(t, data)
	})
}

func TestSubmitted(t *testing.T) {
	var data discordgo.ModalSubmitInteractionData
	require.NoError(t, json.Unmarshal([]byte(`{"custom_id":"f","components":[
		{"type":1,"components":[{"type":4,"custom_id":"account","value":" alice "}]},
		{"type":1,"components":[{"type":4,"custom_id":"scope","value":"  "}]},
		{"type":1,"components":[{"type":2,"custom_id":"button","label":"x","style":1}]},
		{"type":10,"content":"text"},
		{"type":1,"components":[{"type":4,"custom_id":"reason","value":"*a*\nb"}]}]}`), &data))
	want := []chat.Option{{Name: "account", Value: " alice "}, {Name: "reason", Value: "*a*\nb"}}
	require.Equal(t, want, render.Submitted(data), "what was typed isn't changed; what was left empty wasn't given")

	var none *discordgo.ActionsRow
	require.Empty(t, render.Submitted(discordgo.ModalSubmitInteractionData{Components: []discordgo.MessageComponent{none, nil}}))
	byValue := discordgo.ModalSubmitInteractionData{Components: []discordgo.MessageComponent{
		discordgo.ActionsRow{Components: []discordgo.MessageComponent{discordgo.TextInput{CustomID: "a", Value: "b"}}},
	}}
	require.Equal(t, []chat.Option{{Name: "a", Value: "b"}}, render.Submitted(byValue))
}

func FuzzSubmitted(f *testing.F) {
	f.Add([]byte(`{"custom_id":"f","components":[{"type":1,"components":[{"type":4,"custom_id":"a","value":"b"}]}]}`))
	f.Add([]byte(`{"components":[{"type":1,"components":[{"type":1,"components":[]}]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var data discordgo.ModalSubmitInteractionData
		if json.Unmarshal(raw, &data) != nil {
			return
		}
		got := render.Submitted(data)
		require.LessOrEqual(t, len(got), 5)
		for _, o := range got {
			require.NotEmpty(t, o.Name)
			require.NotEmpty(t, o.Value)
		}
	})
}
