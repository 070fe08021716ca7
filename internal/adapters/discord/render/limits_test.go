package render_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/bwmarrin/discordgo"
	"github.com/stretchr/testify/require"
)

// The documented limits, as Discord's reference has them; nothing here is taken
// from the package under test.

func length(text string) int { return len(utf16.Encode([]rune(text))) }

// documented is a message as Discord takes it.
type documented struct {
	Content    string `json:"content"`
	Components []struct {
		Type       int `json:"type"`
		Components []struct {
			Type     int    `json:"type"`
			Style    int    `json:"style"`
			Label    string `json:"label"`
			CustomID string `json:"custom_id"`
		} `json:"components"`
	} `json:"components"`
	Allowed *struct {
		Parse []string `json:"parse"`
		Roles []string `json:"roles"`
		Users []string `json:"users"`
	} `json:"allowed_mentions"`
}

// requireMessage holds anything that marshals to a message to the limits of
// one, and returns it.
func requireMessage(t require.TestingT, body any) documented {
	encoded, err := json.Marshal(body)
	require.NoError(t, err)
	var m documented
	require.NoError(t, json.Unmarshal(encoded, &m))
	require.True(t, utf8.ValidString(m.Content))
	require.NotEmpty(t, strings.TrimSpace(m.Content), "Discord takes no empty message")
	require.LessOrEqual(t, length(m.Content), 2000)
	require.NotNil(t, m.Allowed)
	require.NotNil(t, m.Allowed.Parse, "null would allow all mentions")
	require.Empty(t, m.Allowed.Parse)
	require.LessOrEqual(t, len(m.Components), 5)
	ids := make(map[string]bool)
	for _, row := range m.Components {
		require.Equal(t, 1, row.Type)
		require.NotEmpty(t, row.Components)
		require.LessOrEqual(t, len(row.Components), 5)
		for _, b := range row.Components {
			require.Equal(t, 2, b.Type)
			require.Contains(t, []int{1, 2, 3, 4}, b.Style)
			require.NotEmpty(t, b.Label)
			require.LessOrEqual(t, length(b.Label), 80)
			require.NotEmpty(t, b.CustomID)
			require.LessOrEqual(t, len(b.CustomID), 100)
			require.NotContains(t, ids, b.CustomID, "two buttons of one id")
			ids[b.CustomID] = true
		}
	}
	return m
}

// requireModal holds a modal to its limits.
func requireModal(t require.TestingT, data *discordgo.InteractionResponseData) {
	require.NotEmpty(t, data.Title)
	require.LessOrEqual(t, length(data.Title), 45)
	require.NotEmpty(t, data.CustomID)
	require.LessOrEqual(t, len(data.CustomID), 100)
	require.NotEmpty(t, data.Components)
	require.LessOrEqual(t, len(data.Components), 5)
	ids := make(map[string]bool)
	for _, c := range data.Components {
		row, is := c.(discordgo.ActionsRow)
		require.True(t, is)
		require.Len(t, row.Components, 1)
		in, is := row.Components[0].(discordgo.TextInput)
		require.True(t, is)
		require.NotEmpty(t, in.Label)
		require.LessOrEqual(t, length(in.Label), 45)
		require.LessOrEqual(t, length(in.Placeholder), 100)
		require.Contains(t, []discordgo.TextInputStyle{discordgo.TextInputShort, discordgo.TextInputParagraph}, in.Style)
		require.GreaterOrEqual(t, in.MaxLength, 1)
		require.LessOrEqual(t, in.MaxLength, 4000)
		require.LessOrEqual(t, length(in.Value), in.MaxLength, "Discord refuses a value that is longer than allowed")
		require.NotContains(t, ids, in.CustomID)
		ids[in.CustomID] = true
	}
}

// requireCommands holds what is registered to its limits.
func requireCommands(t *testing.T, commands []*discordgo.ApplicationCommand) {
	t.Helper()
	name := regexp.MustCompile(`^[-_'\p{L}\p{N}\p{Devanagari}\p{Thai}]{1,32}$`)
	count := make(map[discordgo.ApplicationCommandType]int)
	for _, c := range commands {
		count[c.Type]++
		require.NotNil(t, c.DefaultMemberPermissions)
		require.EqualValues(t, 1<<40, *c.DefaultMemberPermissions, "Moderate Members")
		require.Equal(t, []discordgo.InteractionContextType{0}, *c.Contexts)
		require.Equal(t, []discordgo.ApplicationIntegrationType{0}, *c.IntegrationTypes)
		if c.Type != discordgo.ChatApplicationCommand {
			require.Empty(t, c.Description)
			require.Empty(t, c.Options)
			require.LessOrEqual(t, length(c.Name), 32)
			continue
		}
		require.Regexp(t, name, c.Name)
		require.Equal(t, strings.ToLower(c.Name), c.Name)
		require.LessOrEqual(t, length(c.Description), 100)
		require.NotEmpty(t, c.Description)
		require.LessOrEqual(t, len(c.Options), 25)
		required := true
		for _, o := range c.Options {
			require.Regexp(t, name, o.Name)
			require.NotEmpty(t, o.Description)
			require.LessOrEqual(t, length(o.Description), 100)
			require.LessOrEqual(t, len(o.Choices), 25)
			require.False(t, o.Autocomplete && len(o.Choices) > 0, "choices and autocomplete exclude each other")
			require.False(t, o.Required && !required, "required options come first")
			required = o.Required
		}
	}
	require.LessOrEqual(t, count[discordgo.ChatApplicationCommand], 100)
	require.LessOrEqual(t, count[discordgo.UserApplicationCommand], 15)
	require.LessOrEqual(t, count[discordgo.MessageApplicationCommand], 15)
}
