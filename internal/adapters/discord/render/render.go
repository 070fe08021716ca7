// Package render makes what Discord shows out of what the core says, and what
// the core reads out of what Discord's controls return. It does no I/O.
//
// The model: a chat.Message becomes a Body, the part of a message that modbot
// decides about. Our own words are plain content, never embeds: an embed is
// dropped where the bot may not embed links, hidden from people who switched
// previews off, and absent from notifications, and an audit channel that shows
// nothing witnesses nothing. Somebody's words are made visible (chat.Visible)
// and then escaped for Discord's Markdown, once, so that they show as text,
// link nowhere and ping nobody.
//
// Invariants:
//   - Every Body is within Discord's limits, whatever it was made of; somebody's
//     words give way first, cut between characters as people see them. Lengths
//     are counted in UTF-16 units, which is never less than what Discord counts.
//   - Every Body says allowed_mentions with an empty parse list. Only ids that
//     the configuration names are listed, and only in posts that alarm.
//   - What goes into a custom_id comes back the same, or the button isn't made.
//   - Decoders accept what the encoders here make, and nothing else.
package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf16"

	"github.com/bwmarrin/discordgo"
)

// Discord's limits, in characters unless said otherwise (resources/message,
// components/reference, interactions/application-commands).
const (
	MaxContent      = 2000
	MaxLabel        = 80
	MaxCustomID     = 100
	MaxRows         = 5
	MaxRowButtons   = 5
	MaxModalTitle   = 45
	MaxModalInputs  = 5
	MaxInputLabel   = 45
	MaxInputHint    = 100
	MaxInputValue   = 4000
	MaxChoices      = 25 // of an option, and of an autocompletion
	MaxChoiceName   = 100
	MaxChoiceValue  = 100
	MaxOptions      = 25
	MaxCommandName  = 32
	MaxDescription  = 100
	MaxSlash        = 100 // commands of type CHAT_INPUT in a guild
	MaxOptionLength = 6000
	maxMentions     = 20 // ours: nobody is paged by a list longer than this
	maxSnowflake    = 20 // digits of a 64-bit number
)

// Body is what a message holds. Its JSON is what Discord takes for a new
// message, an edit or a follow-up; nothing of an earlier version of an edited
// message remains, because every field is always said.
type Body struct {
	Content    string
	Components []discordgo.MessageComponent // rows of buttons
	// Roles and Users are the ids that the message may ping. They are set for
	// alarms alone, from the configuration.
	Roles, Users []string
}

// AllowedMentions is who may be pinged: the listed ids, and nobody by what the
// content says.
func (b Body) AllowedMentions() *discordgo.MessageAllowedMentions {
	// The library writes a nil Parse as null, which Discord takes for "all".
	return &discordgo.MessageAllowedMentions{Parse: []discordgo.AllowedMentionType{}, Roles: b.Roles, Users: b.Users}
}

// Data is the body as the initial response to an interaction.
func (b Body) Data(flags discordgo.MessageFlags) *discordgo.InteractionResponseData {
	return &discordgo.InteractionResponseData{
		Content: b.Content, Components: b.rows(), AllowedMentions: b.AllowedMentions(), Flags: flags,
		Embeds: []*discordgo.MessageEmbed{},
	}
}

// rows is never nil, so that an edit removes the buttons of what it replaces.
func (b Body) rows() []discordgo.MessageComponent {
	if b.Components == nil {
		return []discordgo.MessageComponent{}
	}
	return b.Components
}

// wire is a Body as Discord's JSON.
type wire struct {
	Content    string   `json:"content"`
	Components []any    `json:"components"`
	Mentions   mentions `json:"allowed_mentions"`
}

type mentions struct {
	Parse []string `json:"parse"`
	Roles []string `json:"roles,omitempty"`
	Users []string `json:"users,omitempty"`
}

// MarshalJSON is what Discord takes.
func (b Body) MarshalJSON() ([]byte, error) {
	w := wire{
		Content: b.Content, Components: make([]any, 0, len(b.Components)),
		Mentions: mentions{Parse: []string{}, Roles: b.Roles, Users: b.Users},
	}
	for _, c := range b.Components {
		w.Components = append(w.Components, c)
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON wrote, and refuses anything else.
func (b *Body) UnmarshalJSON(data []byte) error {
	var w struct {
		Content    string            `json:"content"`
		Components []json.RawMessage `json:"components"`
		Mentions   *mentions         `json:"allowed_mentions"`
	}
	if err := strict(data, &w); err != nil {
		return err
	}
	if w.Mentions == nil || w.Mentions.Parse == nil || len(w.Mentions.Parse) > 0 {
		return errors.New("a body without an empty list of parsed mentions")
	}
	out := Body{Content: w.Content, Roles: w.Mentions.Roles, Users: w.Mentions.Users}
	for _, raw := range w.Components {
		row, err := decodeRow(raw)
		if err != nil {
			return err
		}
		out.Components = append(out.Components, row)
	}
	if err := out.valid(); err != nil {
		return err
	}
	*b = out
	return nil
}

// decodeRow reads a row of buttons.
func decodeRow(raw json.RawMessage) (discordgo.ActionsRow, error) {
	var row struct {
		Type       discordgo.ComponentType `json:"type"`
		Components []struct {
			Type     discordgo.ComponentType `json:"type"`
			Label    string                  `json:"label"`
			Style    discordgo.ButtonStyle   `json:"style"`
			Disabled bool                    `json:"disabled"`
			CustomID string                  `json:"custom_id"`
		} `json:"components"`
	}
	if err := strict(raw, &row); err != nil {
		return discordgo.ActionsRow{}, err
	}
	if row.Type != discordgo.ActionsRowComponent {
		return discordgo.ActionsRow{}, fmt.Errorf("a component of type %d where a row is due", row.Type)
	}
	var out discordgo.ActionsRow
	for _, c := range row.Components {
		if c.Type != discordgo.ButtonComponent {
			return discordgo.ActionsRow{}, fmt.Errorf("a component of type %d where a button is due", c.Type)
		}
		out.Components = append(out.Components, discordgo.Button{
			Label: c.Label, Style: c.Style, Disabled: c.Disabled, CustomID: c.CustomID,
		})
	}
	return out, nil
}

// valid holds the body to the limits of what this package makes.
func (b Body) valid() error {
	switch {
	case b.Content == "":
		return errors.New("a body without content")
	case units(b.Content) > MaxContent:
		return fmt.Errorf("a body of %d characters; %d are the most", units(b.Content), MaxContent)
	case len(b.Components) > MaxRows:
		return fmt.Errorf("a body with %d rows; %d are the most", len(b.Components), MaxRows)
	case len(b.Roles)+len(b.Users) > maxMentions:
		return fmt.Errorf("a body that mentions %d; %d are the most", len(b.Roles)+len(b.Users), maxMentions)
	}
	for _, id := range append(append([]string{}, b.Roles...), b.Users...) {
		if !snowflake(id) {
			return fmt.Errorf("a body that mentions %q, which is no id", id)
		}
	}
	for _, c := range b.Components {
		row, ok := c.(discordgo.ActionsRow)
		if !ok || len(row.Components) == 0 || len(row.Components) > MaxRowButtons {
			return fmt.Errorf("a row without 1 to %d buttons", MaxRowButtons)
		}
		for _, c := range row.Components {
			button, ok := c.(discordgo.Button)
			if !ok || units(button.Label) > MaxLabel || button.CustomID == "" || units(button.CustomID) > MaxCustomID {
				return errors.New("a button beyond Discord's limits")
			}
		}
	}
	return nil
}

// strict decodes one JSON value with no unknown fields and nothing behind it.
func strict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("reading a body: %w", err)
	}
	if d.More() {
		return errors.New("reading a body: something follows it")
	}
	return nil
}

// units is the length of text in UTF-16 units. Discord counts characters; this
// is never less.
func units(text string) int {
	n := 0
	for _, r := range text {
		n += utf16.RuneLen(r)
	}
	return n
}

// snowflake reports whether text is an id of Discord's.
func snowflake(text string) bool {
	if text == "" || len(text) > maxSnowflake {
		return false
	}
	for _, r := range text {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}
