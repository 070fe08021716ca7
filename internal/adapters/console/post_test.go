package console_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/adapters/adaptertest"
	"modbot/internal/adapters/console"
	"modbot/internal/chat"
)

// oneLiner makes a post of one line.
func oneLiner(seq int64, text string) chat.Post {
	return chat.Post{FirstSeq: seq, LastSeq: seq, Kind: "outcome", Outcome: "done", Message: chat.Text(text)}
}

func newConsole(t *testing.T, out *bytes.Buffer, asJSON bool) *console.Console {
	t.Helper()
	c, err := console.New(zap.NewNop(), console.Config{In: strings.NewReader(""), Out: out, JSON: asJSON, People: people()})
	require.NoError(t, err)
	return c
}

func TestPost_OneFaceShowsWhatTheOtherRendered(t *testing.T) {
	post := oneLiner(4, "Done · mute · alice")
	post.Message.Lines = append(post.Message.Lines, chat.Line{chat.Plain("second line")})
	want := map[bool]string{
		true:  `{"type":"post","first_seq":4,"last_seq":4,"kind":"outcome","cases":null,"outcome":"done","text":"Done · mute · alice\nsecond line"}` + "\n",
		false: pane + "Done · mute · alice\n" + pane + "second line\n",
	}
	for _, renders := range []bool{true, false} {
		for _, shows := range []bool{true, false} {
			t.Run(fmt.Sprintf("json=%v then json=%v", renders, shows), func(t *testing.T) {
				var out bytes.Buffer
				taken, body, err := newConsole(t, &out, renders).Render([]chat.Post{post, post})
				require.NoError(t, err)
				require.Equal(t, 1, taken, "a console never coalesces")
				require.Empty(t, out.String(), "rendering shows nothing")
				ref, err := newConsole(t, &out, shows).Send(t.Context(), body, chat.Delivery{FirstSeq: 4, LastSeq: 4})
				require.NoError(t, err)
				require.Equal(t, chat.MessageRef{Channel: "console", ID: "4"}, ref)
				require.Equal(t, want[shows], out.String())
			})
		}
	}
}

func TestPost_KeysThatDoNotApplyAreNull(t *testing.T) {
	_, body, err := newConsole(t, &bytes.Buffer{}, true).Render([]chat.Post{{FirstSeq: 9, LastSeq: 9, Kind: "drift", Cases: []int64{}}})
	require.NoError(t, err)
	require.JSONEq(t, `{"type":"post","first_seq":9,"last_seq":9,"kind":"drift","cases":null,"outcome":null,"text":""}`, string(body))
}

func TestPost_Repeats(t *testing.T) {
	d := chat.Delivery{FirstSeq: 4, LastSeq: 4, Nonce: "n4", Repeat: true}
	for name, c := range map[string]struct {
		json   bool
		before string // nonce of what was shown just before; "" = nothing
		d      chat.Delivery
		want   string
	}{
		"shown a moment ago":       {before: "n4", d: d, want: ""},
		"shown a moment ago, json": {json: true, before: "n4", d: d, want: ""},
		"another process":          {d: d, want: pane + "(possible repeat of #4) Done\n"},
		"something came between":   {before: "n5", d: d, want: pane + "(possible repeat of #4) Done\n"},
		"several entries": {
			d: chat.Delivery{FirstSeq: 4, LastSeq: 6, Nonce: "n4", Repeat: true}, want: pane + "(possible repeat of #4 to #6) Done\n",
		},
		"no nonce": {before: "-", d: chat.Delivery{FirstSeq: 4, LastSeq: 4, Repeat: true}, want: pane + "(possible repeat of #4) Done\n"},
		"another process, json": {
			json: true, d: d,
			want: `{"type":"post","first_seq":4,"last_seq":4,"kind":"outcome","cases":null,"outcome":"done","text":"(possible repeat of #4) Done"}` + "\n",
		},
		"not a repeat": {before: "n4", d: chat.Delivery{FirstSeq: 4, LastSeq: 4, Nonce: "n4"}, want: pane + "Done\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			con := newConsole(t, &out, c.json)
			_, body, err := con.Render([]chat.Post{oneLiner(4, "Done")})
			require.NoError(t, err)
			if c.before != "" {
				_, err := con.Send(t.Context(), body, chat.Delivery{FirstSeq: 4, LastSeq: 4, Nonce: strings.TrimPrefix(c.before, "-")})
				require.NoError(t, err)
				out.Reset()
			}
			_, err = con.Send(t.Context(), body, c.d)
			require.NoError(t, err)
			require.Equal(t, c.want, out.String())
		})
	}
}

func TestPost_StoredBytesAreNotBelieved(t *testing.T) {
	for name, body := range map[string]string{
		"not JSON":     "Done · mute",
		"another kind": `{"type":"reply","text":"x"}`,
		"two lines":    "{\"type\":\"post\",\n\"text\":\"x\"}",
		"nothing":      "",
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			_, err := newConsole(t, &out, true).Send(t.Context(), []byte(body), chat.Delivery{})
			var refused *adapters.SendError
			require.ErrorAs(t, err, &refused)
			require.True(t, refused.RefusesContent())
			require.Empty(t, out.String())
		})
	}
	t.Run("escapes put in later", func(t *testing.T) {
		var out bytes.Buffer
		_, err := newConsole(t, &out, false).Send(t.Context(), []byte(`{"type":"post","text":"a\u001b[2Jb\nc"}`), chat.Delivery{})
		require.NoError(t, err)
		require.Equal(t, pane+"a⟨U+001B⟩[2Jb\n"+pane+"c\n", out.String())
	})
}

func TestPost_FailedWriteIsNoDelivery(t *testing.T) {
	c, err := console.New(zap.NewNop(), console.Config{In: strings.NewReader(""), Out: &broken{}, People: people()})
	require.NoError(t, err)
	_, body, err := c.Render([]chat.Post{oneLiner(4, "Done")})
	require.NoError(t, err)
	_, err = c.Send(t.Context(), body, chat.Delivery{FirstSeq: 4, LastSeq: 4})
	var failed *adapters.SendError
	require.ErrorAs(t, err, &failed)
	require.False(t, failed.RefusesContent())
	require.Zero(t, failed.RetryAfter())
}

// A post of a line comes after the answer to it, but never waits for long.
func TestPost_LetsTheAnswerGoFirst(t *testing.T) {
	for name, c := range map[string]struct {
		answerAfter time.Duration
		want        string
	}{
		"the answer is near": {console.Politeness / 2, "answer post"},
		"the answer is far":  {console.Politeness * 2, "post answer"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				con, err := console.New(zap.NewNop(), console.Config{In: strings.NewReader("mutes\n"), Out: &out, JSON: true, People: people()})
				require.NoError(t, err)
				_, body, err := con.Render([]chat.Post{oneLiner(4, "post")})
				require.NoError(t, err)
				sent := make(chan error, 1)
				core := adaptertest.NewCore(adaptertest.NewTrace())
				core.Answer = func(ctx context.Context, _ chat.Invocation, _ func(chat.Reply)) chat.Reply {
					go func() {
						_, err := con.Send(ctx, body, chat.Delivery{FirstSeq: 4, LastSeq: 4})
						sent <- err
					}()
					<-time.After(c.answerAfter)
					return chat.Reply{State: chat.StateInfo, Message: chat.Text("answer")}
				}
				require.NoError(t, con.Run(t.Context(), core))
				require.NoError(t, <-sent)
				order := strings.Fields(c.want)
				require.Less(t, strings.Index(out.String(), order[0]), strings.Index(out.String(), order[1]), out.String())
			})
		})
	}
}

func TestPost_WaitEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		con, err := console.New(zap.NewNop(), console.Config{In: strings.NewReader("mutes\n"), Out: &out, JSON: true, People: people()})
		require.NoError(t, err)
		_, body, err := con.Render([]chat.Post{oneLiner(4, "post")})
		require.NoError(t, err)
		core := adaptertest.NewCore(adaptertest.NewTrace())
		core.Answer = func(ctx context.Context, _ chat.Invocation, _ func(chat.Reply)) chat.Reply {
			ctx, cancel := context.WithTimeout(ctx, console.Politeness/4)
			defer cancel()
			_, err := con.Send(ctx, body, chat.Delivery{})
			return chat.Reply{State: chat.StateInfo, Message: chat.Text(fmt.Sprint(errors.Is(err, context.DeadlineExceeded)))}
		}
		require.NoError(t, con.Run(t.Context(), core))
		require.Contains(t, out.String(), `"text":"true"`)
		require.NotContains(t, out.String(), "post\"")
	})
}
