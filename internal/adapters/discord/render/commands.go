package render

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bwmarrin/discordgo"

	"modbot/internal/chat"
)

// The context menus. Both open the form of the verb MenuVerb: on a member, and
// on the author of a message.
const (
	MenuVerb   = "mute"
	MenuMember = "Mute…"
	MenuAuthor = "Mute author…"
)

// Commands is what is registered in a guild: a typed command for each verb and
// the context menus, hidden from members without Moderate Members until the
// guild's admins say otherwise. Whatever Discord hides or shows, who may do what
// is decided again for each delivery. Every value is a string, so that accounts,
// terms and cases can be written as everywhere else; the options of type user
// deliver an id. What Discord would refuse is an error here.
func Commands(specs []chat.Spec, prefix string) ([]*discordgo.ApplicationCommand, error) {
	var out []*discordgo.ApplicationCommand
	var problems []error
	names := make(map[string]bool)
	menus := false
	for _, s := range specs {
		c, err := slash(s, prefix)
		if err != nil {
			problems = append(problems, fmt.Errorf("the command of %q: %w", s.Verb, err))
			continue
		}
		if names[c.Name] {
			problems = append(problems, fmt.Errorf("the command of %q: there are two of that name", s.Verb))
		}
		names[c.Name] = true
		menus = menus || s.Verb == MenuVerb
		out = append(out, c)
	}
	if len(out) > MaxSlash {
		problems = append(problems, fmt.Errorf("%d commands; %d are the most", len(out), MaxSlash))
	}
	if menus {
		out = append(
			out,
			guarded(&discordgo.ApplicationCommand{Type: discordgo.UserApplicationCommand, Name: MenuMember}),
			guarded(&discordgo.ApplicationCommand{Type: discordgo.MessageApplicationCommand, Name: MenuAuthor}),
		)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("making the commands to register: %w", err)
	}
	return out, nil
}

// guarded hides a command from those who moderate nothing, and keeps it to
// guilds.
func guarded(c *discordgo.ApplicationCommand) *discordgo.ApplicationCommand {
	c.DefaultMemberPermissions = new(int64(discordgo.PermissionModerateMembers))
	c.Contexts = &[]discordgo.InteractionContextType{discordgo.InteractionContextGuild}
	c.IntegrationTypes = &[]discordgo.ApplicationIntegrationType{discordgo.ApplicationIntegrationGuildInstall}
	return c
}

// slash is the typed command of one verb.
func slash(s chat.Spec, prefix string) (*discordgo.ApplicationCommand, error) {
	c := guarded(&discordgo.ApplicationCommand{
		Type: discordgo.ChatApplicationCommand, Name: prefix + s.Verb, Description: s.Summary,
	})
	problems := []error{checkName(c.Name), checkDescription(c.Description)}
	if names := localNames(s.Aliases, prefix); len(names) > 0 {
		c.NameLocalizations = &names
		for _, name := range names {
			problems = append(problems, checkName(name))
		}
	}
	if len(s.Options) > MaxOptions {
		problems = append(problems, fmt.Errorf("%d options; %d are the most", len(s.Options), MaxOptions))
	}
	names := make(map[string]bool)
	for _, o := range requiredFirst(s.Options) {
		option := typedOption(o)
		c.Options = append(c.Options, option)
		if err := checkOption(option); err != nil {
			problems = append(problems, fmt.Errorf("option %q: %w", o.Name, err))
		}
		if names[o.Name] {
			problems = append(problems, fmt.Errorf("option %q: there are two of that name", o.Name))
		}
		names[o.Name] = true
	}
	return c, errors.Join(problems...)
}

// localNames are a command's names in other languages than English: the first
// alias of each, where Discord knows the language. A tag without a region stands
// for every region of that language. Deliveries have the name that isn't
// localised.
func localNames(aliases map[string][]string, prefix string) map[discordgo.Locale]string {
	out := make(map[discordgo.Locale]string)
	for locale := range discordgo.Locales {
		language, _, _ := strings.Cut(string(locale), "-")
		if language == "en" {
			continue
		}
		for _, tag := range []string{string(locale), language} {
			if names := aliases[tag]; len(names) > 0 {
				out[locale] = prefix + names[0]
				break
			}
		}
	}
	delete(out, discordgo.Unknown)
	return out
}

func requiredFirst(options []chat.OptionSpec) []chat.OptionSpec {
	out := slices.Clone(options)
	slices.SortStableFunc(out, func(a, b chat.OptionSpec) int {
		switch {
		case a.Required == b.Required:
			return 0
		case a.Required:
			return -1
		default:
			return 1
		}
	})
	return out
}

// typedOption is one option. Accounts are text: Discord's picker of members
// knows none of Tencent's accounts, while a text also takes a mention.
func typedOption(o chat.OptionSpec) *discordgo.ApplicationCommandOption {
	out := &discordgo.ApplicationCommandOption{
		Type: discordgo.ApplicationCommandOptionString, Name: o.Name, Description: o.Summary,
		Required: o.Required, Autocomplete: o.Suggests, MaxLength: min(o.MaxRunes, MaxOptionLength),
	}
	switch o.Kind {
	case chat.OptionScope:
		out.Autocomplete, out.MaxLength = false, 0 // a choice excludes both
		out.Choices = []*discordgo.ApplicationCommandOptionChoice{
			{Name: "all: groups and one-to-one", Value: "all"},
			{Name: "group: groups only", Value: "group"},
			{Name: "c2c: one-to-one only", Value: "c2c"},
		}
	case chat.OptionActor, chat.OptionMember:
		out.Type, out.Autocomplete, out.MaxLength = discordgo.ApplicationCommandOptionUser, false, 0
	case chat.OptionAccounts, chat.OptionAccount, chat.OptionTerm, chat.OptionText, chat.OptionCase, chat.OptionChoice, chat.OptionVerb:
	}
	return out
}

// checkName holds a name to Discord's rule for typed commands and options.
func checkName(name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > MaxCommandName {
		return fmt.Errorf("the name %q has %d characters, not 1 to %d", name, n, MaxCommandName)
	}
	if strings.ToLower(name) != name {
		return fmt.Errorf("the name %q isn't lower-case", name)
	}
	for _, r := range name {
		if r != '-' && r != '_' && r != '\'' && !unicode.In(r, unicode.L, unicode.N, unicode.Devanagari, unicode.Thai) {
			return fmt.Errorf("the name %q holds %q", name, r)
		}
	}
	return nil
}

func checkDescription(text string) error {
	if n := units(text); n < 1 || n > MaxDescription {
		return fmt.Errorf("the description %q has %d characters, not 1 to %d", text, n, MaxDescription)
	}
	return nil
}

func checkOption(o *discordgo.ApplicationCommandOption) error {
	problems := []error{checkName(o.Name), checkDescription(o.Description)}
	if len(o.Choices) > MaxChoices {
		problems = append(problems, fmt.Errorf("%d choices; %d are the most", len(o.Choices), MaxChoices))
	}
	return errors.Join(problems...)
}
