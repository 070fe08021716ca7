package discord

import (
	"slices"
	"strconv"
	"strings"

	"modbot/internal/adapters/discord/render"
	"modbot/internal/chat"
)

// invocation is the part of one that every interaction has.
func (d *Discord) invocation(in interaction) chat.Invocation {
	return chat.Invocation{
		Key: in.id, Platform: chat.Discord, Workspace: chat.Workspace(in.guild), Channel: in.channel,
		Actor: in.actor, Received: in.received,
	}
}

// typed is the invocation of a command, or of one that is being typed.
func (d *Discord) typed(in interaction) chat.Invocation {
	inv := d.invocation(in)
	inv.Verb, inv.Options = d.verb(in.command.name), in.command.options
	return inv
}

// pointed is the invocation of a context menu: a form about a member, or about
// the author of a message.
func (d *Discord) pointed(in interaction) chat.Invocation {
	inv := d.invocation(in)
	inv.Verb = render.MenuVerb
	inv.Options = []chat.Option{{Name: d.option(render.MenuVerb, chat.OptionAccounts, chat.OptionAccount), Value: mention(in.command.target)}}
	return inv
}

// opened is the invocation of a button that opens a form. It carries the click
// too, so that the core can refuse a button of another ledger.
func (d *Discord) opened(in interaction, verb string, click chat.Click) chat.Invocation {
	inv := d.invocation(in)
	inv.Verb, inv.Click = verb, &click
	if name := d.option(verb, chat.OptionCase); name != "" && click.Case > 0 {
		inv.Options = []chat.Option{{Name: name, Value: strconv.FormatInt(click.Case, 10)}}
	}
	return inv
}

// filled is the invocation of a form that was sent.
func (d *Discord) filled(in interaction, verb string) chat.Invocation {
	inv := d.invocation(in)
	inv.Verb, inv.Options = verb, render.Submitted(in.form)
	return inv
}

// verb is the verb of a command's name: without our prefix.
func (d *Discord) verb(name string) string { return strings.TrimPrefix(name, d.cfg.CommandPrefix) }

// option is the name of a verb's first option of one of these kinds; empty when
// it has none.
func (d *Discord) option(verb string, kinds ...chat.OptionKind) string {
	for _, s := range d.cfg.Specs {
		if s.Verb != verb {
			continue
		}
		for _, o := range s.Options {
			if slices.Contains(kinds, o.Kind) {
				return o.Name
			}
		}
	}
	return ""
}

// knows reports whether a verb is one of ours.
func (d *Discord) knows(verb string) bool {
	return slices.ContainsFunc(d.cfg.Specs, func(s chat.Spec) bool { return s.Verb == verb })
}

// formVersion begins the custom_id of every form; a form that is open may be
// sent to a later version of modbot.
const formVersion = "f1|"

func encodeForm(verb string) string { return formVersion + verb }

// decodeForm is the verb of a form of ours.
func (d *Discord) decodeForm(customID string) (verb string, ok bool) {
	verb, ok = strings.CutPrefix(customID, formVersion)
	return verb, ok && d.knows(verb)
}
