package slacksim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/slack/slacksim"
)

// mia types in the channel.
func mia() slacksim.From { return slacksim.From{User: "U1", UserName: "mia", Channel: "C1"} }

// verified checks a delivery with the library's verifier.
func verified(t *testing.T, r request, secret string) error {
	t.Helper()
	v, err := slack.NewSecretsVerifier(r.header, secret)
	require.NoError(t, err)
	_, err = v.Write(r.body)
	require.NoError(t, err)
	return v.Ensure()
}

func asRequest(t *testing.T, r request) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(r.body))
	require.NoError(t, err)
	req.Header = r.header
	return req
}

func interaction(t *testing.T, r request) slack.InteractionCallback {
	t.Helper()
	require.Equal(t, "/slack/interactions", r.path)
	cb, err := slack.InteractionCallbackParse(asRequest(t, r))
	require.NoError(t, err)
	return cb
}

// TestSign is the vector that Slack publishes (docs.slack.dev, verifying
// requests). gitleaks:allow
func TestSign(t *testing.T) {
	body := "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	h := slacksim.Sign("8f742231b10e8888abcd99yyyzzz85a5", time.Unix(1531420618, 0), []byte(body))
	require.Equal(t, "1531420618", h.Get("X-Slack-Request-Timestamp"))
	require.Equal(t, "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503", h.Get("X-Slack-Signature"))
}

func TestCommand(t *testing.T) {
	h := newHouse(t, func(c *slacksim.Config) { c.EnterpriseID = "E1" })
	a := newAdapter(t, answerWith(`{"response_type":"ephemeral","text":"Done &amp; dusted"}`))
	d, err := h.Command(t.Context(), a.URL, slacksim.Command{From: mia(), Command: "/mod", Text: "mute alice 2h"})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, d.Status)
	got := <-a.got
	require.Equal(t, "/slack/commands", got.path)
	require.NoError(t, verified(t, got, "signing-secret"))
	require.Error(t, verified(t, got, "another"))
	cmd, err := slack.SlashCommandParse(asRequest(t, got))
	require.NoError(t, err)
	require.Equal(t, slack.SlashCommand{
		Token: cmd.Token, TeamID: "T1", TeamDomain: "example", EnterpriseID: "E1", EnterpriseName: "example", ChannelID: "C1", ChannelName: "c1",
		UserID: "U1", UserName: "mia", Command: "/mod", Text: "mute alice 2h", ResponseURL: d.ResponseURL, TriggerID: d.ID, APIAppID: "A1",
	}, cmd)
	require.Equal(t, []string{"Done & dusted"}, texts(h.Seen("U1")))
	require.Equal(t, "answer", h.Seen("U1")[0].Via)
	require.Equal(t, d.ID, h.Seen("U1")[0].Delivery)
}

func TestCommand_Answers(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		seen   []string
		public bool
	}{
		"nothing":          {"", nil, false},
		"plain text":       {"hello", []string{"hello"}, false},
		"for everybody":    {`{"response_type":"in_channel","text":"hello"}`, []string{"hello"}, true},
		"what is too long": {`{"text":"a","blocks":[{"type":"section","text":{"type":"plain_text","text":""}}]}`, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, nil)
			a := newAdapter(t, answerWith(c.answer))
			_, err := h.Command(t.Context(), a.URL, slacksim.Command{From: mia(), Command: "/mod"})
			require.NoError(t, err)
			require.Equal(t, c.seen, texts(h.Messages("C1")))
			if c.seen != nil {
				require.Equal(t, c.public, h.Messages("C1")[0].User == "")
			}
		})
	}
}

func TestWire(t *testing.T) {
	h := newHouse(t, nil)
	a := newAdapter(t, nil)
	from := mia()
	from.Wire = slacksim.Wire{Secret: "stolen", SignedAt: h.clock.Now().Add(-4 * time.Minute), Change: func(r *http.Request) { r.Header.Set("X-Test", "1") }}
	_, err := h.Command(t.Context(), a.URL+"/elsewhere", slacksim.Command{From: from, Command: "/mod"})
	require.NoError(t, err)
	got := <-a.got
	require.Equal(t, "/elsewhere", got.path)
	require.Equal(t, "1", got.header.Get("X-Test"))
	require.NoError(t, verified(t, got, "stolen"))
	require.Error(t, verified(t, got, "signing-secret"))
	require.Equal(t, strconv.FormatInt(from.Wire.SignedAt.Unix(), 10), got.header.Get("X-Slack-Request-Timestamp"))
}

func TestRedeliverAndReplay(t *testing.T) {
	h := newHouse(t, nil)
	a := newAdapter(t, nil)
	d, err := h.Command(t.Context(), a.URL, slacksim.Command{From: mia(), Command: "/mod"})
	require.NoError(t, err)
	first := <-a.got
	h.clock.Advance(2 * time.Second)
	_, err = h.Redeliver(t.Context(), a.URL, d)
	require.NoError(t, err)
	second := <-a.got
	require.Equal(t, first.body, second.body)
	require.Equal(t, "1", second.header.Get("X-Slack-Retry-Num"))
	require.NotEqual(t, first.header.Get("X-Slack-Signature"), second.header.Get("X-Slack-Signature"))
	require.NoError(t, verified(t, second, "signing-secret"))
	_, err = h.Replay(t.Context(), a.URL, d)
	require.NoError(t, err)
	third := <-a.got
	require.Equal(t, first.header.Get("X-Slack-Signature"), third.header.Get("X-Slack-Signature"))

	from := mia()
	from.Trigger = d.ID
	again, err := h.Command(t.Context(), a.URL, slacksim.Command{From: from, Command: "/mod"})
	require.NoError(t, err)
	require.Equal(t, d.ID, again.ID)
}

func TestUnanswered(t *testing.T) {
	h := newHouse(t, func(c *slacksim.Config) { c.AnswerTime = 50 * time.Millisecond })
	hang := make(chan struct{})
	a := newAdapter(t, func(http.ResponseWriter, *http.Request) { <-hang })
	t.Cleanup(func() { close(hang) }) // before the adapter is closed
	d, err := h.Command(t.Context(), a.URL, slacksim.Command{From: mia(), Command: "/mod"})
	require.ErrorIs(t, err, slacksim.ErrUnanswered)
	_, err = h.Wait(waiting(t), func(r slacksim.Record) bool { return r.Kind == slacksim.KindFailed && r.Delivery == d.ID })
	require.NoError(t, err)
	require.Empty(t, h.Seen("U1"))
}

// send posts to a response_url.
func send(t *testing.T, to, body string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(raw)
}

func TestResponseURL_OfACommandNeverReplaces(t *testing.T) {
	h := newHouse(t, nil)
	a := newAdapter(t, nil)
	d, err := h.Command(t.Context(), a.URL, slacksim.Command{From: mia(), Command: "/mod"})
	require.NoError(t, err)
	for i := range 5 {
		status, answer := send(t, d.ResponseURL, `{"text":"`+strconv.Itoa(i)+`","replace_original":true}`)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "ok", answer)
	}
	require.Equal(t, []string{"0", "1", "2", "3", "4"}, texts(h.Seen("U1")), "replace_original is ignored")
	status, answer := send(t, d.ResponseURL, `{"text":"six"}`)
	require.Equal(t, http.StatusNotFound, status)
	require.Contains(t, answer, "used_url")
	require.Len(t, h.Seen("U1"), 5)
}

func TestResponseURL_Refuses(t *testing.T) {
	h := newHouse(t, nil)
	a := newAdapter(t, nil)
	d, err := h.Command(t.Context(), a.URL, slacksim.Command{From: mia(), Command: "/mod"})
	require.NoError(t, err)
	for body, want := range map[string]string{`{`: "invalid_payload", `{"text":" "}`: "no_text"} {
		status, answer := send(t, d.ResponseURL, body)
		require.Equal(t, http.StatusBadRequest, status)
		require.Contains(t, answer, want)
	}
	h.Fail(slacksim.ResponseURL, slacksim.Fault{Status: http.StatusInternalServerError, Apply: true})
	status, _ := send(t, d.ResponseURL, `{"text":"done all the same"}`)
	require.Equal(t, http.StatusInternalServerError, status)
	require.Equal(t, []string{"done all the same"}, texts(h.Seen("U1")))
	h.clock.Advance(30*time.Minute + time.Second)
	status, answer := send(t, d.ResponseURL, `{"text":"late"}`)
	require.Equal(t, http.StatusNotFound, status)
	require.Contains(t, answer, "expired_url")
	status, _ = send(t, h.URL()+"/respond/unknown", `{"text":"x"}`)
	require.Equal(t, http.StatusNotFound, status)
	require.Len(t, h.Seen("U1"), 1)
}

func TestClick(t *testing.T) {
	h := newHouse(t, nil)
	buttons := `[{"type":"actions","elements":[{"type":"button","action_id":"keep","value":"v1","text":{"type":"plain_text","text":"Keep"}}]}]`
	a := newAdapter(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slack/commands" {
			_, _ = io.WriteString(w, `{"text":"Sure?","blocks":`+buttons+`}`)
		} else {
			_, _ = io.WriteString(w, `{"text":"nobody reads this"}`)
		}
	})
	_, err := h.Command(t.Context(), a.URL, slacksim.Command{From: mia(), Command: "/mod"})
	require.NoError(t, err)
	<-a.got
	question := h.Seen("U1")[0]
	require.Len(t, question.Buttons(), 1)
	d, err := h.Click(t.Context(), a.URL, slacksim.Click{From: mia(), Message: question, Button: question.Buttons()[0]})
	require.NoError(t, err)
	cb := interaction(t, <-a.got)
	require.Equal(t, slack.InteractionTypeBlockActions, cb.Type)
	require.True(t, cb.Container.IsEphemeral)
	require.Equal(t, question.TS, cb.Container.MessageTs)
	require.Equal(t, "U1", cb.User.ID)
	require.Equal(t, "T1", cb.Team.ID)
	require.Equal(t, "C1", cb.Channel.ID)
	require.Len(t, cb.ActionCallback.BlockActions, 1)
	require.Equal(t, "keep", cb.ActionCallback.BlockActions[0].ActionID)
	require.Equal(t, "v1", cb.ActionCallback.BlockActions[0].Value)
	require.Equal(t, d.ResponseURL, cb.ResponseURL)
	require.Len(t, h.Seen("U1"), 1, "what a click is answered is not read")

	status, _ := send(t, d.ResponseURL, `{"text":"Kept.","replace_original":true}`)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, []string{"Kept."}, texts(h.Seen("U1")))
	status, _ = send(t, d.ResponseURL, `{"text":"And more.","replace_original":false}`)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, []string{"Kept.", "And more."}, texts(h.Seen("U1")))
	status, _ = send(t, d.ResponseURL, `{"delete_original":true}`)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, []string{"And more."}, texts(h.Seen("U1")))
}

func TestClick_OnAPostOfAnOrganisation(t *testing.T) {
	h := newHouse(t, func(c *slacksim.Config) { c.EnterpriseID, c.OrgInstall = "E1", true })
	_, _, err := h.api.PostMessageContext(t.Context(), "C1", slack.MsgOptionText("post", false))
	require.NoError(t, err)
	a := newAdapter(t, nil)
	from := mia()
	from.NoTeam = true
	_, err = h.Click(t.Context(), a.URL, slacksim.Click{From: from, Message: h.Messages("C1")[0], Button: slacksim.Button{ActionID: "x", Value: "y", Label: "z"}})
	require.NoError(t, err)
	cb := interaction(t, <-a.got)
	require.Empty(t, cb.Team.ID)
	require.Equal(t, "T1", cb.User.TeamID)
	require.Equal(t, "E1", cb.Enterprise.ID)
	require.True(t, cb.IsEnterpriseInstall)
	require.Equal(t, "post", cb.Message.Text)
}

func TestShortcuts(t *testing.T) {
	h := newHouse(t, nil)
	a := newAdapter(t, nil)
	spam := h.Write("C1", "U7", "buy now")
	d, err := h.Shortcut(t.Context(), a.URL, slacksim.Shortcut{From: mia(), CallbackID: "mute_author", Message: spam})
	require.NoError(t, err)
	cb := interaction(t, <-a.got)
	require.Equal(t, slack.InteractionTypeMessageAction, cb.Type)
	require.Equal(t, "mute_author", cb.CallbackID)
	require.Equal(t, "U7", cb.Message.User)
	require.Equal(t, "buy now", cb.Message.Text)
	require.Equal(t, d.ResponseURL, cb.ResponseURL)
	require.NotEmpty(t, d.ResponseURL)

	d, err = h.Global(t.Context(), a.URL, slacksim.Global{From: mia(), CallbackID: "mute"})
	require.NoError(t, err)
	cb = interaction(t, <-a.got)
	require.Equal(t, slack.InteractionTypeShortcut, cb.Type)
	require.Equal(t, "mute", cb.CallbackID)
	require.Empty(t, d.ResponseURL, "global shortcuts have none")
	require.Empty(t, cb.ResponseURL)
}

func TestTyped(t *testing.T) {
	for typed, want := range map[string]string{
		"mute alice 2h":            "mute alice 2h",
		"mute bob.io 2h a&b <@U1>": "mute <http://bob.io|bob.io> 2h a&amp;b &lt;@U1&gt;",
		"a@b.io https://x.y?a&b":   "<mailto:a@b.io|a@b.io> <https://x.y?a&amp;b>",
	} {
		require.Equal(t, want, slacksim.Typed(typed))
	}
}

func TestShown(t *testing.T) {
	for name, c := range map[string]struct {
		message slacksim.Message
		text    string
		live    []string
	}{
		"escaped":            {slacksim.Message{Text: "&lt;!channel&gt; &amp;amp; a"}, "<!channel> &amp; a", nil},
		"a ping":             {slacksim.Message{Text: "hi <!channel> <@U1>"}, "hi <!channel> <@U1>", []string{"<!channel>", "<@U1>"}},
		"emphasis":           {slacksim.Message{Text: "*a* `b` :wave:", Mrkdwn: true}, "*a* `b` :wave:", []string{"*a*", "`b`", ":wave:"}},
		"emphasis off":       {slacksim.Message{Text: "*a* `b` :wave:"}, "*a* `b` :wave:", nil},
		"a date":             {slacksim.Message{Text: "until <!date^1^{date}|noon>"}, "until noon", nil},
		"a ping beside":      {slacksim.Message{Text: "<!here>", Blocks: blocksOf(`{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"a"}]}]}`)}, "a", []string{"<!here>"}},
		"rich text":          {slacksim.Message{Blocks: blocksOf(`{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"<!channel> *a*"},{"type":"broadcast","range":"here"}]}]}`)}, "<!channel> *a*<!here>", []string{"<!here>"}},
		"mrkdwn in a block":  {slacksim.Message{Blocks: blocksOf(`{"type":"section","text":{"type":"mrkdwn","text":"&lt;a <@U1>"}}`)}, "<a <@U1>", []string{"<@U1>"}},
		"plain in a block":   {slacksim.Message{Blocks: blocksOf(`{"type":"section","text":{"type":"plain_text","text":"&lt; *a*"}}`)}, "&lt; *a*", nil},
		"a date in a block":  {slacksim.Message{Blocks: blocksOf(`{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"date","timestamp":1,"format":"{date}","fallback":"noon"}]}]}`)}, "noon", nil},
		"somebody's context": {slacksim.Message{Blocks: blocksOf(`{"type":"context","elements":[{"type":"mrkdwn","text":"_x_"}]}`)}, "_x_", []string{"_x_"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, slacksim.Shown{Text: c.text, Live: c.live}, c.message.Shown())
		})
	}
}

func blocksOf(block string) json.RawMessage { return json.RawMessage("[" + block + "]") }

func TestFormsAreQueries(t *testing.T) {
	h := newHouse(t, nil)
	status, answer := send(t, h.APIURL()+"auth.test?"+url.Values{"token": {"xoxb-test"}}.Encode(), "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, answer, `"ok":true`)
}
