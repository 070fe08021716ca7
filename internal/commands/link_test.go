package commands_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

func TestLink_ADeliveryIsOneLink(t *testing.T) {
	h := newHouse(t)
	inv := chat.Invocation{
		Key: "k", Platform: chat.Console, Actor: chat.Actor{ID: "ada"}, Verb: "link",
		Options: []chat.Option{{Name: "member", Value: "<@bob>"}, {Name: "account", Value: "bob"}},
	}
	first := h.deliver(inv)
	require.Equal(t, "linked", first.Code, first.Message.Plain())
	require.Equal(t, first.Message.Plain(), h.deliver(inv).Message.Plain())
	require.Equal(t, []string{"linked"}, h.kinds())
}

func TestLink_AnsweredByItsButton(t *testing.T) {
	h := newHouse(t)
	require.Equal(t, "linked", h.say("ada", "/link <@bob> bob").Code)
	asked := h.say("ada", "/link <@bob> alice")
	require.Equal(t, "relink", asked.Code)
	yes := button(t, asked.Message, "yes")
	require.Equal(t, "not_yours", h.press("mia", yes).Code)
	first := h.press("ada", yes)
	require.Equal(t, "linked", first.Code, first.Message.Plain())
	require.Equal(t, first.Message.Plain(), h.press("ada", yes).Message.Plain())
	require.Equal(t, []string{"linked", "question", "linked"}, h.kinds())
	kept := h.say("ada", "/link <@bob> bob")
	require.Equal(t, "declined", h.press("ada", button(t, kept.Message, "keep")).Code)
	require.Equal(t, "muted", h.say("mia", "/mute <@bob> 2h").Code)
	require.Equal(t, []string{"mute alice all 2h"}, h.tencent.changes())
}

func TestLink_RolesThatCannotBeLookedUpRefuse(t *testing.T) {
	h := newHouse(t)
	require.Equal(t, "linked", h.say("ada", "/link <@bob> bob").Code)
	asked := h.say("ada", "/link <@bob> alice")
	h.noRoles = mute.ErrAccountEmpty // any error
	for _, line := range []string{"/link <@eve> alice", "/unlink <@bob>", "/mute <@bob> 2h", "/confirm 2"} {
		require.Equal(t, "roles_unknown", h.say("ada", line).Code, line)
	}
	require.Equal(t, "roles_unknown", h.press("ada", button(t, asked.Message, "yes")).Code)
	require.Empty(t, h.tencent.changes())
	link, ok, err := h.ledger.LinkOf(t.Context(), "console:bob")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, mute.Account("bob"), link.Account)
}

func TestMention_OfAContextMenu(t *testing.T) {
	h := newHouse(t)
	require.Equal(t, "linked", h.say("ada", "/link <@bob> bob").Code)
	r := h.deliver(chat.Invocation{
		Platform: chat.Console, Actor: chat.Actor{ID: "mia"}, Verb: "mute",
		Options: []chat.Option{{Name: "account", Value: "<@bob>"}, {Name: "term", Value: "2h"}, {Name: "scope", Value: "group"}},
	})
	require.Equal(t, "muted", r.Code, r.Message.Plain())
	require.Contains(t, r.Message.Plain(), "stands for the account bob")
	c, err := h.ledger.Case(t.Context(), r.Cases[0])
	require.NoError(t, err)
	require.Equal(t, "console:bob", c.Member)
}

func TestMention_TemplateMakesOnlyAccountsThatExist(t *testing.T) {
	h := newHouse(t)
	require.Equal(t, "status", h.say("mia", "/status <@zed>").Code)
	for _, line := range []string{"/status <@zedd>", "/status <@aVeryLongIdOfAMemberThatMakesNoAccountAtAll>"} {
		require.Equal(t, "account_not_linked", h.say("mia", line).Code, line)
	}
	require.Equal(t, "linked", h.say("ada", "/link <@zed> alice").Code)
	require.Contains(t, h.say("mia", "/status <@zed>").Message.Plain(), "alice · groups", "a link goes before the template")
}
