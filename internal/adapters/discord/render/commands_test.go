package render_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"
	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/discord/render"
	"modbot/internal/chat"
)

// specs have every kind of option.
func specs() []chat.Spec {
	return []chat.Spec{
		{Verb: "mute", Summary: "Stop accounts from sending, for a while or permanently", Options: []chat.OptionSpec{
			{Name: "account", Kind: chat.OptionAccounts, Required: true, Suggests: true, Summary: "Whom: one account or several"},
			{Name: "scope", Kind: chat.OptionScope, Suggests: true, Summary: "Where: group, c2c (one-to-one) or all"},
			{Name: "term", Kind: chat.OptionTerm, Required: true, Suggests: true, Summary: "How long: 2h, 90m, 1d12h, 2w or permanent"},
			{Name: "reason", Kind: chat.OptionText, Keyword: "reason:", Rest: true, Summary: "Why; the audit channel shows it", MaxRunes: 1000},
		}},
		{Verb: "confirm", Summary: "Answer a question", Options: []chat.OptionSpec{
			{Name: "case", Kind: chat.OptionCase, Required: true, Suggests: true, Summary: "The case that waits"},
			{Name: "choice", Kind: chat.OptionChoice, Summary: "Which of the choices"},
		}},
		{Verb: "mutes", Summary: "List the mutes in effect", Options: []chat.OptionSpec{
			{Name: "by", Kind: chat.OptionActor, Keyword: "by", Suggests: true, Summary: "Only those that this person set"},
		}},
		{Verb: "help", Summary: "Show what you can do", Access: chat.AccessAnyone, Options: []chat.OptionSpec{
			{Name: "verb", Kind: chat.OptionVerb, Suggests: true, Summary: "The command to explain"},
		}},
	}
}

func TestCommands(t *testing.T) {
	commands, err := render.Commands(specs(), "")
	require.NoError(t, err)
	requireCommands(t, commands)
	require.Len(t, commands, 6, "four verbs and two menus")
	mute := commands[0]
	require.Equal(t, "mute", mute.Name)
	var names []string
	for _, o := range mute.Options {
		names = append(names, o.Name)
	}
	require.Equal(t, []string{"account", "term", "scope", "reason"}, names, "required options come first")
	require.Equal(t, discordgo.ApplicationCommandOptionUser, commands[2].Options[0].Type)

	without, err := render.Commands(specs()[1:], "mod-")
	require.NoError(t, err)
	require.Len(t, without, 3, "the menus open a form that isn't there")
	require.Equal(t, "mod-confirm", without[0].Name)
}

func TestCommands_AreNamedInOtherLanguages(t *testing.T) {
	named := func(aliases map[string][]string) []*discordgo.ApplicationCommand {
		commands, err := render.Commands([]chat.Spec{{Verb: "health", Summary: "How modbot is", Aliases: aliases}}, "mod-")
		require.NoError(t, err)
		requireCommands(t, commands)
		return commands
	}
	commands := named(map[string][]string{"en": {"doctor"}, "zh": {"健康", "状态"}, "zh-TW": {"狀態"}, "de": {"zustand"}, "tlh": {"x"}})
	require.Equal(t, &map[discordgo.Locale]string{
		discordgo.ChineseCN: "mod-健康", discordgo.ChineseTW: "mod-狀態", discordgo.German: "mod-zustand",
	}, commands[0].NameLocalizations)
	require.Nil(t, named(map[string][]string{"en": {"doctor"}})[0].NameLocalizations)

	// What is registered reads the same, and changes nothing.
	encoded, err := json.Marshal(commands)
	require.NoError(t, err)
	var registered []*discordgo.ApplicationCommand
	require.NoError(t, json.Unmarshal(encoded, &registered))
	require.Empty(t, render.Diff(registered, commands))
	require.NotEmpty(t, render.Diff(registered, named(nil)))

	_, err = render.Commands([]chat.Spec{{Verb: "health", Summary: "How modbot is", Aliases: map[string][]string{"de": {"Zustand heute"}}}}, "")
	require.Error(t, err)
}

func TestCommands_RefusesWhatDiscordWould(t *testing.T) {
	option := chat.OptionSpec{Name: "a", Summary: "A"}
	many := make([]chat.OptionSpec, 26)
	for i := range many {
		many[i] = chat.OptionSpec{Name: fmt.Sprint("o", i), Summary: "O"}
	}
	for name, c := range map[string]struct {
		spec   chat.Spec
		prefix string
		want   string
	}{
		"a name with capitals":        {chat.Spec{Verb: "Mute", Summary: "S"}, "", "lower-case"},
		"a name with a space":         {chat.Spec{Verb: "mute all", Summary: "S"}, "", "holds"},
		"a prefix that is too long":   {chat.Spec{Verb: "mute", Summary: "S"}, strings.Repeat("a", 29), "33 characters"},
		"no summary":                  {chat.Spec{Verb: "mute"}, "", "description"},
		"a summary that is too long":  {chat.Spec{Verb: "mute", Summary: strings.Repeat("a", 101)}, "", "101 characters"},
		"too many options":            {chat.Spec{Verb: "mute", Summary: "S", Options: many}, "", "26 options"},
		"two options of one name":     {chat.Spec{Verb: "mute", Summary: "S", Options: []chat.OptionSpec{option, option}}, "", "two of that name"},
		"an option without a summary": {chat.Spec{Verb: "mute", Summary: "S", Options: []chat.OptionSpec{{Name: "a"}}}, "", `option "a"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := render.Commands([]chat.Spec{c.spec}, c.prefix)
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := render.Commands([]chat.Spec{{Verb: "a", Summary: "S"}, {Verb: "a", Summary: "S"}, {Verb: "B", Summary: "S"}}, "")
	require.ErrorContains(t, err, "two of that name")
	require.ErrorContains(t, err, "lower-case", "all problems at once")
}

func TestDiff_IsEmptyForWhatIsRegistered(t *testing.T) {
	want, err := render.Commands(specs(), "")
	require.NoError(t, err)
	require.Empty(t, render.Diff(want, want))
	require.Empty(t, render.Diff(nil, nil))

	// As the server gives them back: with ids and versions, without what is a
	// default, and with nothing about contexts in a guild.
	encoded, err := json.Marshal(want)
	require.NoError(t, err)
	var raw []map[string]any
	require.NoError(t, json.Unmarshal(encoded, &raw))
	for i, c := range raw {
		c["id"], c["application_id"], c["guild_id"], c["version"], c["nsfw"] = fmt.Sprint(i), "1", "2", "3", false
		c["contexts"], c["integration_types"] = nil, nil
	}
	encoded, err = json.Marshal(raw)
	require.NoError(t, err)
	var have []*discordgo.ApplicationCommand
	require.NoError(t, json.Unmarshal(encoded, &have))
	require.Empty(t, render.Diff(have, want))
}

func TestDiff_SaysWhatDiffers(t *testing.T) {
	have, err := render.Commands(specs(), "")
	require.NoError(t, err)
	changed := specs()
	changed[0].Summary = "Mute"
	changed[0].Options[3].MaxRunes = 500
	changed[0].Options[2].Suggests = false
	changed[1].Options = changed[1].Options[:1]
	changed[3].Verb = "helpme"
	want, err := render.Commands(changed, "")
	require.NoError(t, err)
	*want[2].DefaultMemberPermissions = 0
	var lines []string
	for _, c := range render.Diff(have, want) {
		lines = append(lines, c.String())
	}
	require.Equal(t, []string{
		"+ create /helpme",
		"~ update /mute\n" +
			"    description: “Stop accounts from sending, for a while or permanently” → “Mute”\n" +
			"    option term, autocompleted: “yes” → “no”\n" +
			"    option reason, longest: “1000” → “500”",
		"~ update /confirm\n    order of options: “case, choice” → “case”",
		"~ update /mutes\n    permission needed by default: “Moderate Members” → “administrators only”",
		"- delete /help",
	}, lines)
	menu := &discordgo.ApplicationCommand{Type: discordgo.UserApplicationCommand, Name: "mute"}
	changes := render.Diff([]*discordgo.ApplicationCommand{menu}, []*discordgo.ApplicationCommand{{Name: "mute", Description: "d"}})
	require.Len(t, changes, 2, "a menu isn't the command of its name")
}
