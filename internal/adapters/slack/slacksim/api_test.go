package slacksim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/slack/slacksim"
)

func TestAuth(t *testing.T) {
	h := newHouse(t, func(c *slacksim.Config) { c.EnterpriseID, c.OrgInstall = "E1", true })
	me, err := h.api.AuthTestContext(t.Context())
	require.NoError(t, err)
	require.Equal(t, "T1", me.TeamID)
	require.Equal(t, "UBOT", me.UserID)
	require.Equal(t, "B1", me.BotID)
	require.Equal(t, "E1", me.EnterpriseID)
	for name, c := range map[string]struct{ token, want string }{
		"none":             {"", "not_authed"},
		"wrong":            {"xoxb-wrong", "invalid_auth"},
		"the app's":        {"xapp-test", "not_allowed_token_type"},
		"right, as before": {"xoxb-test", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.as(c.token, "").AuthTestContext(t.Context())
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, c.want)
		})
	}
	_, _, err = h.as("x", "xoxb-test").StartSocketModeContext(t.Context())
	require.EqualError(t, err, "not_allowed_token_type")
	_, err = h.api.GetBotInfoContext(t.Context(), slack.GetBotInfoParameters{})
	require.EqualError(t, err, "unknown_method")
}

func TestMessages(t *testing.T) {
	h := newHouse(t, nil)
	block := slack.NewRichTextBlock("", slack.NewRichTextSection(slack.NewRichTextSectionTextElement("*hello* ", nil), slack.NewRichTextSectionUserElement("U1", nil)))
	_, ts, err := h.api.PostMessageContext(t.Context(), "C1", slack.MsgOptionText("hello &lt;you&gt;", false), slack.MsgOptionBlocks(block))
	require.NoError(t, err)
	all := h.Messages("C1")
	require.Len(t, all, 1)
	require.Equal(t, ts, all[0].TS)
	require.Equal(t, slacksim.Shown{Text: "*hello* <@U1>", Live: []string{"<@U1>"}}, all[0].Shown())

	link, err := h.api.GetPermalinkContext(t.Context(), &slack.PermalinkParameters{Channel: "C1", Ts: ts})
	require.NoError(t, err)
	require.Equal(t, "https://example.slack.com/archives/C1/p"+strings.ReplaceAll(ts, ".", ""), link)

	_, _, _, err = h.api.UpdateMessageContext(t.Context(), "C1", ts, slack.MsgOptionText("changed", false))
	require.NoError(t, err)
	require.Equal(t, []string{"changed"}, texts(h.Messages("C1")))
	require.Equal(t, 1, h.Messages("C1")[0].Edits)

	private, err := h.api.PostEphemeralContext(t.Context(), "C1", "U1", slack.MsgOptionText("only you", false))
	require.NoError(t, err)
	require.Equal(t, []string{"only you"}, texts(h.Seen("U1")))
	require.Empty(t, h.Seen("U2"))
	_, _, _, err = h.api.UpdateMessageContext(t.Context(), "C1", private, slack.MsgOptionText("changed", false))
	require.EqualError(t, err, "message_not_found", "what only one sees can't be edited this way")
	_, err = h.api.PostEphemeralContext(t.Context(), "C1", "U404", slack.MsgOptionText("x", false))
	require.EqualError(t, err, "user_not_in_channel")

	typed := h.Write("C1", "U1", "spam")
	_, _, _, err = h.api.UpdateMessageContext(t.Context(), "C1", typed.TS, slack.MsgOptionText("changed", false))
	require.EqualError(t, err, "cant_update_message")

	dm, _, _, err := h.api.OpenConversationContext(t.Context(), &slack.OpenConversationParameters{Users: []string{"U1"}, ReturnIM: true})
	require.NoError(t, err)
	_, _, err = h.api.PostMessageContext(t.Context(), dm.ID, slack.MsgOptionText("direct", false))
	require.NoError(t, err)
	_, _, err = h.api.PostMessageContext(t.Context(), "U1", slack.MsgOptionText("by id", false))
	require.NoError(t, err)
	require.Equal(t, []string{"only you", "direct", "by id"}, texts(h.Seen("U1")))
	_, _, _, err = h.api.OpenConversationContext(t.Context(), &slack.OpenConversationParameters{Users: []string{"U404"}})
	require.EqualError(t, err, "user_not_found")

	h.Forget()
	require.Empty(t, h.Messages("C1"))
	require.Empty(t, h.Records())
}

func TestChannels(t *testing.T) {
	h := newHouse(t, nil)
	h.SetChannel(
		slacksim.Channel{ID: "COUT", Name: "other"}, slacksim.Channel{ID: "COLD", Member: true, Archived: true},
		slacksim.Channel{ID: "CSECRET", Private: true}, slacksim.Channel{ID: "CGONE", Member: true},
	)
	h.RemoveChannel("CGONE")
	for channel, want := range map[string]string{
		"C1": "", "COUT": "not_in_channel", "COLD": "is_archived", "CSECRET": "channel_not_found", "CGONE": "channel_not_found", "": "channel_not_found",
	} {
		_, _, err := h.api.PostMessageContext(t.Context(), channel, slack.MsgOptionText("x", false))
		_, private := h.api.PostEphemeralContext(t.Context(), channel, "U1", slack.MsgOptionText("x", false))
		if want == "" {
			require.NoError(t, err)
			require.NoError(t, private)
			continue
		}
		require.EqualError(t, err, want, channel)
		require.EqualError(t, private, want, channel)
	}
	info, err := h.api.GetConversationInfoContext(t.Context(), &slack.GetConversationInfoInput{ChannelID: "COUT"})
	require.NoError(t, err)
	require.Equal(t, "other", info.Name)
	require.False(t, info.IsMember)
	_, err = h.api.GetConversationInfoContext(t.Context(), &slack.GetConversationInfoInput{ChannelID: "CSECRET"})
	require.EqualError(t, err, "channel_not_found")
}

func TestPeople(t *testing.T) {
	h := newHouse(t, nil)
	h.AddUser(slacksim.User{ID: "U9", Name: "guest", UltraRestricted: true}, slacksim.User{ID: "W7", Team: "T9", Stranger: true})
	h.SetUsergroup(slacksim.Usergroup{ID: "S1", Handle: "mods", Members: []string{"U1"}}, slacksim.Usergroup{ID: "S2", Handle: "empty"})
	guest, err := h.api.GetUserInfoContext(t.Context(), "U9")
	require.NoError(t, err)
	require.True(t, guest.IsRestricted)
	require.True(t, guest.IsUltraRestricted)
	stranger, err := h.api.GetUserInfoContext(t.Context(), "W7")
	require.NoError(t, err)
	require.True(t, stranger.IsStranger)
	require.Equal(t, "T9", stranger.TeamID)
	_, err = h.api.GetUserInfoContext(t.Context(), "U404")
	require.EqualError(t, err, "user_not_found")

	groups, err := h.api.GetUserGroupsContext(t.Context(), slack.GetUserGroupsOptionIncludeUsers(true))
	require.NoError(t, err)
	require.Len(t, groups, 2)
	require.Equal(t, []string{"U1"}, groups[0].Users)
	members, err := h.api.GetUserGroupMembersContext(t.Context(), "S1")
	require.NoError(t, err)
	require.Equal(t, []string{"U1"}, members)
	_, err = h.api.GetUserGroupMembersContext(t.Context(), "S404")
	require.EqualError(t, err, "no_such_subteam")
	h.Fail("usergroups.users.list", slacksim.Fault{Error: "plan_upgrade_required", Times: slacksim.Forever})
	for range 3 {
		_, err = h.api.GetUserGroupMembersContext(t.Context(), "S1")
		require.EqualError(t, err, "plan_upgrade_required")
	}
	h.Heal("usergroups.users.list")
	_, err = h.api.GetUserGroupMembersContext(t.Context(), "S1")
	require.NoError(t, err)
}

func TestPeople_AnOrganisationsTokenNamesTheWorkspace(t *testing.T) {
	h := newHouse(t, func(c *slacksim.Config) { c.EnterpriseID, c.OrgInstall = "E1", true })
	h.SetUsergroup(slacksim.Usergroup{ID: "S1"})
	_, err := h.api.GetUserGroupMembersContext(t.Context(), "S1")
	require.EqualError(t, err, "missing_argument")
	_, err = h.api.GetUserGroupMembersContext(t.Context(), "S1", slack.GetUserGroupMembersOptionTeamID("T1"))
	require.NoError(t, err)
	_, err = h.api.GetUserGroupsContext(t.Context())
	require.EqualError(t, err, "missing_argument")
}

func TestContentThatSlackRefuses(t *testing.T) {
	h := newHouse(t, nil)
	section := func(text string) slack.Block {
		return slack.NewSectionBlock(slack.NewTextBlockObject(slack.PlainTextType, text, false, false), nil, nil)
	}
	button := func(id, label, value string) slack.BlockElement {
		return slack.NewButtonBlockElement(id, value, slack.NewTextBlockObject(slack.PlainTextType, label, false, false))
	}
	rich := func(e ...slack.RichTextSectionElement) slack.Block {
		return slack.NewRichTextBlock("", slack.NewRichTextSection(e...))
	}
	many := func(n int, b func(int) slack.Block) (out []slack.Block) {
		for i := range n {
			out = append(out, b(i))
		}
		return out
	}
	long := strings.Repeat("消", 3001)
	for name, c := range map[string]struct {
		text   string
		blocks []slack.Block
		want   string
	}{
		"text":                   {"a", nil, ""},
		"nothing":                {" ", nil, "no_text"},
		"as long as it may be":   {strings.Repeat("a", 40_000), nil, ""},
		"longer":                 {strings.Repeat("a", 40_001), nil, "msg_too_long"},
		"blocks alone":           {"", []slack.Block{section("a")}, ""},
		"fifty blocks":           {"a", many(50, func(int) slack.Block { return section("a") }), ""},
		"one more":               {"a", many(51, func(int) slack.Block { return section("a") }), "invalid_blocks"},
		"a section too long":     {"a", []slack.Block{section(long)}, "invalid_blocks"},
		"an empty section":       {"a", []slack.Block{section("")}, "invalid_blocks"},
		"too much in all":        {"a", many(5, func(int) slack.Block { return section(long[:9000]) }), "msg_blocks_too_long"},
		"a button":               {"a", []slack.Block{slack.NewActionBlock("", button("a", "a", "v"))}, ""},
		"a button's label":       {"a", []slack.Block{slack.NewActionBlock("", button("a", long[:3*76], "v"))}, "invalid_blocks"},
		"a button's value":       {"a", []slack.Block{slack.NewActionBlock("", button("a", "a", strings.Repeat("a", 2001)))}, "invalid_blocks"},
		"two of one action_id":   {"a", []slack.Block{slack.NewActionBlock("", button("a", "a", "v"), button("a", "b", "w"))}, "invalid_blocks"},
		"two of one block_id":    {"a", []slack.Block{slack.NewActionBlock("x", button("a", "a", "v")), slack.NewActionBlock("x", button("b", "b", "w"))}, "invalid_blocks"},
		"no buttons":             {"a", []slack.Block{slack.NewActionBlock("")}, "invalid_blocks"},
		"rich text":              {"a", []slack.Block{rich(slack.NewRichTextSectionTextElement("a", nil), slack.NewRichTextSectionDateElement(1, "{date}", nil, nil))}, ""},
		"an empty text":          {"a", []slack.Block{rich(slack.NewRichTextSectionTextElement("", nil))}, "invalid_blocks"},
		"a date of the year one": {"a", []slack.Block{rich(slack.NewRichTextSectionDateElement(-1, "{date}", nil, nil))}, "invalid_blocks"},
		"rich text too long":     {"a", []slack.Block{rich(slack.NewRichTextSectionTextElement(long[:6000], nil), slack.NewRichTextSectionTextElement(long[:6000], nil))}, "invalid_blocks"},
		"an input in a message":  {"a", []slack.Block{slack.NewInputBlock("x", slack.NewTextBlockObject(slack.PlainTextType, "a", false, false), nil, slack.NewPlainTextInputBlockElement(nil, "v"))}, "invalid_blocks"},
		"a header too long":      {"a", []slack.Block{slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, long[:3*151], false, false))}, "invalid_blocks"},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(h.Messages("C1"))
			_, _, err := h.api.PostMessageContext(t.Context(), "C1", slack.MsgOptionText(c.text, false), slack.MsgOptionBlocks(c.blocks...))
			if c.want == "" {
				require.NoError(t, err)
				require.Len(t, h.Messages("C1"), before+1)
				return
			}
			require.EqualError(t, err, c.want)
			require.Len(t, h.Messages("C1"), before)
		})
	}
}

func TestOneMessageASecondAndChannel(t *testing.T) {
	h := newHouse(t, func(c *slacksim.Config) { c.PostInterval = time.Second })
	h.SetChannel(slacksim.Channel{ID: "C2", Member: true})
	post := func(channel string) error {
		_, _, err := h.api.PostMessageContext(t.Context(), channel, slack.MsgOptionText("x", false))
		return err
	}
	require.NoError(t, post("C1"))
	var limited *slack.RateLimitedError
	require.ErrorAs(t, post("C1"), &limited)
	require.Equal(t, time.Second, limited.RetryAfter)
	require.NoError(t, post("C2"), "another channel")
	h.clock.Advance(time.Second)
	require.NoError(t, post("C1"))
	require.Len(t, h.Messages("C1"), 2)
}

func TestRecord(t *testing.T) {
	h := newHouse(t, nil)
	go func() { _, _, _ = h.api.PostMessageContext(t.Context(), "C1", slack.MsgOptionText("late", false)) }()
	r, err := h.Wait(waiting(t), func(r slacksim.Record) bool { return r.Kind == slacksim.KindMessage && r.Message.Text == "late" })
	require.NoError(t, err)
	called, err := h.WaitAfter(waiting(t), r.Seq, func(r slacksim.Record) bool { return r.Method == "chat.postMessage" })
	require.NoError(t, err)
	require.Equal(t, "ok", called.Result)
	require.Equal(t, "late", called.Args.Get("text"))
	require.Empty(t, called.Args.Get("token"), "no secrets")
	for i, r := range h.Records() {
		require.Equal(t, i+1, r.Seq)
	}
	require.Contains(t, h.Trace(), fmt.Sprintf("%4d message · in C1 for \"\": \"late\"", r.Seq))
}
