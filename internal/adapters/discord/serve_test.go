package discord

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
)

func TestServe_OpensForms(t *testing.T) {
	form := chat.Form{Verb: "mute", Title: "Mute", Submit: "Mute", Fields: []chat.FormField{
		{Name: "account", Label: "account", Value: "alice", Required: true}, {Name: "term", Label: "term", Required: true},
	}}
	var asked chat.Invocation
	open := func(_ context.Context, inv chat.Invocation) (chat.Form, *chat.Reply) {
		asked = inv
		return form, nil
	}
	for name, c := range map[string]struct {
		make func(b *bench) object
		want func(inv *chat.Invocation)
	}{
		"from the menu of a member": {func(b *bench) object {
			return b.interaction(2, object{"name": "Mute…", "type": 2, "target_id": "4242"}, nil)
		}, func(inv *chat.Invocation) {
			inv.Verb, inv.Options = "mute", []chat.Option{{Name: "account", Value: "<@4242>"}}
		}},
		"from the menu of a message, for its author": {func(b *bench) object {
			return b.interaction(2, object{"name": "Mute author…", "type": 3, "target_id": "99", "resolved": object{
				"messages": object{"99": object{"author": object{"id": "4343", "username": "x"}, "components": []object{{"type": 1234}}}},
			}}, nil)
		}, func(inv *chat.Invocation) {
			inv.Verb, inv.Options = "mute", []chat.Option{{Name: "account", Value: "<@4343>"}}
		}},
		"from a button, with its case": {func(b *bench) object {
			return b.click(chat.Button{Label: "Add note", Opens: "case", Case: 41, Origin: "o", Entry: "e"}, 0)
		}, func(inv *chat.Invocation) {
			inv.Verb, inv.Options = "case", []chat.Option{{Name: "case", Value: "41"}}
			inv.Click = &chat.Click{Origin: "o", Entry: "e", Case: 41}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				b.core.open = open
				o := c.make(b)
				kind, data := answered(t, b.deliver(o))
				require.Equal(t, 9, kind)
				require.Equal(t, "f1|mute", data["custom_id"])
				require.Len(t, data["components"], 2)
				want := chat.Invocation{
					Key: o["id"].(string), Platform: chat.Discord, Workspace: testGuild, Channel: chat.Channel{ID: testChannel, Name: "mods"},
					Actor: chat.Actor{ID: testMember, Name: "Mia"}, Received: time.Now(),
				}
				c.want(&want)
				require.Equal(t, want, asked)
				require.Empty(t, b.core.invocations())
			})
		})
	}
	t.Run("not for those who may not", func(t *testing.T) {
		bubble(t, func(t *testing.T, b *bench) {
			b.core.open = func(context.Context, chat.Invocation) (chat.Form, *chat.Reply) {
				return chat.Form{}, new(said("You have no role here."))
			}
			kind, data := answered(t, b.deliver(b.interaction(2, object{"name": "Mute…", "type": 2, "target_id": "4242"}, nil)))
			require.Equal(t, 4, kind)
			require.Equal(t, "You have no role here.", data["content"])
		})
	})
	t.Run("not when they come too late", func(t *testing.T) {
		bubble(t, func(t *testing.T, b *bench) {
			began := time.Now()
			b.core.open = func(context.Context, chat.Invocation) (chat.Form, *chat.Reply) {
				b.pass(4 * time.Second)
				return form, nil
			}
			kind, data := answered(t, b.deliver(b.interaction(2, object{"name": "Mute…", "type": 2, "target_id": "4242"}, nil)))
			require.Equal(t, 4, kind)
			require.Contains(t, data["content"], "could not be shown in time")
			require.Equal(t, openTime, time.Since(began))
		})
	})
}

func TestServe_TakesFormsThatWereFilledIn(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		row := func(name, value string) object {
			return object{"type": 1, "components": []object{{"type": 4, "custom_id": name, "value": value}}}
		}
		kind, _ := answered(t, b.deliver(b.interaction(5, object{"custom_id": "f1|mute", "components": []object{
			row("account", "alice"), row("term", "2h"), row("reason", ""),
		}}, object{"message": object{"flags": 64}})))
		require.Equal(t, 4, kind, "a form has an answer of its own")
		inv := b.core.invocations()[0]
		require.Equal(t, "mute", inv.Verb)
		require.Equal(t, []chat.Option{{Name: "account", Value: "alice"}, {Name: "term", Value: "2h"}}, inv.Options)
	})
}

func TestServe_Suggests(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.core.suggest = func(_ context.Context, inv chat.Invocation, option, typed string) []chat.Suggestion {
			require.Equal(t, "mute", inv.Verb)
			require.Equal(t, "account", option)
			out := []chat.Suggestion{{Value: typed + "ice", Label: "alice"}, {Value: strings.Repeat("x", 101)}, {}}
			for i := range 40 {
				out = append(out, chat.Suggestion{Value: fmt.Sprint(i), Label: strings.Repeat("消", 120)})
			}
			return out
		}
		kind, data := answered(t, b.deliver(b.typing("al")))
		require.Equal(t, 8, kind)
		choices := data["choices"].([]any)
		require.Len(t, choices, 25)
		require.Equal(t, object{"name": "alice", "value": "alice"}, choices[0])
		require.Len(t, []rune(choices[1].(object)["name"].(string)), 100)
	})
	t.Run("nothing, too late", func(t *testing.T) {
		bubble(t, func(t *testing.T, b *bench) {
			began := time.Now()
			b.core.suggest = func(context.Context, chat.Invocation, string, string) []chat.Suggestion {
				b.pass(5 * time.Second)
				return []chat.Suggestion{{Value: "x", Label: "x"}}
			}
			w := b.deliver(b.typing("al"))
			require.JSONEq(t, `{"type":8,"data":{"choices":[]}}`, w.Body.String())
			require.Equal(t, offerTime, time.Since(began))
		})
	})
}
