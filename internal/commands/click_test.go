package commands_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/texts"
)

// press is a button pressed by somebody; each press is a delivery of its own.
func (h *house) press(who string, b chat.Button) chat.Reply {
	h.t.Helper()
	return h.pressAs(who, b, audit.NewID())
}

// pressAs is a press with the platform's id of the delivery.
func (h *house) pressAs(who string, b chat.Button, key string) chat.Reply {
	h.t.Helper()
	return h.deliver(chat.Invocation{
		Key: key, Platform: chat.Console, Actor: chat.Actor{ID: who, Name: who}, Click: new(b.Click()),
	})
}

// button finds the button of a choice.
func button(t *testing.T, m chat.Message, choice string) chat.Button {
	t.Helper()
	for _, b := range m.Buttons {
		if b.Choice == choice {
			return b
		}
	}
	require.Fail(t, "no such button", "%s among %v", choice, m.Buttons)
	return chat.Button{}
}

// posts are the posts of every entry, as a channel would be given them.
func (h *house) posts() []chat.Post {
	h.t.Helper()
	entries, err := h.ledger.Entries(h.t.Context(), audit.EntryFilter{Limit: 500})
	require.NoError(h.t, err)
	var out []chat.Post
	for _, e := range entries {
		if !e.Kind.Posted() {
			continue
		}
		in := texts.PostInput{Entry: e, Origin: h.ledger.OriginPrint()}
		if e.Case != 0 {
			c, err := h.ledger.Case(h.t.Context(), e.Case)
			require.NoError(h.t, err)
			in.Case = &c
		}
		out = append(out, texts.Post(in))
	}
	return out
}

// asked is a question with its answer still to come.
func (h *house) asked() chat.Reply {
	h.t.Helper()
	require.Equal(h.t, chat.StateDone, h.say("mia", "/mute alice 3h group spam").State)
	h.clock.advance(2 * time.Minute)
	r := h.say("moe", "/mute alice 1h group")
	require.Equal(h.t, "already_muted", r.Code)
	return r
}

func TestButtons_FitEveryPlatform(t *testing.T) {
	h := newHouse(t)
	buttons := h.asked().Message.Buttons
	for _, p := range h.posts() {
		buttons = append(buttons, p.Message.Buttons...)
	}
	require.Len(t, buttons, 5, "three answers, and two under the one outcome")
	for _, b := range buttons {
		const longestCase = len("9223372036854775807")
		require.NotEmpty(t, b.Origin, b.Label)
		require.NotEmpty(t, b.Entry, b.Label)
		require.LessOrEqual(t, len(b.Choice)+len(b.Opens)+len(b.Origin)+len(b.Entry)+longestCase, chat.MaxButton, b.Label)
	}
}

func TestButton_IsOneActionHoweverOftenItIsPressed(t *testing.T) {
	h := newHouse(t)
	extend := button(t, h.asked().Message, "extend")
	first := h.press("moe", extend)
	require.Equal(t, "muted", first.Code, first.Message.Plain())
	second := h.press("moe", extend)
	require.Equal(t, first.Message.Plain(), second.Message.Plain())
	require.Equal(t, first.Cases, second.Cases)
	require.Len(t, h.tencent.changes(), 2)
	require.Equal(t, []string{"intent", "outcome done", "question", "intent", "outcome done"}, h.kinds())
}

func TestButton_OfAnotherLedgerIsRefusedAndRecorded(t *testing.T) {
	for name, spoil := range map[string]func(*chat.Button){
		"another ledger":                func(b *chat.Button) { b.Origin = audit.OriginPrint("demo.invalid/modbot") },
		"no ledger":                     func(b *chat.Button) { b.Origin = "" },
		"an entry that was rolled back": func(b *chat.Button) { b.Entry = "AAAAAAAAAAAAAAAA" },
		"no entry":                      func(b *chat.Button) { b.Entry = "" },
		"another case":                  func(b *chat.Button) { b.Case = 1 },
		"no case":                       func(b *chat.Button) { b.Case = 0 },
		"a case that is not there":      func(b *chat.Button) { b.Case = 99 },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			b := button(t, h.asked().Message, "extend")
			spoil(&b)
			r := h.pressAs("moe", b, "k")
			require.Equal(t, "foreign_button", r.Code, r.Message.Plain())
			require.Equal(t, chat.StateNotDone, r.State)
			require.Contains(t, r.Message.Plain(), "another ledger")
			require.Len(t, h.tencent.changes(), 1)
			require.Equal(t, []string{"intent", "outcome done", "question", "refused"}, h.kinds())
			require.Equal(t, r.Message.Plain(), h.pressAs("moe", b, "k").Message.Plain(), "the same delivery")
			require.Len(t, h.kinds(), 4)
			c, err := h.ledger.Case(t.Context(), 2)
			require.NoError(t, err)
			require.Equal(t, audit.StatusWaiting, c.Status, "the question is still open")
			require.Equal(t, chat.StateDone, h.say("moe", "/confirm 2 extend").State)
		})
	}
}

func TestButton_OfAnEarlierQuestionAnswersNoOther(t *testing.T) {
	h := newHouse(t)
	require.Equal(t, chat.StateDone, h.say("mia", "/mute alice 3h group").State)
	h.clock.advance(2 * time.Minute)
	first := h.say("moe", "/mute alice 1h spam in group chat")
	require.Equal(t, "scope_doubt", first.Code)
	second := h.press("moe", button(t, first.Message, "group"))
	require.Equal(t, "already_muted", second.Code, second.Message.Plain())
	for _, choice := range []string{"keep", "group"} {
		r := h.press("moe", button(t, first.Message, choice))
		require.Equal(t, "already_muted", r.Code, "it shows the question that waits")
	}
	require.Len(t, h.tencent.changes(), 1)
	require.Equal(t, "muted", h.press("moe", button(t, second.Message, "replace")).Code)
}

func TestButton_IsAuthorisedWhenItIsPressed(t *testing.T) {
	h := newHouse(t)
	extend := button(t, h.asked().Message, "extend")
	require.Equal(t, "not_yours", h.press("mia", extend).Code)
	h.noRoles = fmt.Errorf("down")
	require.Equal(t, "roles_unknown", h.press("moe", extend).Code)
	require.Equal(t, "roles_unknown", h.press("moe", extend).Code)
	require.Len(t, h.tencent.changes(), 1)
	h.noRoles = nil
	require.Equal(t, "muted", h.press("moe", extend).Code, "a refusal answers no question")
}

func TestPostButtons(t *testing.T) {
	setUp := func(t *testing.T) (*house, chat.Message) {
		t.Helper()
		h := newHouse(t)
		h.say("mia", "/mute alice 2h group spam")
		h.say("max", "/mute bob 2h")
		posts := h.posts()
		require.Len(t, posts, 2)
		require.Empty(t, posts[1].Message.Buttons, "a refusal is no outcome")
		return h, posts[0].Message
	}
	t.Run("History shows the account's cases", func(t *testing.T) {
		h, m := setUp(t)
		r := h.press("moe", button(t, m, texts.PressHistory))
		require.Equal(t, "history", r.Code, r.Message.Plain())
		require.Equal(t, h.say("moe", "/history alice").Message.Plain(), r.Message.Plain())
	})
	t.Run("a stranger learns nothing", func(t *testing.T) {
		h, m := setUp(t)
		for _, b := range m.Buttons {
			r := h.press("max", b)
			require.Equal(t, "refused_no_role", r.Code)
			require.NotContains(t, r.Message.Plain(), "alice")
			_, reply := h.dispatcher.Open(t.Context(), opening("max", b))
			require.NotNil(t, reply)
			require.Equal(t, "refused_no_role", reply.Code)
		}
		require.Len(t, h.kinds(), 3, "to read is not to act")
	})
	t.Run("Add note opens a form, and what is submitted is a note", func(t *testing.T) {
		h, m := setUp(t)
		b := button(t, m, texts.PressNote)
		require.Equal(t, "case", b.Opens)
		form, reply := h.dispatcher.Open(t.Context(), opening("moe", b))
		require.Nil(t, reply)
		require.Len(t, form.Fields, 2)
		require.Equal(t, "1", form.Fields[0].Value)
		require.True(t, form.Fields[1].Long)
		require.True(t, form.Fields[1].Required)
		r := h.deliver(chat.Invocation{
			Platform: chat.Console, Actor: chat.Actor{ID: "moe"}, Verb: form.Verb,
			Options: []chat.Option{{Name: "case", Value: form.Fields[0].Value}, {Name: "note", Value: "appealed"}},
		})
		require.Equal(t, "noted", r.Code, r.Message.Plain())
	})
	t.Run("Add note without forms says what to type", func(t *testing.T) {
		h, m := setUp(t)
		r := h.press("moe", button(t, m, texts.PressNote))
		require.Equal(t, "case", r.Code)
		require.Contains(t, r.Message.Plain(), "/case 1 note")
	})
	t.Run("another ledger's opens nothing", func(t *testing.T) {
		h, m := setUp(t)
		for _, b := range m.Buttons {
			b.Entry = strings.Repeat("B", len(b.Entry))
			_, reply := h.dispatcher.Open(t.Context(), opening("moe", b))
			require.NotNil(t, reply)
			require.Equal(t, "foreign_button", reply.Code)
			require.Equal(t, "foreign_button", h.press("moe", b).Code)
		}
	})
	t.Run("a stub has none, nor does a post of a ledger without a name", func(t *testing.T) {
		h, _ := setUp(t)
		e, err := h.ledger.Entry(t.Context(), 2)
		require.NoError(t, err)
		c, err := h.ledger.Case(t.Context(), e.Case)
		require.NoError(t, err)
		require.Empty(t, texts.Post(texts.PostInput{Entry: e, Case: &c, Origin: "x", Stub: true}).Message.Buttons)
		require.Empty(t, texts.Post(texts.PostInput{Entry: e, Case: &c}).Message.Buttons)
	})
}

// opening is the delivery of a button that opens a form.
func opening(who string, b chat.Button) chat.Invocation {
	verb := b.Opens
	if verb == "" {
		verb = "case"
	}
	return chat.Invocation{Platform: chat.Console, Actor: chat.Actor{ID: who, Name: who}, Verb: verb, Click: new(b.Click())}
}
