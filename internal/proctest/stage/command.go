//go:build unix

package stage

import (
	"fmt"
	"strings"
	"time"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
	"modbot/internal/proctest"
)

// The channels of both platforms, by their ids.
const (
	SlackAudit   = "C0AUDIT"
	DiscordAudit = "1300000000000000009"

	slackMods   = "C0MODS"
	discordMods = "1300000000000000001"
	mods        = "mods"
)

// discordRole is what makes a moderator of somebody on Discord.
const discordRole = "2000000000000000002"

// Person is somebody on both platforms.
type Person struct {
	Name           string
	slack, discord string // ids
	moderates      bool
}

// Moderators is how many there are.
const Moderators = 8

// Moderator is one of them, for any number.
func Moderator(n int) Person {
	n %= Moderators
	return Person{Name: fmt.Sprintf("mod%d", n), slack: fmt.Sprintf("U0MOD%d", n), discord: fmt.Sprintf("3000000000000000%d", n), moderates: true}
}

// Stranger is somebody who may nothing.
func Stranger() Person { return Person{Name: "max", slack: "U0MAX", discord: "30000000000000099"} }

// roles are what the person holds on Discord.
func (p Person) roles() []string {
	if !p.moderates {
		return nil
	}
	return []string{discordRole}
}

// Term is what every mute asks for.
const (
	Term     = 6 * time.Hour
	termText = "6h"
)

// Command is one thing that somebody types about one account.
type Command struct {
	By      Person
	Verb    string
	Account string
	Scope   string // what the verb takes by itself when empty
	Reason  string // by which the command is known again; reads have none
}

// Mute mutes the account of a number.
func Mute(n int) Command {
	return Command{By: Moderator(0), Verb: "mute", Account: proctest.Player(n), Reason: fmt.Sprintf("command %05d", n)}
}

// options are the parts that the command has, in the order of the grammar.
func (c Command) options() (out []discordsim.Option) {
	term := ""
	if c.Verb == "mute" {
		term = termText
	}
	for _, o := range []struct{ name, value string }{{"account", c.Account}, {"term", term}, {"scope", c.Scope}, {"reason", c.Reason}} {
		if o.value != "" {
			out = append(out, discordsim.Option{Name: o.name, Value: o.value})
		}
	}
	return out
}

// Line is the command as people type it where they type lines.
func (c Command) Line() string {
	words := []string{c.Verb}
	for _, o := range c.options() {
		if o.Name == "reason" {
			words = append(words, "reason:")
		}
		words = append(words, fmt.Sprint(o.Value))
	}
	return strings.Join(words, " ")
}

// OnSlack is the command as a line of the moderators' channel.
func (c Command) OnSlack() slacksim.Command {
	return slacksim.Command{
		From:    slacksim.From{User: c.By.slack, UserName: c.By.Name, Channel: slackMods, ChannelName: mods},
		Command: "/mod", Text: slacksim.Typed(c.Line()),
	}
}

// OnDiscord is the command as it is filled in there.
func (c Command) OnDiscord() discordsim.Interaction {
	return discordsim.Interaction{
		User: c.By.discord, UserName: c.By.Name, Roles: c.By.roles(), Channel: discordMods, ChannelName: mods, Name: c.Verb, Options: c.options(),
	}
}

// Typed is the command as an evidence has it.
func (c Command) Typed(acknowledged bool) proctest.Command {
	out := proctest.Command{Account: c.Account, Reason: c.Reason, Acknowledged: acknowledged}
	if c.Verb == "mute" {
		out.Term = Term
	}
	return out
}
