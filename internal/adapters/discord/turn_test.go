package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
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
				time.Sleep(4 * time.Second)
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
				time.Sleep(5 * time.Second)
				return []chat.Suggestion{{Value: "x", Label: "x"}}
			}
			w := b.deliver(b.typing("al"))
			require.JSONEq(t, `{"type":8,"data":{"choices":[]}}`, w.Body.String())
			require.Equal(t, offerTime, time.Since(began))
		})
	})
}

func TestRun_BoundsWhatIsServedAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		release := make(chan struct{})
		b.core.handle = func(ctx context.Context, _ chat.Invocation, respond func(context.Context, chat.Reply)) {
			<-release
			respond(ctx, said("Done."))
		}
		var all sync.WaitGroup
		for range maxWork {
			o := b.muting()
			all.Go(func() { b.deliver(o) })
		}
		synctest.Wait()
		kind, data := answered(t, b.deliver(b.muting()))
		require.Equal(t, 4, kind)
		require.Contains(t, data["content"], "Too much is asked at once")
		all.Wait()
		close(release)
		synctest.Wait()
		require.Len(t, b.core.invocations(), maxWork)
		require.Equal(t, map[string]int{"command ok": maxWork, "command busy": 1}, b.meter.counts())
	})
}

func TestRun_WaitsForWhatIsServed(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.core.handle = func(ctx context.Context, _ chat.Invocation, respond func(context.Context, chat.Reply)) {
			<-ctx.Done()
			time.Sleep(3 * time.Second)
			respond(ctx, said("Done, while it was ending."))
		}
		b.deliver(b.muting())
		began := time.Now()
		require.NoError(t, b.end())
		require.Equal(t, 3*time.Second, time.Since(began))
		require.Equal(t, []string{"PATCH"}, methods(b.routes()))
	})
}

func TestRun_SurvivesAPanic(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.core.handle = func(context.Context, chat.Invocation, func(context.Context, chat.Reply)) { panic("a bug") }
		kind, data := answered(t, b.deliver(b.muting()))
		require.Equal(t, 4, kind)
		require.Contains(t, data["content"], "Nothing answered")
		synctest.Wait()
		require.Equal(t, 1, b.meter.counts()["command panic"])
		b.core.handle = nil
		_, data = answered(t, b.deliver(b.muting()))
		require.Equal(t, "Done.", data["content"])
	})
}

func TestRun_ACoreThatSaysNothing(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.core.handle = func(context.Context, chat.Invocation, func(context.Context, chat.Reply)) {}
		kind, data := answered(t, b.deliver(b.muting()))
		require.Equal(t, 4, kind)
		require.Contains(t, data["content"], "Nothing answered")
	})
}

func TestHandler_AClientThatHangsUpGetsTheAnswerAnotherWay(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.after(100*time.Millisecond, said("Done."))
		ctx, hangUp := context.WithCancelCause(t.Context())
		hangUp(errors.New("gone"))
		body := `{"type":2,"id":"5","application_id":"1100","token":"t","guild_id":"1200","channel_id":"1300",` +
			`"member":{"roles":[],"user":{"id":"7700","username":"mia"}},"data":{"name":"mute","type":1}}`
		r := b.signed([]byte(body), time.Now()).WithContext(ctx)
		w := httptest.NewRecorder()
		b.d.Handler().ServeHTTP(w, r)
		time.Sleep(time.Minute)
		require.Equal(t, []string{"PATCH"}, methods(b.routes()))
	})
}

func TestRun_TheTokenIsInNoLog(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.script(func(string) (int, string) { return http.StatusInternalServerError, "<html>" })
		b.after(time.Second, said("Done."))
		b.deliver(b.muting())
		time.Sleep(5 * time.Minute)
		require.NotEmpty(t, b.logs.All())
		for _, l := range b.logs.All() {
			text := fmt.Sprint(l.Message, l.ContextMap())
			require.NotContains(t, text, "reply-5001")
			require.NotContains(t, text, testToken)
		}
	})
}
