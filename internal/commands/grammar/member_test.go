package grammar

import (
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/mute"
)

func TestParse_Members(t *testing.T) {
	alice := []AccountArg{{Account: "alice"}}
	for name, c := range map[string]struct {
		typed string
		want  Command
	}{
		"a mention as Slack writes it":        {"link <@U123|bob> alice", Command{Verb: "link", Member: MemberArg{Mention: "U123", Name: "bob"}, Accounts: alice}},
		"a mention as Discord writes it":      {"/link <@!123> alice", Command{Verb: "link", Member: MemberArg{Mention: "123"}, Accounts: alice}},
		"a member of a Slack workspace":       {"link slack:T1/U1 alice", Command{Verb: "link", Member: MemberArg{ID: "slack:T1/U1"}, Accounts: alice}},
		"of a Grid organisation":              {"unlink slack:E1/W1", Command{Verb: "unlink", Member: MemberArg{ID: "slack:E1/W1"}}},
		"a member of a guild":                 {"unlink discord:77/123", Command{Verb: "unlink", Member: MemberArg{ID: "discord:77/123"}}},
		"a platform in any letter case":       {"unlink Discord:77/123", Command{Verb: "unlink", Member: MemberArg{ID: "discord:77/123"}}},
		"somebody at the command line":        {"unlink cli:mia", Command{Verb: "unlink", Member: MemberArg{ID: "cli:mia"}}},
		"a comma between the two":             {"link <@U1>, alice", Command{Verb: "link", Member: MemberArg{Mention: "U1"}, Accounts: alice}},
		"an account that needs quotes":        {`link <@U1> "2h"`, Command{Verb: "link", Member: MemberArg{Mention: "U1"}, Accounts: []AccountArg{{Account: "2h", Quoted: true}}}},
		"the account of another's mention":    {"link <@U1> <@U2>", Command{Verb: "link", Member: MemberArg{Mention: "U1"}, Accounts: []AccountArg{{Mention: "U2"}}}},
		"an account that looks like a member": {"link <@U1> x:y", Command{Verb: "link", Member: MemberArg{Mention: "U1"}, Accounts: []AccountArg{{Account: mute.Account("x:y")}}}},
	} {
		t.Run(name, func(t *testing.T) {
			p := New(specs())
			cmd, problem := p.Parse(c.typed)
			require.Nil(t, problem)
			require.Equal(t, c.want, cmd)
			again, problem := p.Parse(cmd.String())
			require.Nil(t, problem, cmd.String())
			require.Equal(t, bare(cmd), bare(again))
		})
	}
	cmd, problem := New(specs()).ParseOptions("link", given("account", "alice", "member", " <@77> "))
	require.Nil(t, problem)
	require.Equal(t, Command{Verb: "link", Member: MemberArg{Mention: "77"}, Accounts: alice}, cmd)
}
