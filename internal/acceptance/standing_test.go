//go:build unix

package acceptance

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
)

// modsGroup is a user group of the scripted Slack.
const modsGroup = "S0MODS"

// groupMembers says that whoever is in the user group is a moderator.
var groupMembers = "slack: { usergroups: [" + modsGroup + "] }\n    discord: { roles: [" + quote(moderatorRole) + "] }"

// byGroup is a world where Slack's moderators are those of the user group, mia
// and mo to begin with. prepare is called before modbot starts.
func byGroup(t *testing.T, prepare func(*slacksim.Server)) *served {
	t.Helper()
	w := worldBetween(t, platforms{people: rolesOf(juniorMembers, groupMembers, adminMembers)})
	w.slack.sim.SetUsergroup(slacksim.Usergroup{ID: modsGroup, Handle: "mods", Members: []string{mia.slack, mo.slack}})
	prepare(w.slack.sim)
	w.start()
	return w
}

// refusedOnce requires that somebody's last command was refused, that this is
// recorded, and that Tencent was told of nothing.
func (w *served) refusedOnce(on side, who person, said message, rule string) {
	w.t.Helper()
	require.Equal(w.t, "Not done", said.state(), "%s: %s", on.name(), said.text)
	refusals := ofKind(w.entries(), "refused")
	require.NotEmpty(w.t, refusals, "%s: the refusal is in the ledger", on.name())
	last := refusals[len(refusals)-1]
	require.Regexp(w.t, rule, last.Rule, "%s", on.name())
	require.Equal(w.t, on.name()+":"+on.workspace()+"/"+on.id(who), last.Actor)
	require.Zero(w.t, w.proxy.total(setCall), "%s: nothing was sent", on.name())
}

// Slack can't say who somebody is: refused, and recorded, until it can.
func TestAcceptance_07_SlackCannotSayWho(t *testing.T) {
	t.Parallel()
	const who = "users.info"
	w := newServed(t)
	for name, tt := range map[string]struct {
		who   person
		fault slacksim.Fault
	}{
		"an error of the API": {mia, slacksim.Fault{Error: "internal_error", Times: slacksim.Forever}},
		"500":                 {mo, slacksim.Fault{Status: http.StatusInternalServerError, Times: slacksim.Forever}},
		"no answer":           {ada, slacksim.Fault{Drop: true, Times: slacksim.Forever}},
		"too many calls":      {jun, slacksim.Fault{Status: http.StatusTooManyRequests, RetryAfter: new(30), Times: slacksim.Forever}},
	} {
		w.slack.sim.Fail(who, tt.fault)
		said := say(w.slack, tt.who, mute("alice", "2h", "group", ""))
		require.Contains(t, said.text, "roles cannot be looked up", name)
		w.refusedOnce(w.slack, tt.who, said, "^deny/")
		w.slack.sim.Heal(who)
	}
	require.Len(t, w.entries(), 4)
	done := say(w.slack, mia, mute("alice", "2h", "group", ""))
	require.Equal(t, "Done", done.state(), "%s", done.text)
	w.delivered(w.sides()...)
	w.sound()
}

// User groups can't be looked up, or the plan has none: nobody is in them, and
// that is told from somebody who has no role.
func TestAcceptance_07_SlackCannotSayWhoIsInAGroup(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault slacksim.Fault
		says  string // to the actor
		why   string // in /readyz and the log
	}{
		"an error":           {slacksim.Fault{Error: "internal_error"}, "roles cannot be looked up", "internal_error"},
		"500":                {slacksim.Fault{Status: http.StatusInternalServerError}, "roles cannot be looked up", ""},
		"a plan without any": {slacksim.Fault{Error: "plan_upgrade_required"}, "you have none here", "plan"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := byGroup(t, func(sim *slacksim.Server) {
				tt.fault.Times = slacksim.Forever
				sim.Fail("usergroups.users.list", tt.fault)
			})
			said := say(w.slack, mia, mute("alice", "2h", "group", ""))
			require.Contains(t, said.text, tt.says)
			w.refusedOnce(w.slack, mia, said, "^deny/")
			require.True(t, w.logged("user group", tt.why), "%s", w.serve.Logged())
			// Roles that hang on no group are as refused while it isn't known who is
			// in one, and Discord's are not concerned.
			done := say(w.discord, mia, mute("alice", "2h", "group", ""))
			require.Equal(t, "Done", done.state(), "%s", done.text)
			w.delivered(w.sides()...)
			w.sound()
		})
	}
}

// Discord delivers a command without the member or without the roles.
func TestAcceptance_07_DiscordDoesNotSayWho(t *testing.T) {
	t.Parallel()
	w := newServed(t)
	const laterResponse = 5 // the answer took too long for the first response
	ledger := w.watch()
	user := map[string]any{"id": mia.discord, "username": mia.name}
	for i, who := range []map[string]any{
		{"user": user},
		{"member": map[string]any{"user": user}},
		{"member": map[string]any{"user": user, "roles": nil}},
	} {
		interaction := map[string]any{
			"id": "150000000000000000" + itoa(int64(i)), "application_id": discordsim.DefaultApplication, "type": 2, "token": "of-no-interest",
			"version": 1, "guild_id": discordsim.DefaultGuild, "channel_id": discordMods,
			"data": map[string]any{"id": "1", "name": "mute", "type": 1, "options": []any{
				map[string]any{"name": "account", "type": 3, "value": "alice"},
				map[string]any{"name": "term", "type": 3, "value": "2h"},
			}},
		}
		maps.Copy(interaction, who)
		body, err := json.Marshal(interaction)
		require.NoError(t, err)
		ctx, cancel := bounded(t)
		code, answer, err := w.discord.sim.Post(ctx, w.public+"/discord/interactions", body, discordsim.Signing{})
		cancel()
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, code)
		var first struct {
			Type int
			Data struct{ Content string }
		}
		require.NoError(t, json.Unmarshal(answer, &first), "%s", answer)
		said := message{text: discordsim.Read(first.Data.Content).Text}
		if first.Type == laterResponse { // nobody can see what becomes of a delivery that the platform didn't make
			said.text = "Not done: later"
		} else {
			require.Contains(t, said.text, "roles cannot be looked up", "%v", who)
		}
		eventually(t, soon, "it is recorded", func() bool { return ledger.count("refused") > i })
		w.refusedOnce(w.discord, mia, said, "^deny/")
		require.Len(t, w.entries(), i+1)
	}
	w.delivered(w.sides()...)
	w.sound()
}

// loses takes the moderator's role from mia: at once on Discord, which sends
// the roles with each interaction; on Slack as soon as the user group was
// looked at again, which modbot does every 25 seconds.
func (w *served) loses(on side) person {
	w.t.Helper()
	without := mia
	without.roles = nil
	if on.name() == "slack" {
		w.slack.sim.SetUsergroup(slacksim.Usergroup{ID: modsGroup, Handle: "mods", Members: []string{mo.slack}})
		eventuallyEvery(w.t, 20*lookEvery, settleWithin, "Slack's user group is looked at again", func() bool {
			return strings.Contains(say(on, mia, bare("whoami")).text, "no role here")
		})
	}
	return without
}

// A button that is pressed when the presser has lost the role does nothing.
func TestAcceptance_08_TheRoleIsLost(t *testing.T) {
	t.Parallel()
	w := byGroup(t, func(*slacksim.Server) {})
	for _, s := range w.sides() {
		asked := say(s, mia, mute("alice", "2h", "", "spam in group chat"))
		require.Equal(t, "Waiting", asked.state(), "%s: %s", s.name(), asked.text)
		number := asked.cases(t)[0]
		without := w.loses(s)
		said := press(s, without, asked, "Mute alice in groups")
		require.Contains(t, said.text, "you have none here", "%s", s.name())
		w.refusedOnce(s, mia, said, "^deny/")
		require.NotContains(t, kinds(w.entries(), number), "intent", "%s", s.name())
	}
	require.Equal(t, fields{}, w.sim.of("alice"))
	w.delivered(w.sides()...)
	w.sound()
}

// Who may nothing gets nothing from the buttons of the audit channel either,
// and nobody answers what another was asked.
func TestAcceptance_08_SomebodyElsePresses(t *testing.T) {
	t.Parallel()
	w := newServed(t)
	require.Equal(t, "Done", say(w.slack, mia, mute("alice", "2h", "group", "a secret reason")).state())
	w.delivered(w.sides()...)
	for _, s := range w.sides() {
		post := s.posts()[0]
		require.Equal(t, []string{"History", "Add note"}, post.buttons, "%s: %s", s.name(), post.text)
		said := press(s, bystander, post, "History")
		require.Equal(t, "Not done", said.state(), "%s: %s", s.name(), said.text)
		require.NotContains(t, said.text, "secret")
		require.Contains(t, press(s, mo, post, "History").text, "a secret reason")
		require.Zero(t, s.changed(), "%s: clicks never replace a post", s.name())

		asked := say(s, mia, mute("bob", "2h", "", "spam in group chat"))
		require.Equal(t, "Waiting", asked.state(), "%s", asked.text)
		for _, other := range []person{mo, ada, bystander} {
			require.Equal(t, "Not done", press(s, other, asked, "Mute bob in groups").state(), "%s", other.name)
		}
		require.Equal(t, "Not done", press(s, mia, asked, "Leave as is").state())
	}
	require.Len(t, w.proxy.seen(setCall, "alice"), 1)
	require.Empty(t, w.proxy.seen(setCall, "bob"))
	w.delivered(w.sides()...)
	w.sound()
}

// A button that is pressed when the account is not as it was any more shows
// how it is now.
func TestAcceptance_08_TheStateChanged(t *testing.T) {
	t.Parallel()
	w := newServed(t)
	for i, s := range w.sides() {
		other := w.sides()[1-i]
		account := []string{"alice", "bob"}[i]
		require.Equal(t, "Done", say(s, mia, mute(account, "2h", "group", "spamming")).state())
		asked := say(s, mo, mute(account, "1h", "group", "flooding"))
		require.Equal(t, "Waiting", asked.state(), "%s", asked.text)
		lifted := say(other, ada, unmute(account, "group"))
		if lifted.state() == "Waiting" { // somebody else's mute: ada is asked first
			lifted = press(other, ada, lifted, "Unmute")
		}
		require.Equal(t, "Done", lifted.state(), "%s", lifted.text)
		calls := len(w.proxy.seen(setCall, account))
		said := press(s, mo, asked, "Extend")
		require.Contains(t, []string{"Not done", "Waiting"}, said.state(), "%s: %s", s.name(), said.text)
		require.Contains(t, said.text, "not muted", "%s: it says how the account is now", s.name())
		require.Len(t, w.proxy.seen(setCall, account), calls, "%s: nothing was sent", s.name())
		require.Zero(t, w.sim.of(account).Group)
	}
	w.delivered(w.sides()...)
	w.sound()
}

// A button of another ledger does nothing, and that is recorded.
func TestAcceptance_08_AnotherLedger(t *testing.T) {
	t.Parallel()
	w := newServed(t)
	posts, questions := map[string]message{}, map[string]message{}
	require.Equal(t, "Done", say(w.slack, mia, mute("alice", "2h", "group", "spamming")).state())
	w.delivered(w.sides()...) // alone in its post, which has buttons then
	for _, s := range w.sides() {
		questions[s.name()] = say(s, mia, mute("bob", "2h", "", "spam in group chat"))
		require.Equal(t, "Waiting", questions[s.name()].state())
	}
	w.delivered(w.sides()...)
	for _, s := range w.sides() {
		posts[s.name()] = s.posts()[0]
	}

	// The ledger begins anew: the cases have the numbers that they had.
	w.stop()
	for _, name := range []string{"modbot.db", "modbot.db-wal", "modbot.db-shm", "ledger.key"} {
		if err := os.Remove(w.path(name)); err != nil {
			require.ErrorIs(t, err, os.ErrNotExist)
		}
	}
	w.start()
	for _, s := range w.sides() {
		require.Equal(t, "Waiting", say(s, mia, mute("carol", "2h", "", "spam in group chat")).state())
	}
	calls := w.proxy.total(setCall)
	for _, s := range w.sides() {
		for label, m := range map[string]message{"History": posts[s.name()], "Add note": posts[s.name()], "Mute bob in groups": questions[s.name()]} {
			said := press(s, mia, m, label)
			require.Equal(t, "Not done", said.state(), "%s: %s: %s", s.name(), label, said.text)
			require.Contains(t, said.text, "another ledger", "%s: %s", s.name(), label)
		}
	}
	require.Equal(t, calls, w.proxy.total(setCall), "nothing was sent")
	require.Empty(t, ofKind(w.entries(), "intent"))
	foreign := 0
	for _, e := range ofKind(w.entries(), "refused") {
		require.Equal(t, "deny/foreign-button", e.Rule)
		foreign++
	}
	require.Positive(t, foreign, "it is recorded")
	w.sound()
}
