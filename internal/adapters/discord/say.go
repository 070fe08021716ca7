package discord

import (
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/bwmarrin/discordgo"

	"modbot/internal/adapters"
	"modbot/internal/adapters/discord/render"
	"modbot/internal/chat"
)

// What the adapter says itself: about deliveries that never reach the core.

func sayInGuildsOnly() chat.Message {
	return chat.Text("modbot answers in its server, not in direct messages. Nothing was done.")
}

func sayNotOurs() chat.Message {
	return chat.Text("This button or form isn't one that modbot knows, or it is too old. Nothing was done; type the command instead.")
}

// elsewhere is a reply as a direct message: buttons act in servers only.
func elsewhere(r chat.Reply) chat.Reply {
	r.Message = chat.Message{Lines: append(slices.Clone(r.Message.Lines), chat.Line{
		chat.Plain("This comes as a direct message, because Discord took no more answers to the command itself."),
	})}
	return r
}

// privately is a message as a first response, for the actor alone.
func privately(m chat.Message) *discordgo.InteractionResponse {
	return &discordgo.InteractionResponse{
		Type: discordgo.InteractionResponseChannelMessageWithSource,
		Data: render.Reply(m).Data(discordgo.MessageFlagsEphemeral),
	}
}

// offer is suggestions as a response. A value that is too long for Discord can't
// be offered: cut, it would mean something else.
func offer(suggestions []chat.Suggestion) *discordgo.InteractionResponse {
	choices := make([]*discordgo.ApplicationCommandOptionChoice, 0, render.MaxChoices)
	for _, s := range suggestions {
		label := s.Label
		if strings.TrimSpace(label) == "" {
			label = s.Value
		}
		name := adapters.Cut(strings.TrimSpace(chat.Visible(label)), render.MaxChoiceName, units)
		if name == "" || s.Value == "" || units(s.Value) > render.MaxChoiceValue || len(choices) == render.MaxChoices {
			continue
		}
		choices = append(choices, &discordgo.ApplicationCommandOptionChoice{Name: name, Value: s.Value})
	}
	return &discordgo.InteractionResponse{
		Type: discordgo.InteractionApplicationCommandAutocompleteResult,
		Data: &discordgo.InteractionResponseData{Choices: choices},
	}
}

// units is the length of text in UTF-16 units, which is never less than what
// Discord counts.
func units(text string) int { return len(utf16.Encode([]rune(text))) }
