package slack_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters"
	"modbot/internal/adapters/slack"
	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/chat"
)

// both runs a test over HTTP and over Socket Mode.
func both(t *testing.T, test func(t *testing.T, mode slack.Mode)) {
	t.Helper()
	for _, mode := range []slack.Mode{slack.HTTP, slack.Socket} {
		t.Run(string(mode), func(t *testing.T) { test(t, mode) })
	}
}

// asking is a Core that looks up what everybody holds who asks for something.
type asking struct {
	counting
	adapter adapters.Adapter
	grants  chan []chat.Grant
	asked   chan chat.Invocation
}

func newAsking(a adapters.Adapter) *asking {
	return &asking{adapter: a, grants: make(chan []chat.Grant, 1), asked: make(chan chat.Invocation, 1)}
}

func (a *asking) Handle(ctx context.Context, inv chat.Invocation, respond func(context.Context, chat.Reply)) {
	grants, err := a.adapter.Grants(ctx, inv)
	if err != nil {
		grants = []chat.Grant{{Kind: "error", ID: err.Error()}}
	}
	a.grants <- grants
	a.asked <- inv
	a.counting.Handle(ctx, inv, respond)
}

// An organisation's token has to say which workspace it means; the deliveries
// may leave the team out; ids may begin with W.
func TestEnterpriseGrid(t *testing.T) {
	both(t, func(t *testing.T, mode slack.Mode) {
		w := newWorldOf(t, slacksim.Config{EnterpriseID: "E1", OrgInstall: true}, mode, func(c *slack.Config) {
			c.Workspaces, c.Enterprise = []string{"T1", "T2"}, "E1"
		})
		defer w.close()
		core := newAsking(w.s)
		stop := w.run(core)
		w.ready(t)
		_, err := w.command("grid", ada, "status alice", slacksim.Wire{})
		require.NoError(t, err)
		require.Equal(t, []chat.Grant{{Kind: chat.GrantMember, ID: ada}, {Kind: chat.GrantUsergroup, ID: leads}}, <-core.grants)
		require.Equal(t, chat.Workspace("T1"), (<-core.asked).Workspace)

		value, ok := blocks.EncodeClick(chat.Button{Choice: "extend", Case: 41, Origin: "o", Entry: "e"})
		require.True(t, ok)
		f := from(ada, "click")
		f.NoTeam = true
		_, err = w.sim.Click(t.Context(), w.to, slacksim.Click{
			From: f, Message: slacksim.Message{Channel: mods, TS: "1.1", User: ada}, Button: slacksim.Button{ActionID: "modbot_click_0", Value: value},
		})
		require.NoError(t, err)
		require.Len(t, <-core.grants, 2)
		require.Equal(t, chat.Workspace("T1"), (<-core.asked).Workspace)
		require.NoError(t, stop())
	})
}

func TestOutsidersHoldNothing(t *testing.T) {
	for name, outsider := range map[string]slacksim.User{
		"a guest":                {ID: "U5", Restricted: true},
		"a guest of one channel": {ID: "U5", UltraRestricted: true},
		"a stranger":             {ID: "U5", Team: "T7", Stranger: true},
		"of another workspace":   {ID: "U5", Team: "T7"},
		"somebody who left":      {ID: "U5", Deleted: true},
		"an app":                 {ID: "U5", Bot: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, slack.HTTP)
			defer w.close()
			w.sim.AddUser(outsider)
			w.sim.SetUsergroup(slacksim.Usergroup{ID: leads, Members: []string{"U5"}})
			core := newAsking(w.s)
			stop := w.run(core)
			w.ready(t)
			_, err := w.command("outside", "U5", "whoami", slacksim.Wire{})
			require.NoError(t, err)
			require.Empty(t, <-core.grants)
			require.NoError(t, stop())
		})
	}
}

// A click on a post answers beside it; a click on a private answer edits that.
func TestClicks_EditOnlyWhatIsPrivate(t *testing.T) {
	both(t, func(t *testing.T, mode slack.Mode) {
		w := newWorld(t, mode)
		defer w.close()
		stop := w.run(&counting{text: "Extended."})
		w.ready(t)
		button := chat.Button{Label: "Extend", Choice: "extend", Case: 41, Origin: "o", Entry: "e"}
		_, body, err := w.s.Audit().Render([]chat.Post{{
			FirstSeq: 1, LastSeq: 1, Message: chat.Message{Lines: []chat.Line{{chat.Plain("Done · mute · alice")}}, Buttons: []chat.Button{button}},
		}})
		require.NoError(t, err)
		ref, err := w.s.Audit().Send(t.Context(), body, chat.Delivery{FirstSeq: 1, LastSeq: 1})
		require.NoError(t, err)
		require.NotEmpty(t, ref.Link)
		post := w.sim.Messages(audit)[0]
		_, err = w.sim.Click(t.Context(), w.to, slacksim.Click{From: slacksim.From{User: mia, Trigger: "post"}, Message: post, Button: post.Buttons()[0]})
		require.NoError(t, err)
		seen := w.await(t, func(r slacksim.Record) bool { return r.Kind == slacksim.KindMessage && r.Delivery == "post" })
		require.Equal(t, mia, seen.Message.User, "only who clicked sees it")
		require.Zero(t, w.sim.Messages(audit)[0].Edits)
		require.NoError(t, stop())
	})
}

// A response_url that is used up is no reason to say nothing.
func TestUsedUpURL(t *testing.T) {
	w := newWorld(t, slack.HTTP)
	defer w.close()
	w.sim.Fail(slacksim.ResponseURL, slacksim.Fault{Status: 404, Times: slacksim.Forever})
	core := &counting{hold: make(chan struct{})}
	stop := w.run(core)
	w.ready(t)
	_, err := w.command("late", mia, "status alice", slacksim.Wire{})
	require.NoError(t, err)
	close(core.hold)
	w.await(t, func(r slacksim.Record) bool {
		return r.Kind == slacksim.KindMessage && r.Message.Channel == slacksim.DirectChannel(mia)
	})
	require.NoError(t, stop())
}

func TestPlanWithoutUserGroups(t *testing.T) {
	w := newWorld(t, slack.HTTP)
	defer w.close()
	w.sim.Fail("usergroups.users.list", slacksim.Fault{Error: "plan_upgrade_required", Times: slacksim.Forever})
	core := newAsking(w.s)
	stop := w.run(core)
	w.ready(t)
	_, err := w.command("plan", ada, "status alice", slacksim.Wire{})
	require.NoError(t, err)
	require.Equal(t, []chat.Grant{{Kind: chat.GrantMember, ID: ada}}, <-core.grants)
	require.Contains(t, w.s.Status().Why, "user groups need a paid plan")
	require.NoError(t, stop())
}
