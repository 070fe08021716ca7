package blocks_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/chat"
)

func TestForm(t *testing.T) {
	var choices []chat.Suggestion
	for i := range 150 {
		choices = append(choices, chat.Suggestion{Value: fmt.Sprintf("v%d", i), Label: strings.Repeat("消", 100)})
	}
	for name, field := range map[string]chat.FormField{
		"text":                    {Name: "account", Label: "Account", Hint: "who", Value: "alice", Required: true},
		"long text":               {Name: "reason", Value: "a\nb\u202ec\r\nd", Long: true, MaxRunes: 400},
		"a value longer than max": {Name: "reason", Value: strings.Repeat("消", 900), MaxRunes: 500},
		"a max beyond Slack's":    {Name: "reason", Value: strings.Repeat("a", 4000), MaxRunes: 100_000},
		"choices":                 {Name: "scope", Value: "c2c", Choices: []chat.Suggestion{{Value: "all", Label: "everywhere"}, {Value: "c2c"}}},
		"too many choices":        {Name: "scope", Value: "v149", Choices: choices},
		"choices of the same":     {Name: "scope", Choices: []chat.Suggestion{{Value: "a"}, {Value: "a"}, {Value: " "}, {Value: strings.Repeat("a", 76)}}},
		"no choice Slack shows":   {Name: "scope", Choices: []chat.Suggestion{{Value: strings.Repeat("a", 76)}}},
		"hostile":                 {Name: hostile[0], Label: hostile[4], Hint: hostile[5], Value: hostile[7]},
		"an over-long label":      {Name: "a", Label: strings.Repeat("消", 3000), Hint: strings.Repeat("消", 3000)},
	} {
		t.Run(name, func(t *testing.T) {
			view, err := blocks.Form(chat.Form{Verb: "mute", Title: "Mute an account that has a long name", Submit: "Mute", Fields: []chat.FormField{field}}, "mute", "meta")
			require.NoError(t, err)
			require.Empty(t, formProblems(view))
			input, ok := view.Blocks.BlockSet[0].(*slack.InputBlock)
			require.True(t, ok)
			require.Equal(t, field.Name, input.BlockID, "an error is shown under the field of that name")
			require.Equal(t, !field.Required, input.Optional)
		})
	}
}

func TestForm_KeepsWhatIsFilledInAlready(t *testing.T) {
	view, err := blocks.Form(chat.Form{Verb: "mute", Title: "Mute", Submit: "Mute", Fields: []chat.FormField{
		{Name: "account", Value: "alice"},
		{Name: "scope", Value: "group", Choices: []chat.Suggestion{{Value: "all"}, {Value: "group", Label: "groups"}}},
		{Name: "reason", Long: true, Value: "two\nlines\u202e"},
	}}, "mute", "")
	require.NoError(t, err)
	set := view.Blocks.BlockSet
	require.Equal(t, "alice", set[0].(*slack.InputBlock).Element.(*slack.PlainTextInputBlockElement).InitialValue)
	require.Equal(t, "groups", set[1].(*slack.InputBlock).Element.(*slack.SelectBlockElement).InitialOption.Text.Text)
	require.Equal(t, "two\nlines⟨U+202E⟩", set[2].(*slack.InputBlock).Element.(*slack.PlainTextInputBlockElement).InitialValue)
}

func TestForm_RefusesWhatSlackWould(t *testing.T) {
	field := chat.FormField{Name: "account"}
	for name, c := range map[string]struct {
		form               chat.Form
		callback, metadata string
	}{
		"no title":          {chat.Form{Submit: "a", Fields: []chat.FormField{field}}, "c", ""},
		"no submit":         {chat.Form{Title: "a", Fields: []chat.FormField{field}}, "c", ""},
		"no fields":         {chat.Form{Title: "a", Submit: "a"}, "c", ""},
		"too many fields":   {chat.Form{Title: "a", Submit: "a", Fields: make([]chat.FormField, 101)}, "c", ""},
		"a field twice":     {chat.Form{Title: "a", Submit: "a", Fields: []chat.FormField{field, field}}, "c", ""},
		"a nameless field":  {chat.Form{Title: "a", Submit: "a", Fields: []chat.FormField{{}}}, "c", ""},
		"a long name":       {chat.Form{Title: "a", Submit: "a", Fields: []chat.FormField{{Name: strings.Repeat("a", 256)}}}, "c", ""},
		"no callback":       {chat.Form{Title: "a", Submit: "a", Fields: []chat.FormField{field}}, "", ""},
		"too long callback": {chat.Form{Title: "a", Submit: "a", Fields: []chat.FormField{field}}, strings.Repeat("a", 256), ""},
		"too long metadata": {chat.Form{Title: "a", Submit: "a", Fields: []chat.FormField{field}}, "c", strings.Repeat("a", 3001)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := blocks.Form(c.form, c.callback, c.metadata)
			require.Error(t, err)
		})
	}
}

func TestSubmitted(t *testing.T) {
	for name, c := range map[string]struct {
		view string
		want []chat.Option
	}{
		"nothing":  {`{}`, nil},
		"no state": {`{"state":null}`, nil},
		"filled in": {
			`{"state":{"values":{"term":{"value":{"type":"plain_text_input","value":"2h"}},"account":{"value":{"type":"plain_text_input","value":"alice"}},
			"reason":{"value":{"type":"plain_text_input","value":null}},"scope":{"value":{"type":"static_select","selected_option":{"text":{"type":"plain_text","text":"groups"},"value":"group"}}},
			"note":{"value":{"type":"static_select","selected_option":null}}}}}`,
			[]chat.Option{{Name: "account", Value: "alice"}, {Name: "scope", Value: "group"}, {Name: "term", Value: "2h"}},
		},
		"spaces are nothing":    {`{"state":{"values":{"a":{"value":{"value":"  "}}}}}`, nil},
		"no input of ours":      {`{"state":{"values":{"a":{"other":{"value":"x"}},"":{"value":{"value":"x"}}}}}`, nil},
		"longer than any input": {`{"state":{"values":{"a":{"value":{"value":"` + strings.Repeat("x", 3001) + `"}}}}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var view slack.View
			require.NoError(t, json.Unmarshal([]byte(c.view), &view))
			require.Equal(t, c.want, blocks.Submitted(view))
		})
	}
}

func FuzzSubmitted(f *testing.F) {
	f.Add(`{"state":{"values":{"a":{"value":{"type":"plain_text_input","value":"2h"}}}}}`)
	f.Add(`{"state":{"values":{"a":null,"b":{"value":{"selected_option":{"value":"x"}}}}}}`)
	f.Fuzz(func(t *testing.T, raw string) {
		var view slack.View
		if json.Unmarshal([]byte(raw), &view) != nil {
			return
		}
		options := blocks.Submitted(view)
		require.LessOrEqual(t, len(options), 100)
		for _, o := range options {
			require.NotEmpty(t, strings.TrimSpace(o.Name))
			require.NotEmpty(t, strings.TrimSpace(o.Value))
			require.LessOrEqual(t, len(o.Value), 9000)
		}
	})
}
