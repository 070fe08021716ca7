package slacksim_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/slack/slacksim"
)

func plain(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, text, false, false)
}

func option(value string) *slack.OptionBlockObject {
	return slack.NewOptionBlockObject(value, plain(value), nil)
}

// modal has a required text, a select and a text of at most ten characters.
func modal() slack.ModalViewRequest {
	account := slack.NewPlainTextInputBlockElement(nil, "value")
	account.InitialValue = "alice"
	scope := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, "value", option("all"), option("group"))
	reason := slack.NewPlainTextInputBlockElement(nil, "value")
	reason.Multiline, reason.MaxLength = true, 10
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plain("Mute"), Submit: plain("Mute"), Close: plain("Cancel"), CallbackID: "mute", PrivateMetadata: "m",
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock("account", plain("Account"), plain("who"), account),
			slack.NewInputBlock("scope", plain("Scope"), nil, scope).WithOptional(true),
			slack.NewInputBlock("reason", plain("Reason"), nil, reason).WithOptional(true),
		}},
	}
}

// triggered is a trigger of a global shortcut.
func triggered(t *testing.T, h *house) string {
	t.Helper()
	d, err := h.Global(t.Context(), newAdapter(t, nil).URL, slacksim.Global{From: mia(), CallbackID: "mute"})
	require.NoError(t, err)
	return d.ID
}

func TestViews(t *testing.T) {
	h := newHouse(t, nil)
	id := triggered(t, h)
	opened, err := h.api.OpenViewContext(t.Context(), id, modal())
	require.NoError(t, err)
	views := h.Views("U1")
	require.Len(t, views, 1)
	require.Equal(t, opened.ID, views[0].ID)
	require.Equal(t, []slacksim.Field{
		{BlockID: "account", ActionID: "value", Label: "Account", Hint: "who", Initial: "alice", Required: true},
		{BlockID: "scope", ActionID: "value", Label: "Scope", Options: []string{"all", "group"}},
		{BlockID: "reason", ActionID: "value", Label: "Reason", Multiline: true, MaxLength: 10},
	}, views[0].Fields)
	changed := modal()
	changed.Title = plain("Mute now")
	_, err = h.api.UpdateViewContext(t.Context(), changed, "", "other", opened.ID)
	require.EqualError(t, err, "hash_conflict")
	_, err = h.api.UpdateViewContext(t.Context(), changed, "", opened.Hash, opened.ID)
	require.NoError(t, err)
	require.Equal(t, "Mute now", h.Views("U1")[0].Title)
	_, err = h.api.UpdateViewContext(t.Context(), changed, "", "", "V404")
	require.EqualError(t, err, "not_found")
}

func TestViews_TriggersLiveThreeSecondsAndOpenOne(t *testing.T) {
	h := newHouse(t, nil)
	id := triggered(t, h)
	h.clock.Advance(3 * time.Second)
	_, err := h.api.OpenViewContext(t.Context(), id, modal())
	require.NoError(t, err)
	_, err = h.api.OpenViewContext(t.Context(), id, modal())
	require.EqualError(t, err, "exchanged_trigger_id")
	late := triggered(t, h)
	h.clock.Advance(3*time.Second + time.Millisecond)
	_, err = h.api.OpenViewContext(t.Context(), late, modal())
	require.EqualError(t, err, "expired_trigger_id")
	_, err = h.api.OpenViewContext(t.Context(), "unknown", modal())
	require.EqualError(t, err, "invalid_trigger_id")
	require.Len(t, h.Views("U1"), 1)
}

func TestViews_Limits(t *testing.T) {
	h := newHouse(t, nil)
	for name, change := range map[string]func(*slack.ModalViewRequest){
		"title":          func(v *slack.ModalViewRequest) { v.Title = plain(strings.Repeat("a", 25)) },
		"no title":       func(v *slack.ModalViewRequest) { v.Title = nil },
		"submit":         func(v *slack.ModalViewRequest) { v.Submit = plain(strings.Repeat("a", 25)) },
		"no submit":      func(v *slack.ModalViewRequest) { v.Submit = nil },
		"metadata":       func(v *slack.ModalViewRequest) { v.PrivateMetadata = strings.Repeat("a", 3001) },
		"callback":       func(v *slack.ModalViewRequest) { v.CallbackID = strings.Repeat("a", 256) },
		"no blocks":      func(v *slack.ModalViewRequest) { v.Blocks.BlockSet = nil },
		"an empty label": func(v *slack.ModalViewRequest) { v.Blocks.BlockSet[0].(*slack.InputBlock).Label = plain("") },
		"initial too long": func(v *slack.ModalViewRequest) {
			v.Blocks.BlockSet[2].(*slack.InputBlock).Element.(*slack.PlainTextInputBlockElement).InitialValue = "12345678901"
		},
		"no options": func(v *slack.ModalViewRequest) {
			v.Blocks.BlockSet[1].(*slack.InputBlock).Element.(*slack.SelectBlockElement).Options = nil
		},
		"no such option": func(v *slack.ModalViewRequest) {
			v.Blocks.BlockSet[1].(*slack.InputBlock).Element.(*slack.SelectBlockElement).InitialOption = option("other")
		},
		"a home tab": func(v *slack.ModalViewRequest) { v.Type = slack.VTHomeTab },
	} {
		t.Run(name, func(t *testing.T) {
			view := modal()
			change(&view)
			_, err := h.api.OpenViewContext(t.Context(), triggered(t, h), view)
			require.EqualError(t, err, "invalid_arguments")
		})
	}
	require.Empty(t, h.Views("U1"))
}

func TestSubmit(t *testing.T) {
	h := newHouse(t, nil)
	answers := make(chan string, 10)
	a := newAdapter(t, func(w http.ResponseWriter, r *http.Request) { answerWith(<-answers)(w, r) })
	_, err := h.api.OpenViewContext(t.Context(), triggered(t, h), modal())
	require.NoError(t, err)
	view := h.Views("U1")[0]
	for name, values := range map[string]map[string]string{
		"a required field": {"account": ""}, "longer than it may be": {"reason": "12345678901"}, "no option": {"scope": "c2c"}, "no field": {"other": "x"},
	} {
		_, err := h.Submit(t.Context(), a.URL, slacksim.Submit{From: mia(), View: view, Values: values})
		require.Error(t, err, name)
	}

	answers <- `{"response_action":"errors","errors":{"account":"no such account"}}`
	d, err := h.Submit(t.Context(), a.URL, slacksim.Submit{From: mia(), View: view, Values: map[string]string{"scope": "group"}})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"account": "no such account"}, d.Errors)
	require.True(t, h.Views("U1")[0].Open)
	cb := interaction(t, <-a.got)
	require.Equal(t, slack.InteractionTypeViewSubmission, cb.Type)
	require.Equal(t, "mute", cb.View.CallbackID)
	require.Equal(t, "m", cb.View.PrivateMetadata)
	require.Equal(t, "alice", cb.View.State.Values["account"]["value"].Value)
	require.Equal(t, "group", cb.View.State.Values["scope"]["value"].SelectedOption.Value)
	require.Empty(t, cb.View.State.Values["reason"]["value"].Value)

	answers <- ""
	_, err = h.Submit(t.Context(), a.URL, slacksim.Submit{From: mia(), View: view})
	require.NoError(t, err)
	require.False(t, h.Views("U1")[0].Open)
	_, err = h.Submit(t.Context(), a.URL, slacksim.Submit{From: mia(), View: view})
	require.ErrorContains(t, err, "nobody sees it")
}

func TestSubmit_AnAnswerMayBeAnotherView(t *testing.T) {
	h := newHouse(t, nil)
	_, err := h.api.OpenViewContext(t.Context(), triggered(t, h), modal())
	require.NoError(t, err)
	a := newAdapter(t, answerWith(`{"response_action":"update","view":{"type":"modal","title":{"type":"plain_text","text":"Working"},"blocks":[{"type":"divider"}]}}`))
	_, err = h.Submit(t.Context(), a.URL, slacksim.Submit{From: mia(), View: h.Views("U1")[0]})
	require.NoError(t, err)
	require.Equal(t, "Working", h.Views("U1")[0].Title)
	require.True(t, h.Views("U1")[0].Open)
}
