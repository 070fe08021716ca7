package slack

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

func TestAnswer_KnownInTimeIsTheAcknowledgement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.start(after(700*time.Millisecond, "Done and well."))
		w, took := b.command()
		require.Equal(t, 700*time.Millisecond, took)
		require.Equal(t, http.StatusOK, w.Code)
		require.Contains(t, w.Body.String(), "Done and well.")
		require.Contains(t, w.Body.String(), `"response_type":"ephemeral"`)
		time.Sleep(time.Hour)
		b.stop(t)
		require.Empty(t, b.slack.of(methodAnswerURL))
		require.Empty(t, b.slack.of(methodPost))
		require.Equal(t, 1, b.meter.count("command ok"))
	})
}

func TestAnswer_LaterIsOnePost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.start(after(1500*time.Millisecond, "Done and well."))
		began := time.Now()
		w, took := b.command()
		require.Equal(t, ackWithin, took)
		require.Empty(t, w.Body.String())
		time.Sleep(time.Minute)
		b.stop(t)
		posts := b.slack.of(methodAnswerURL)
		require.Len(t, posts, 1)
		require.Equal(t, 1500*time.Millisecond, posts[0].at.Sub(began))
		require.Equal(t, "Done and well.", posts[0].text())
		require.Equal(t, "ephemeral", posts[0].body["response_type"])
		require.Equal(t, false, posts[0].body["replace_original"])
	})
}

func TestAnswer_WorkingAfterTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.start(after(9*time.Second, "Done and well."))
		began := time.Now()
		_, took := b.command()
		require.Equal(t, ackWithin, took)
		time.Sleep(time.Minute)
		b.stop(t)
		posts := b.slack.of(methodAnswerURL)
		require.Len(t, posts, 2)
		require.Equal(t, workingAfter, posts[0].at.Sub(began))
		require.Equal(t, "Working…", posts[0].text())
		require.Equal(t, 9*time.Second, posts[1].at.Sub(began))
		require.Equal(t, "Done and well.", posts[1].text())
	})
}

// What was said first is shown first, also when Slack is slow to take it.
func TestAnswer_KeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var shown []string
		b.slack.on(methodAnswerURL, func(c called) replied {
			if c.text() == "Working…" {
				time.Sleep(3 * time.Second)
			}
			shown = append(shown, c.text())
			return usual(c)
		})
		b.start(after(2100*time.Millisecond, "Done and well."))
		_, _ = b.command()
		time.Sleep(time.Minute)
		b.stop(t)
		require.Equal(t, []string{"Working…", "Done and well."}, shown)
	})
}

// settling answers "unknown" at once, and hands out how to settle it.
func settling(settle chan<- func(chat.Reply)) fakeCore {
	return fakeCore{handle: func(ctx context.Context, _ chat.Invocation, respond func(context.Context, chat.Reply)) {
		respond(ctx, chat.Reply{State: chat.StateUnknown, Ref: "REF1", Message: chat.Text("Unknown, checking.")})
		settle <- func(r chat.Reply) { respond(context.WithoutCancel(ctx), r) }
	}}
}

func TestAnswer_SettledLater(t *testing.T) {
	for name, c := range map[string]struct {
		later  time.Duration
		direct bool
	}{
		"at once":            {0, false},
		"in time":            {28 * time.Minute, false},
		"after half an hour": {30 * time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				settle := make(chan func(chat.Reply), 1)
				b.start(settling(settle))
				w, _ := b.command()
				require.Contains(t, w.Body.String(), "Unknown, checking.")
				require.Contains(t, w.Body.String(), "ref REF1")
				time.Sleep(c.later)
				(<-settle)(said("Done after all."))
				b.stop(t)
				urls, direct := b.slack.of(methodAnswerURL), b.slack.of(methodPost)
				if c.direct {
					require.Empty(t, urls)
					require.Len(t, direct, 1)
					require.Equal(t, "D1", direct[0].args.Get("channel"))
					require.Equal(t, "Done after all.", direct[0].text())
					require.Equal(t, "U1", b.slack.of(methodDirect)[0].args.Get("users"))
					return
				}
				require.Empty(t, direct)
				require.Len(t, urls, 1)
				require.Equal(t, "Done after all.", urls[0].text())
			})
		})
	}
}

// After Run's end an answer still goes out, and nothing hangs.
func TestAnswer_AfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		settle := make(chan func(chat.Reply), 1)
		b.start(settling(settle))
		_, _ = b.command()
		b.stop(t)
		(<-settle)(said("Done after all."))
		require.Len(t, b.slack.of(methodAnswerURL), 1)
	})
}

func TestAnswer_FiveUses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		settle := make(chan func(chat.Reply), 1)
		b.start(settling(settle))
		_, _ = b.command()
		later := <-settle
		for range 7 {
			later(said("again"))
		}
		b.stop(t)
		require.Len(t, b.slack.of(methodAnswerURL), maxUses)
		require.Len(t, b.slack.of(methodPost), 2)
	})
}

func TestAnswer_RefusedURL(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(called) replied
		uses   int
		direct int
	}{
		"used up":       {func(called) replied { return replied{status: 404, body: "used_url"} }, 1, 1},
		"broken":        {func(called) replied { return replied{status: 500} }, 1, 1},
		"unreachable":   {func(called) replied { return replied{err: errDown} }, 1, 1},
		"throttled":     {throttledOnce("1"), 2, 0},
		"throttled too": {throttledOnce("60"), 1, 1},
		"no header":     {throttledOnce(""), 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				b.slack.on(methodAnswerURL, c.answer)
				b.start(after(time.Second, "Done and well."))
				_, _ = b.command()
				time.Sleep(time.Minute)
				b.stop(t)
				require.Len(t, b.slack.of(methodAnswerURL), c.uses)
				require.Len(t, b.slack.of(methodPost), c.direct)
			})
		})
	}
}

// throttledOnce asks to wait, the first time.
func throttledOnce(wait string) func(called) replied {
	asked := false
	return func(c called) replied {
		if asked {
			return usual(c)
		}
		asked = true
		h := http.Header{}
		if wait != "" {
			h.Set("Retry-After", wait)
		}
		return replied{status: http.StatusTooManyRequests, header: h}
	}
}

// Answers are for one person. They go to Slack and to nobody else.
func TestAnswer_OnlyToSlack(t *testing.T) {
	for _, address := range []string{
		"http://hooks.slack.com/commands/1", "https://slack.com.example.org/1", "https://example.org/hooks.slack.com",
		"https://hooks.slack.com@example.org/1", "ftp://hooks.slack.com/1", "//hooks.slack.com/1", "nonsense", "https://slack.com:1@evil/1",
	} {
		t.Run(address, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				b.start(after(time.Second, "Done and well."))
				_, _ = b.command("response_url", address)
				time.Sleep(time.Minute)
				b.stop(t)
				require.Empty(t, b.slack.of(methodAnswerURL))
				require.Len(t, b.slack.of(methodPost), 1, "it goes directly")
				for _, c := range b.slack.calls {
					require.NotEqual(t, "1", c.method)
				}
			})
		})
	}
}

// Whatever the Core does, the actor hears something, and Run goes on.
func TestAnswer_CoreLeavesItOpen(t *testing.T) {
	for name, handle := range map[string]func(context.Context, chat.Invocation, func(context.Context, chat.Reply)){
		"silence": func(context.Context, chat.Invocation, func(context.Context, chat.Reply)) {},
		"panic":   func(context.Context, chat.Invocation, func(context.Context, chat.Reply)) { panic("oh") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				b.start(fakeCore{handle: handle})
				for range 2 {
					w, _ := b.command()
					require.Contains(t, w.Body.String(), "Nothing answered that.")
				}
				b.stop(t)
			})
		})
	}
}

// An answer that the acknowledgement could not carry is posted.
func TestAnswer_LostAcknowledgement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.start(after(0, "Done and well."))
		b.Handler().ServeHTTP(broken{header: http.Header{}}, request("/slack/commands", commandFields("response_url", answerURL).Encode()))
		time.Sleep(time.Second)
		b.stop(t)
		require.Len(t, b.slack.of(methodAnswerURL), 1)
	})
}

// broken is a connection that is gone.
type broken struct{ header http.Header }

func (b broken) Header() http.Header     { return b.header }
func (broken) WriteHeader(int)           {}
func (broken) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestAnswer_RepeatedDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		handled := 0
		b.start(fakeCore{handle: func(ctx context.Context, _ chat.Invocation, respond func(context.Context, chat.Reply)) {
			handled++
			respond(ctx, said("Done and well."))
		}})
		first, _ := b.command("trigger_id", "same")
		require.Contains(t, first.Body.String(), "Done and well.")
		for range 3 {
			time.Sleep(time.Second)
			again, took := b.command("trigger_id", "same")
			require.Equal(t, http.StatusOK, again.Code)
			require.Empty(t, again.Body.String())
			require.Zero(t, took)
		}
		b.stop(t)
		require.Equal(t, 1, handled)
		posts := b.slack.of(methodAnswerURL)
		require.Len(t, posts, 1, "the first acknowledgement may not have arrived")
		require.Equal(t, "Done and well.", posts[0].text())
		require.Equal(t, 3, b.meter.count("command duplicate"))
	})
}

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

func TestLine(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct{ command, text, want string }{
		{"/mod", "mute alice 2h", "mute alice 2h"},
		{"/mod", "", ""},
		{"/modmute", "alice 2h", "mute alice 2h"},
		{"/modmute", "", "mute"},
		{"/mute", "alice 2h", "mute alice 2h"},
		{"/unmute", "alice", "unmute alice"},
		{"/mod", "mute <http://bob.io|bob.io> 2h a &lt;!channel&gt; &amp;amp;", "mute bob.io 2h a <!channel> &amp;"},
		{"/mod", "mute <@U2|bob> 2h", "mute <@U2|bob> 2h"},
	} {
		require.Equal(t, c.want, b.line(delivery{command: c.command, text: c.text}))
	}
}

func TestRun_WaitsForWhatWasBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.start(fakeCore{handle: func(ctx context.Context, _ chat.Invocation, respond func(context.Context, chat.Reply)) {
			<-ctx.Done()
			time.Sleep(5 * time.Second)
			respond(ctx, said("Done at last."))
		}})
		_, _ = b.command()
		began := time.Now()
		b.stop(t)
		require.Equal(t, 5*time.Second, time.Since(began))
		require.Equal(t, "Done at last.", b.slack.of(methodAnswerURL)[0].text())
		w, _ := b.command()
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
	})
}

func TestRun_DoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		release := make(chan struct{})
		b.start(fakeCore{handle: func(context.Context, chat.Invocation, func(context.Context, chat.Reply)) { <-release }})
		_, _ = b.command()
		began := time.Now()
		b.stop(t)
		require.Equal(t, adapters.DrainTime, time.Since(began))
		close(release)
		synctest.Wait()
		time.Sleep(time.Minute)
	})
}

func TestRun_Again(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		for range 2 {
			b.start(after(0, "Done and well."))
			require.Error(t, b.Run(t.Context(), fakeCore{}), "once at a time")
			w, _ := b.command()
			require.Contains(t, w.Body.String(), "Done and well.")
			b.stop(t)
		}
	})
}

func TestRun_TooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		release := make(chan struct{})
		b.start(fakeCore{handle: func(context.Context, chat.Invocation, func(context.Context, chat.Reply)) { <-release }})
		for range maxInFlight {
			go b.command()
			synctest.Wait()
		}
		w, took := b.command()
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Zero(t, took)
		require.Equal(t, 1, b.meter.count("command busy"))
		close(release)
		b.stop(t)
	})
}
