package discord

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"modbot/internal/chat"
)

// kind is what an interaction is, in the words of metrics.
type kind string

const (
	kindPing    kind = "ping"
	kindCommand kind = "command"
	kindClick   kind = "click"
	kindForm    kind = "form"
	kindSuggest kind = "suggest"
	kindUnknown kind = "unknown"
)

// maxToken bounds the token of an interaction; Discord's have some 200 bytes.
const maxToken = 1024

// interaction is what modbot needs of one, checked.
type interaction struct {
	kind     kind
	id       string
	token    string // answers it; never logged
	guild    string // empty in a direct message
	channel  chat.Channel
	actor    chat.Actor
	received time.Time

	rolesKnown bool
	roles      []string

	command  command
	customID string // of a click or a form
	form     discordgo.ModalSubmitInteractionData
	// private says that a click was on a message that only its actor sees, which
	// is one of our own answers.
	private bool
}

// command is a typed command, a context menu, or one that is being typed.
type command struct {
	menu    discordgo.ApplicationCommandType
	name    string
	options []chat.Option
	focused string // the option that is being typed
	target  string // of a menu: the member, or the author of the message
}

// wireInteraction is the part of Discord's object that is read.
type wireInteraction struct {
	Type          discordgo.InteractionType `json:"type"`
	ID            string                    `json:"id"`
	ApplicationID string                    `json:"application_id"`
	Token         string                    `json:"token"`
	GuildID       string                    `json:"guild_id"`
	ChannelID     string                    `json:"channel_id"`
	Channel       struct {
		Name string `json:"name"`
	} `json:"channel"`
	Member *struct {
		User  wireUser `json:"user"`
		Nick  string   `json:"nick"`
		Roles []string `json:"roles"` // nil when it isn't there
	} `json:"member"`
	User    *wireUser `json:"user"`
	Message struct {
		Flags discordgo.MessageFlags `json:"flags"`
	} `json:"message"`
	Data json.RawMessage `json:"data"`
}

type wireUser struct {
	ID         string `json:"id"`
	Username   string `json:"username"`
	GlobalName string `json:"global_name"`
}

// wireCommand is the data of a command.
type wireCommand struct {
	Name     string                           `json:"name"`
	Type     discordgo.ApplicationCommandType `json:"type"`
	Options  []wireOption                     `json:"options"`
	TargetID string                           `json:"target_id"`
	Resolved struct {
		Messages map[string]struct {
			Author wireUser `json:"author"`
		} `json:"messages"`
	} `json:"resolved"`
}

type wireOption struct {
	Name    string                                 `json:"name"`
	Type    discordgo.ApplicationCommandOptionType `json:"type"`
	Value   json.RawMessage                        `json:"value"`
	Focused bool                                   `json:"focused"`
}

// decodeInteraction reads an interaction of an application. The kind is right
// also beside an error, as far as it could be read.
func decodeInteraction(body []byte, application string, received time.Time) (interaction, error) {
	var w wireInteraction
	if err := json.Unmarshal(body, &w); err != nil {
		return interaction{kind: kindUnknown}, fmt.Errorf("reading an interaction: %w", err)
	}
	in := interaction{kind: kindOf(w.Type), id: w.ID, token: w.Token, guild: w.GuildID, received: received}
	switch {
	case in.kind == kindPing:
		return in, nil
	case in.kind == kindUnknown:
		return in, fmt.Errorf("reading an interaction: type %d isn't known", w.Type)
	case w.ApplicationID != "" && w.ApplicationID != application:
		return in, errors.New("reading an interaction: it is another application's")
	case !snowflake(w.ID) || w.GuildID != "" && !snowflake(w.GuildID) || !snowflake(w.ChannelID):
		return in, errors.New("reading an interaction: one of its ids isn't one")
	case !tokenLike(w.Token):
		return in, errors.New("reading an interaction: its token isn't one")
	}
	in.channel = chat.Channel{ID: w.ChannelID, Name: w.Channel.Name}
	in.private = w.Message.Flags&discordgo.MessageFlagsEphemeral != 0
	if err := in.setActor(w); err != nil {
		return in, err
	}
	return in, in.setData(w.Data)
}

func kindOf(t discordgo.InteractionType) kind {
	switch t {
	case discordgo.InteractionPing:
		return kindPing
	case discordgo.InteractionApplicationCommand:
		return kindCommand
	case discordgo.InteractionMessageComponent:
		return kindClick
	case discordgo.InteractionModalSubmit:
		return kindForm
	case discordgo.InteractionApplicationCommandAutocomplete:
		return kindSuggest
	}
	return kindUnknown
}

// setActor reads who it was: a member in a guild, a user elsewhere.
func (in *interaction) setActor(w wireInteraction) error {
	var user wireUser
	name := ""
	switch {
	case w.Member != nil:
		user, name = w.Member.User, w.Member.Nick
		in.roles, in.rolesKnown = w.Member.Roles, w.Member.Roles != nil
	case w.User != nil:
		user = *w.User
	}
	if !snowflake(user.ID) || !allSnowflakes(in.roles) {
		return errors.New("reading an interaction: its actor has no id, or a role that is none")
	}
	for _, n := range []string{name, user.GlobalName, user.Username, user.ID} {
		if strings.TrimSpace(n) != "" {
			in.actor = chat.Actor{ID: user.ID, Name: n}
			break
		}
	}
	return nil
}

// setData reads what was asked.
func (in *interaction) setData(data json.RawMessage) error {
	switch in.kind {
	case kindCommand, kindSuggest:
		return in.setCommand(data)
	case kindClick:
		var click struct {
			CustomID string `json:"custom_id"`
		}
		if err := json.Unmarshal(data, &click); err != nil {
			return fmt.Errorf("reading a click: %w", err)
		}
		in.customID = click.CustomID
	case kindForm:
		if err := json.Unmarshal(data, &in.form); err != nil {
			return fmt.Errorf("reading a form: %w", err)
		}
		in.customID = in.form.CustomID
	case kindPing, kindUnknown:
	}
	return nil
}

func (in *interaction) setCommand(data json.RawMessage) error {
	var w wireCommand
	if err := json.Unmarshal(data, &w); err != nil {
		return fmt.Errorf("reading a command: %w", err)
	}
	if w.Name == "" {
		return errors.New("reading a command: it has no name")
	}
	in.command = command{menu: w.Type, name: w.Name, target: w.TargetID}
	if w.Type == discordgo.MessageApplicationCommand {
		in.command.target = w.Resolved.Messages[w.TargetID].Author.ID
	}
	if in.menu() && !snowflake(in.command.target) {
		return errors.New("reading a command: its target has no id")
	}
	for _, o := range w.Options {
		value, err := o.text()
		if err != nil {
			return err
		}
		if o.Focused {
			in.command.focused = o.Name
		}
		in.command.options = append(in.command.options, chat.Option{Name: o.Name, Value: value})
	}
	if in.kind == kindSuggest && in.command.focused == "" {
		return errors.New("reading a command: nothing is being typed")
	}
	return nil
}

// menu reports whether the command came from a context menu.
func (in *interaction) menu() bool {
	return in.command.menu == discordgo.UserApplicationCommand || in.command.menu == discordgo.MessageApplicationCommand
}

// text is the value as it would have been typed. While it is being typed,
// Discord sends a number as text.
func (o wireOption) text() (string, error) {
	var text string
	if len(o.Value) > 0 && o.Value[0] == '"' {
		if err := json.Unmarshal(o.Value, &text); err != nil {
			return "", fmt.Errorf("reading option %q: %w", o.Name, err)
		}
	} else {
		var number json.Number
		if err := json.Unmarshal(o.Value, &number); err != nil {
			return "", fmt.Errorf("reading option %q: its value is neither text nor number", o.Name)
		}
		text = number.String()
	}
	if o.Type == discordgo.ApplicationCommandOptionUser && snowflake(text) {
		return mention(text), nil
	}
	return text, nil
}

// mention is a member as the text form writes one.
func mention(id string) string { return "<@" + id + ">" }

// snowflake reports whether text is an id of Discord's.
func snowflake(text string) bool {
	const digits = 20 // of a 64-bit number
	return text != "" && len(text) <= digits && strings.Trim(text, "0123456789") == ""
}

func allSnowflakes(ids []string) bool {
	return !slices.ContainsFunc(ids, func(id string) bool { return !snowflake(id) })
}

// tokenLike reports whether text can be a token: it goes into addresses.
func tokenLike(text string) bool {
	if text == "" || len(text) > maxToken {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`/\?#%`, r)
	}) && strings.Trim(text, ".") != ""
}
