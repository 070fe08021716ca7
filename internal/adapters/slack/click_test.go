package slack

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
)

func TestClick(t *testing.T) {
	button := chat.Button{Label: "Extend", Choice: "extend", Case: 41, Origin: "o", Entry: "e"}
	for name, c := range map[string]struct {
		private bool
	}{
		"on a private answer edits it":  {true},
		"on a post leaves it as it was": {false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				var got chat.Invocation
				b.start(fakeCore{handle: func(ctx context.Context, inv chat.Invocation, respond func(context.Context, chat.Reply)) {
					got = inv
					time.Sleep(3 * time.Second)
					respond(ctx, said("Extended."))
				}})
				p := clickPayload(t, ours(t, button), c.private)
				w, took := b.interaction(t, p)
				require.Zero(t, took, "a click is acknowledged at once")
				require.Empty(t, w.Body.String())
				time.Sleep(time.Minute)
				b.stop(t)
				require.Equal(t, button.Click(), *got.Click)
				require.Equal(t, "1.2.3", got.Key)
				require.Empty(t, got.Verb)
				posts := b.slack.of(methodAnswerURL)
				require.Len(t, posts, 2)
				for _, post := range posts {
					require.Equal(t, c.private, post.body["replace_original"])
					require.Equal(t, "ephemeral", post.body["response_type"])
				}
			})
		})
	}
}

func form(verb string) (chat.Form, *chat.Reply) {
	return chat.Form{Verb: verb, Title: "Mute", Submit: "Mute", Fields: []chat.FormField{{Name: "account", Label: "Account", Required: true}}}, nil
}

// A shortcut opens a form; what is submitted is a command; its answer goes to
// where the form was opened.
func TestShortcut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var opened, handled chat.Invocation
		b.start(fakeCore{
			open: func(_ context.Context, inv chat.Invocation) (chat.Form, *chat.Reply) {
				opened = inv
				return form(inv.Verb)
			},
			handle: func(ctx context.Context, inv chat.Invocation, respond func(context.Context, chat.Reply)) {
				handled = inv
				respond(ctx, said("Done and well."))
			},
		})
		w, took := b.interaction(t, object{
			"type": "message_action", "callback_id": callbackAuthor, "trigger_id": "1.1", "response_url": answerURL,
			"team": object{"id": "T1"}, "user": object{"id": "U1", "name": "mia"}, "channel": object{"id": "C1", "name": "mods"},
			"message": object{"user": "U2", "text": "spam", "blocks": []object{{"type": "of the future"}}},
		})
		require.Equal(t, http.StatusOK, w.Code)
		require.Zero(t, took)
		synctest.Wait()
		require.Equal(t, "mute", opened.Verb)
		require.Equal(t, []chat.Option{{Name: "account", Value: "<@U2>"}}, opened.Options)
		views := b.slack.of(methodView)
		require.Len(t, views, 1)
		require.Equal(t, "1.1", views[0].body["trigger_id"])
		view, ok := views[0].body["view"].(object)
		require.True(t, ok)

		w, took = b.interaction(t, object{
			"type": "view_submission", "trigger_id": "1.2", "team": object{"id": "T1"}, "user": object{"id": "U1", "name": "mia"},
			"view": object{
				"callback_id": view["callback_id"], "private_metadata": view["private_metadata"], "type": "modal",
				"state": object{"values": object{"account": object{"value": object{"type": "plain_text_input", "value": "alice"}}}},
			},
		})
		require.Equal(t, http.StatusOK, w.Code)
		require.Empty(t, w.Body.String(), "the form closes")
		require.Zero(t, took)
		time.Sleep(time.Second)
		b.stop(t)
		require.Equal(t, "mute", handled.Verb)
		require.Equal(t, []chat.Option{{Name: "account", Value: "alice"}}, handled.Options)
		require.Equal(t, chat.Channel{ID: "C1", Name: "mods"}, handled.Channel)
		require.Equal(t, "1.2", handled.Key)
		require.Len(t, b.slack.of(methodAnswerURL), 1)
		require.Equal(t, "Done and well.", b.slack.of(methodAnswerURL)[0].text())
	})
}

func TestShortcut_Refusals(t *testing.T) {
	global := object{
		"type": "shortcut", "callback_id": callbackMute, "trigger_id": "1.1", "team": object{"id": "T1"}, "user": object{"id": "U1"},
	}
	byApp := object{
		"type": "message_action", "callback_id": callbackAuthor, "trigger_id": "1.1", "team": object{"id": "T1"},
		"user": object{"id": "U1"}, "message": object{"bot_id": "B1"}, "channel": object{"id": "C1"},
	}
	refuses := func(context.Context, chat.Invocation) (chat.Form, *chat.Reply) {
		r := said("You have no role here.")
		return chat.Form{}, &r
	}
	opens := func(_ context.Context, inv chat.Invocation) (chat.Form, *chat.Reply) { return form(inv.Verb) }
	for name, c := range map[string]struct {
		payload object
		open    func(context.Context, chat.Invocation) (chat.Form, *chat.Reply)
		view    func(called) replied
		says    string
	}{
		"no role":            {global, refuses, nil, "You have no role here."},
		"an app's message":   {byApp, opens, nil, "written by an app"},
		"expired":            {global, opens, refusing("expired_trigger_id"), "could not be shown in time"},
		"a form of nothing":  {global, func(context.Context, chat.Invocation) (chat.Form, *chat.Reply) { return chat.Form{}, nil }, nil, "could not be shown"},
		"a core that panics": {global, func(context.Context, chat.Invocation) (chat.Form, *chat.Reply) { panic("oh") }, nil, "Nothing answered that."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				if c.view != nil {
					b.slack.on(methodView, c.view)
				}
				b.start(fakeCore{open: c.open})
				w, _ := b.interaction(t, c.payload)
				require.Equal(t, http.StatusOK, w.Code)
				time.Sleep(time.Minute)
				b.stop(t)
				direct := b.slack.of(methodPost)
				require.Len(t, direct, 1)
				require.Contains(t, direct[0].text(), c.says)
			})
		})
	}
}

// A button may open a form before anything is asked of the Core.
func TestClick_OpensForm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var opened chat.Invocation
		b.start(fakeCore{open: func(_ context.Context, inv chat.Invocation) (chat.Form, *chat.Reply) {
			opened = inv
			return form(inv.Verb)
		}})
		button := chat.Button{Label: "Add note", Opens: "case", Case: 41, Origin: "o", Entry: "e"}
		_, _ = b.interaction(t, clickPayload(t, ours(t, button), false))
		synctest.Wait()
		b.stop(t)
		require.Equal(t, "case", opened.Verb)
		require.Equal(t, []chat.Option{{Name: "case", Value: "41"}}, opened.Options)
		require.Equal(t, button.Click(), *opened.Click)
		require.Len(t, b.slack.of(methodView), 1)
	})
}
