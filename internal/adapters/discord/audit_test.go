package discord

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

func post(text string) chat.Post {
	return chat.Post{FirstSeq: 7, LastSeq: 7, Kind: "outcome", Message: chat.Text(text)}
}

func TestAudit_Send(t *testing.T) {
	b := newBench(t, nil)
	ch := b.d.Audit()
	_, body, err := ch.Render([]chat.Post{post("Done · mute · @everyone")})
	require.NoError(t, err)
	ref, err := ch.Send(context.Background(), body, chat.Delivery{FirstSeq: 7, LastSeq: 7, Nonce: "a long nonce that Discord wouldn't take as it is"})
	require.NoError(t, err)
	require.Equal(t, chat.MessageRef{Channel: testAudit, ID: "9900", Link: "https://discord.com/channels/1200/1400/9900"}, ref)
	_, err = ch.Send(context.Background(), body, chat.Delivery{FirstSeq: 7, LastSeq: 7, Nonce: "a long nonce that Discord wouldn't take as it is", Repeat: true})
	require.NoError(t, err)

	sent := b.asked()
	require.Len(t, sent, 2)
	require.Equal(t, "POST /channels/1400/messages", sent[0].route)
	require.Equal(t, true, sent[0].body["enforce_nonce"])
	require.Len(t, sent[0].body["nonce"], nonceChars)
	require.Equal(t, sent[0].body["nonce"], sent[1].body["nonce"])
	require.Equal(t, []any{}, sent[0].body["allowed_mentions"].(object)["parse"])
	require.NotContains(t, sent[0].body["content"], "repeat")
	require.Contains(t, sent[1].body["content"], "#7")
}

func TestAudit_SendSaysWhatMayBeDone(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		answer  string
		wait    time.Duration
		content bool
		says    string
	}{
		"too many":             {429, `{"message":"slow","retry_after":3,"global":false}`, 3 * time.Second, false, "429"},
		"refused content":      {400, `{"code":50035,"message":"Invalid Form Body"}`, 0, true, "50035"},
		"no such channel":      {404, `{"code":10003,"message":"Unknown Channel"}`, 0, false, "there is no channel 1400"},
		"not to be seen":       {403, `{"code":50001,"message":"Missing Access"}`, 0, false, "can't see channel 1400"},
		"not to be written":    {403, `{"code":50013,"message":"Missing Permissions"}`, 0, false, "may not write in channel 1400"},
		"Discord is in pieces": {503, `<html>`, 0, false, "503"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			b.script(func(string) (int, string) { return c.status, c.answer })
			_, body, err := b.d.Audit().Render([]chat.Post{post("x")})
			require.NoError(t, err)
			_, err = b.d.Audit().Send(context.Background(), body, chat.Delivery{FirstSeq: 7, LastSeq: 7, Nonce: "n"})
			var refused *adapters.SendError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, c.wait, refused.Wait)
			require.Equal(t, c.content, refused.Content)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestAudit_SendRefusesWhatIsNotFrozen(t *testing.T) {
	b := newBench(t, nil)
	_, err := b.d.Audit().Send(context.Background(), []byte(`{"content":"@everyone"}`), chat.Delivery{})
	var refused *adapters.SendError
	require.ErrorAs(t, err, &refused)
	require.True(t, refused.Content)
	require.Empty(t, b.asked())
}

func TestAudit_WithoutAChannel(t *testing.T) {
	b := newBench(t, func(c *Config) { c.AuditChannel = "" })
	_, err := b.d.Audit().Send(context.Background(), nil, chat.Delivery{})
	require.ErrorContains(t, err, "discord.audit_channel is not set")
}

func TestAudit_LearnsItsGuildFromWhatIsClickedThere(t *testing.T) {
	bubbleWith(t, func(c *Config) { c.Guilds = []string{"1", testGuild} }, func(t *testing.T, b *bench) {
		send := func() string {
			_, body, err := b.d.Audit().Render([]chat.Post{post("x")})
			require.NoError(t, err)
			ref, err := b.d.Audit().Send(context.Background(), body, chat.Delivery{FirstSeq: 7, LastSeq: 7, Nonce: "n"})
			require.NoError(t, err)
			return ref.Link
		}
		require.Empty(t, send())
		o := b.muting()
		o["channel_id"] = testAudit
		b.deliver(o)
		require.Equal(t, "https://discord.com/channels/1200/1400/9900", send())
	})
}

func TestShortNonce(t *testing.T) {
	require.Empty(t, shortNonce("", 0))
	require.Len(t, shortNonce("a", 0), nonceChars)
	require.Equal(t, "DTuEEb3n-oSLOEoCLn2pMVICg", shortNonce("a", 0), "attempts of different versions must agree")
	require.NotEqual(t, shortNonce("a", 0), shortNonce("b", 0))
	require.NotEqual(t, shortNonce("a", 0), shortNonce("a", 1))
}

func TestNew_SaysEverythingThatIsWrong(t *testing.T) {
	_, err := New(nil, Config{Mode: "pigeon", PublicKey: "ff", AuditChannel: "#audit", MentionOnFailure: []string{"@leads"}})
	for _, part := range []string{"pigeon", "application id", "bot token", "guilds", "audit channel", "@leads"} {
		require.ErrorContains(t, err, part)
	}
	_, err = New(nil, Config{Mode: HTTP, PublicKey: "ff", ApplicationID: "1", BotToken: "x", Guilds: []string{"1"}})
	require.ErrorContains(t, err, "64 hexadecimal digits")
}
