package discord

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"modbot/internal/adapters/discord/render"
	"modbot/internal/chat"
)

func zapString(key, value string) zapcore.Field { return zap.String(key, value) }

// bubble runs a test in virtual time, with an adapter that runs.
func bubble(t *testing.T, do func(t *testing.T, b *bench)) {
	t.Helper()
	bubbleWith(t, nil, do)
}

// bubbleWith is bubble with changes to the configuration.
func bubbleWith(t *testing.T, change func(*Config), do func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, change)
		b.run()
		synctest.Wait()
		do(t, b)
		require.NoError(t, b.end())
	})
}

// pass lets time pass, in the bubble.
func (b *bench) pass(d time.Duration) { time.Sleep(d) }

// after scripts the core to answer after a while.
func (b *bench) after(d time.Duration, r chat.Reply) {
	b.core.handle = func(ctx context.Context, _ chat.Invocation, respond func(context.Context, chat.Reply)) {
		time.Sleep(d)
		respond(ctx, r)
	}
}

func (b *bench) typing(text string) object {
	return b.interaction(4, object{"id": "1", "name": "mute", "type": 1, "options": []object{
		{"type": 3, "name": "account", "value": text, "focused": true},
	}}, nil)
}

func (b *bench) click(button chat.Button, flags int) object {
	id, ok := render.EncodeClick(button)
	require.True(b.t, ok)
	return b.interaction(3, object{"custom_id": id, "component_type": 2}, object{"message": object{"id": "1", "flags": flags}})
}

func TestTurn_AnswersInTimeAreTheResponse(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		began := time.Now()
		b.after(500*time.Millisecond, said("Done @everyone."))
		kind, data := answered(t, b.deliver(b.muting()))
		require.Equal(t, 4, kind)
		require.Equal(t, 500*time.Millisecond, time.Since(began))
		require.InDelta(t, 64, data["flags"], 0)
		require.Equal(t, []any{}, data["allowed_mentions"].(object)["parse"])
		synctest.Wait()
		require.Empty(t, b.routes())
		inv := b.core.invocations()[0]
		require.Equal(t, chat.Invocation{
			Key: "5001", Platform: chat.Discord, Workspace: testGuild, Channel: chat.Channel{ID: testChannel, Name: "mods"},
			Actor: chat.Actor{ID: testMember, Name: "Mia"}, Received: began, Verb: "mute",
			Options: []chat.Option{{Name: "account", Value: "alice"}, {Name: "term", Value: "2h"}},
		}, inv)
	})
}

func TestTurn_LateAnswersEditThePlaceholder(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		began := time.Now()
		b.after(10*time.Minute, said("Done."))
		w := b.deliver(b.muting())
		kind, data := answered(t, w)
		require.Equal(t, 5, kind)
		require.InDelta(t, 64, data["flags"], 0)
		require.Equal(t, answerTime, time.Since(began))
		require.True(t, w.Flushed, "an edit could overtake the response")
		time.Sleep(11 * time.Minute)
		require.Equal(t, []string{"PATCH /webhooks/1100/reply-5001/messages/@original"}, b.routes())
		require.Equal(t, "Done.", b.asked()[0].body["content"])
		require.Equal(t, []any{}, b.asked()[0].body["allowed_mentions"].(object)["parse"])
	})
}

func TestTurn_ADirectMessageWhereTheTokenIsOver(t *testing.T) {
	for name, c := range map[string]struct {
		takes time.Duration
		api   func(route string) (int, string)
		edits int
	}{
		"by our own clock": {tokenLife, nil, 0},
		"by what Discord says": {time.Minute, func(route string) (int, string) {
			if strings.HasPrefix(route, "PATCH") {
				return 404, `{"code":10015,"message":"Unknown Webhook"}`
			}
			return 200, ""
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, b *bench) {
				b.script(c.api)
				reply := said("Done.")
				reply.Message.Buttons = []chat.Button{{Label: "History", Choice: "history", Case: 1}}
				b.after(c.takes, reply)
				b.deliver(b.muting())
				time.Sleep(tokenLife + time.Minute)
				asked := b.asked()
				require.Len(t, asked, c.edits+2, "%v", b.routes())
				asked = asked[c.edits:]
				require.Equal(t, "POST /users/@me/channels", asked[0].route)
				require.Equal(t, testMember, asked[0].body["recipient_id"])
				require.Equal(t, "POST /channels/8800/messages", asked[1].route)
				require.Contains(t, asked[1].body["content"], "Done.\n")
				require.Empty(t, asked[1].body["components"], "buttons don't act in direct messages")
				require.Len(t, asked[1].body["nonce"], nonceChars)
			})
		})
	}
}

func TestTurn_AnEditThatOvertakesTheResponseIsTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		var edits atomic.Int32
		b.script(func(route string) (int, string) {
			if strings.HasPrefix(route, "PATCH") && edits.Add(1) <= 2 {
				return 404, `{"code":10015,"message":"Unknown Webhook"}`
			}
			return 200, ""
		})
		b.after(900*time.Millisecond, said("Done."))
		b.deliver(b.muting())
		time.Sleep(time.Minute)
		require.Equal(t, []string{"PATCH", "PATCH", "PATCH"}, methods(b.routes()))
	})
}

func methods(routes []string) []string {
	var out []string
	for _, r := range routes {
		method, _, _ := strings.Cut(r, " ")
		out = append(out, method)
	}
	return out
}

func TestTurn_ASettlementEditsTheAnswer(t *testing.T) {
	unknown := chat.Reply{State: chat.StateUnknown, Code: "unknown", Ref: "ref-1", Message: chat.Text("Unknown, checking.")}
	t.Run("while it runs", func(t *testing.T) {
		bubble(t, func(t *testing.T, b *bench) {
			b.core.handle = func(ctx context.Context, _ chat.Invocation, respond func(context.Context, chat.Reply)) {
				respond(ctx, unknown)
				time.AfterFunc(time.Minute, func() { respond(ctx, said("Done after all.")) })
				time.AfterFunc(2*time.Minute, func() { respond(ctx, unknown) })
			}
			kind, data := answered(t, b.deliver(b.muting()))
			require.Equal(t, 4, kind)
			require.Contains(t, data["content"], "Unknown, checking.")
			time.Sleep(3 * time.Minute)
			require.Equal(t, []string{"PATCH /webhooks/1100/reply-5001/messages/@original"}, b.routes(), "what is known is never taken back")
			require.Equal(t, "Done after all.", b.asked()[0].body["content"])
		})
	})
	t.Run("after the end", func(t *testing.T) {
		bubble(t, func(t *testing.T, b *bench) {
			later := make(chan func(context.Context, chat.Reply), 1)
			b.core.handle = func(ctx context.Context, _ chat.Invocation, respond func(context.Context, chat.Reply)) {
				respond(ctx, unknown)
				later <- respond
			}
			b.deliver(b.muting())
			require.NoError(t, b.end())
			canceled, cancel := context.WithCancel(t.Context())
			cancel()
			(<-later)(canceled, said("Done after all."))
			require.Equal(t, []string{"PATCH"}, methods(b.routes()))
		})
	})
}

func TestTurn_ClicksOnOurOwnAnswerEditIt(t *testing.T) {
	button := chat.Button{Label: "Extend", Choice: "extend", Case: 41, Origin: "example.org", Entry: "q83v"}
	const ephemeral = 64
	t.Run("in time", func(t *testing.T) {
		bubble(t, func(t *testing.T, b *bench) {
			kind, data := answered(t, b.deliver(b.click(button, ephemeral)))
			require.Equal(t, 7, kind)
			require.Equal(t, "Done.", data["content"])
			require.Empty(t, data["components"])
			require.Equal(t, button.Click(), *b.core.invocations()[0].Click)
		})
	})
	t.Run("late", func(t *testing.T) {
		bubble(t, func(t *testing.T, b *bench) {
			b.after(2*time.Second, said("Done."))
			kind, _ := answered(t, b.deliver(b.click(button, ephemeral)))
			require.Equal(t, 6, kind)
			time.Sleep(3 * time.Second)
			require.Equal(t, []string{"PATCH"}, methods(b.routes()))
		})
	})
	t.Run("but never an audit post", func(t *testing.T) {
		bubble(t, func(t *testing.T, b *bench) {
			kind, data := answered(t, b.deliver(b.click(button, 0)))
			require.Equal(t, 4, kind)
			require.InDelta(t, 64, data["flags"], 0)
			b.after(2*time.Second, said("Done."))
			kind, data = answered(t, b.deliver(b.click(button, 0)))
			require.Equal(t, 5, kind)
			require.InDelta(t, 64, data["flags"], 0)
		})
	})
}

func TestTurn_UnknownControlsAreRefused(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		for _, o := range []object{
			b.interaction(3, object{"custom_id": "something else"}, nil),
			b.interaction(3, object{"custom_id": ""}, nil),
			b.click(chat.Button{Label: "x", Opens: "destroy", Case: 1}, 0),
			b.interaction(5, object{"custom_id": "f1|destroy", "components": []any{}}, nil),
			b.interaction(5, object{"custom_id": "other", "components": []any{}}, nil),
		} {
			kind, data := answered(t, b.deliver(o))
			require.Equal(t, 4, kind)
			require.Contains(t, data["content"], "isn't one that modbot knows")
		}
		require.Empty(t, b.core.invocations())
		require.Equal(t, map[string]int{"click unknown": 3, "form unknown": 2}, b.meter.counts())
	})
}
