package slack

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

func onePost() []chat.Post {
	return []chat.Post{{FirstSeq: 7, LastSeq: 7, Kind: "outcome", Message: chat.Text("Done · mute · alice")}}
}

func TestAudit_Errors(t *testing.T) {
	after := func(seconds string) http.Header { return http.Header{"Retry-After": {seconds}} }
	for name, c := range map[string]struct {
		answer  func(called) replied
		wait    time.Duration
		content bool
		says    string
	}{
		"throttled":              {func(called) replied { return replied{status: 429, header: after("30")} }, 30 * time.Second, false, "wait 30s"},
		"throttled for a day":    {func(called) replied { return replied{status: 429, header: after("86400")} }, maxWait, false, "wait"},
		"throttled by nobody":    {func(called) replied { return replied{status: 429, body: "<html>"} }, 0, false, "wait 0s"},
		"throttled below zero":   {func(called) replied { return replied{status: 429, header: after("-5")} }, 0, false, "wait 0s"},
		"throttled by no number": {func(called) replied { return replied{status: 429, header: after("soon")} }, 0, false, ""},
		"ratelimited with 200":   {refusing("ratelimited"), 0, false, "wait 0s"},
		"invalid blocks":         {refusing("invalid_blocks"), 0, true, "invalid_blocks"},
		"too long":               {refusing("msg_too_long"), 0, true, "msg_too_long"},
		"too long blocks":        {refusing("msg_blocks_too_long"), 0, true, "msg_blocks_too_long"},
		"no channel":             {refusing("channel_not_found"), 0, false, "/invite it there"},
		"not invited":            {refusing("not_in_channel"), 0, false, "/invite it there"},
		"archived":               {refusing("is_archived"), 0, false, "the channel is archived"},
		"removed":                {refusing("account_inactive"), 0, false, "install the app again"},
		"an error of the future": {refusing("telepathy_required"), 0, false, "telepathy_required"},
		"an unavailable service": {func(called) replied { return replied{status: 503, body: "<html>"} }, 0, false, "status 503"},
		"HTML":                   {func(called) replied { return replied{status: 200, body: "<html>"} }, 0, false, "not JSON"},
		"nothing":                {func(called) replied { return replied{status: 200, body: "{}"} }, 0, false, "holds nothing"},
		"nobody":                 {func(called) replied { return replied{err: errDown} }, 0, false, "nobody answers"},
		"a very long error":      {refusing(string(make([]byte, 500))), 0, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.slack.on(methodPost, c.answer)
			_, body, err := b.Audit().Render(onePost())
			require.NoError(t, err)
			ref, err := b.Audit().Send(t.Context(), body, chat.Delivery{FirstSeq: 7, LastSeq: 7})
			send, ok := errors.AsType[*adapters.SendError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, c.wait, send.RetryAfter())
			require.Equal(t, c.content, send.RefusesContent())
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), testBotToken)
			require.LessOrEqual(t, len(err.Error()), 600)
			require.Equal(t, chat.MessageRef{}, ref)
			require.Len(t, b.slack.of(methodPost), 1, "who retries is somebody else")
		})
	}
}

func TestAudit_Send(t *testing.T) {
	b := newBench(t)
	_, body, err := b.Audit().Render(onePost())
	require.NoError(t, err)
	ref, err := b.Audit().Send(t.Context(), body, chat.Delivery{FirstSeq: 7, LastSeq: 7})
	require.NoError(t, err)
	require.Equal(t, chat.MessageRef{Channel: "C9", ID: "1.2", Link: "https://example.slack.com/archives/C1/p12"}, ref)
	post := b.slack.of(methodPost)[0].args
	require.Equal(t, "C9", post.Get("channel"))
	require.Equal(t, "Done · mute · alice", post.Get("text"))
	require.Equal(t, "false", post.Get("mrkdwn"))
	require.NotEmpty(t, post.Get("blocks"))

	b.slack.on(methodLink, refusing("message_not_found"))
	ref, err = b.Audit().Send(t.Context(), body, chat.Delivery{FirstSeq: 7, LastSeq: 7, Repeat: true})
	require.NoError(t, err, "a link is nice to have")
	require.Empty(t, ref.Link)
	require.Contains(t, b.slack.of(methodPost)[1].args.Get("text"), "Possible repeat of #7")
}

func TestAudit_BodyOfSomebodyElse(t *testing.T) {
	b := newBench(t)
	for _, repeat := range []bool{false, true} {
		_, err := b.Audit().Send(t.Context(), []byte(`{"text":"hello"}`), chat.Delivery{Repeat: repeat})
		send, ok := errors.AsType[*adapters.SendError](err)
		require.True(t, ok)
		require.True(t, send.RefusesContent())
	}
	require.Empty(t, b.slack.of(methodPost))
}

func TestAudit_StandsInStatus(t *testing.T) {
	b := newBench(t)
	b.slack.on(methodPost, refusing("not_in_channel"))
	_, body, err := b.Audit().Render(onePost())
	require.NoError(t, err)
	_, err = b.Audit().Send(t.Context(), body, chat.Delivery{})
	require.Error(t, err)
	require.Contains(t, b.Status().Why, "C9 takes no posts")
	b.slack.on(methodPost, usual)
	_, err = b.Audit().Send(t.Context(), body, chat.Delivery{})
	require.NoError(t, err)
	require.NotContains(t, b.Status().Why, "C9")
}

func TestAudit_NoneConfigured(t *testing.T) {
	require.Nil(t, newBench(t, func(c *Config) { c.AuditChannel = "" }).Audit())
}

func TestAudit_KeepsMessagesASecondApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		channel := b.Audit()
		_, body, err := channel.Render(onePost())
		require.NoError(t, err)
		send := func() time.Duration {
			began := time.Now()
			_, err := channel.Send(t.Context(), body, chat.Delivery{FirstSeq: 7, LastSeq: 7})
			require.NoError(t, err)
			return time.Since(began)
		}
		require.Zero(t, send())
		require.Equal(t, postGap, send())
		time.Sleep(postGap / 4)
		require.Equal(t, postGap*3/4, send())
		time.Sleep(postGap)
		require.Zero(t, send())
	})
}
