package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"modbot/internal/adapters"
	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/chat"
)

// The kinds of delivery, as the meter counts them.
const (
	kindCommand  = "command"
	kindClick    = "click"
	kindForm     = "form"
	kindShortcut = "shortcut"
	kindPing     = "ping"
	kindEvent    = "event"
	kindUnknown  = "unknown"
)

// What is read of ids and names from outside.
const (
	maxKey  = 255 // trigger_id, envelope_id, callback_id
	maxName = 80  // characters of a name for people
	maxURL  = 2000
)

var errMalformed = errors.New("malformed")

// delivery is one thing that Slack delivered. Its fields are checked for their
// form; what they say is believed only as far as it was signed.
type delivery struct {
	kind       string
	key        string // the trigger_id, or the id of the envelope
	team       string
	enterprise string
	channel    chat.Channel
	actor      chat.Actor
	trigger    string
	answerURL  string // empty where Slack gives none
	received   time.Time
	// private says that a click came from a message that only the actor sees.
	private bool

	// One of the following, by kind; all empty for the unknown.
	command, text string      // kindCommand
	click         chat.Click  // kindClick
	opens         string      // kindClick: the verb whose form the button opens; may be empty
	callback      string      // kindShortcut and kindForm
	author        string      // kindShortcut on a message: who wrote it
	view          *slack.View // kindForm
}

// slashCommand is a command as Socket Mode delivers it; HTTP has the same names
// in a form.
type slashCommand struct {
	SSLCheck     string `json:"ssl_check"`
	TeamID       string `json:"team_id"`
	EnterpriseID string `json:"enterprise_id"`
	ChannelID    string `json:"channel_id"`
	ChannelName  string `json:"channel_name"`
	UserID       string `json:"user_id"`
	UserName     string `json:"user_name"`
	Command      string `json:"command"`
	Text         string `json:"text"`
	ResponseURL  string `json:"response_url"`
	TriggerID    string `json:"trigger_id"`
}

// commandForm decodes a command from the body of a request.
func commandForm(body []byte) (delivery, error) {
	var c slashCommand
	if err := readForm(body, c.field); err != nil {
		return delivery{kind: kindCommand}, err
	}
	return c.delivery()
}

// field is where a field of the form goes; nil where nobody reads it.
func (c *slashCommand) field(name string) *string {
	switch name {
	case "ssl_check":
		return &c.SSLCheck
	case "team_id":
		return &c.TeamID
	case "enterprise_id":
		return &c.EnterpriseID
	case "channel_id":
		return &c.ChannelID
	case "channel_name":
		return &c.ChannelName
	case "user_id":
		return &c.UserID
	case "user_name":
		return &c.UserName
	case "command":
		return &c.Command
	case "text":
		return &c.Text
	case "response_url":
		return &c.ResponseURL
	case "trigger_id":
		return &c.TriggerID
	}
	return nil
}

// readForm reads the fields of a form for which there is a place. One that is
// there twice is malformed: another reader might have taken the other.
func readForm(body []byte, place func(name string) *string) error {
	for pair := range strings.SplitSeq(string(body), "&") {
		name, raw, _ := strings.Cut(pair, "=")
		value := place(name)
		if value == nil || raw == "" {
			continue
		}
		text, err := url.QueryUnescape(raw)
		if err != nil || *value != "" {
			return errMalformed
		}
		*value = text
	}
	return nil
}

// commandJSON decodes a command from an envelope.
func commandJSON(payload []byte) (delivery, error) {
	var c slashCommand
	if err := json.Unmarshal(payload, &c); err != nil {
		return delivery{kind: kindCommand}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return c.delivery()
}

func (c *slashCommand) delivery() (delivery, error) {
	if c.SSLCheck == "1" { // Slack looks whether the certificate is good
		return delivery{kind: kindPing}, nil
	}
	d := delivery{
		kind: kindCommand, key: c.TriggerID, team: c.TeamID, enterprise: c.EnterpriseID,
		channel: chat.Channel{ID: c.ChannelID, Name: named(c.ChannelName)},
		actor:   chat.Actor{ID: c.UserID, Name: named(c.UserName)},
		trigger: c.TriggerID, answerURL: c.ResponseURL, command: c.Command, text: c.Text,
	}
	if !isID(c.ChannelID, idChannel) || len(c.Command) < 2 || len(c.Command) > maxName || c.Command[0] != '/' ||
		!utf8.ValidString(c.Command) || !utf8.ValidString(c.Text) {
		return d, errMalformed
	}
	return d, d.check()
}

// interaction is what is read of a click, a shortcut or a submitted form. It is
// our own type, so that what a message or a workspace holds beside (blocks of
// the future, profiles) can't make a delivery undecodable.
type interaction struct {
	Type        string `json:"type"`
	CallbackID  string `json:"callback_id"`
	TriggerID   string `json:"trigger_id"`
	ResponseURL string `json:"response_url"`
	Team        struct {
		ID           string `json:"id"`
		EnterpriseID string `json:"enterprise_id"`
	} `json:"team"` // null on org-wide installations
	Enterprise struct {
		ID string `json:"id"`
	} `json:"enterprise"`
	User struct {
		ID       string `json:"id"`
		Username string `json:"username"`
		Name     string `json:"name"`
		TeamID   string `json:"team_id"`
	} `json:"user"`
	Channel struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"channel"`
	Container struct {
		Type        string `json:"type"`
		IsEphemeral bool   `json:"is_ephemeral"`
	} `json:"container"`
	Message struct {
		User string `json:"user"`
	} `json:"message"`
	Actions []struct {
		ActionID string `json:"action_id"`
		Type     string `json:"type"`
		Value    string `json:"value"`
	} `json:"actions"`
	View json.RawMessage `json:"view"`
}

// interactionForm decodes what is in the payload of a request's body.
func interactionForm(body []byte) (delivery, error) {
	var payload string
	place := func(name string) *string {
		if name == "payload" {
			return &payload
		}
		return nil
	}
	if err := readForm(body, place); err != nil {
		return delivery{kind: kindUnknown}, err
	}
	return interactionJSON([]byte(payload))
}

// interactionJSON decodes a click, a shortcut or a form. Of what modbot has no
// use for, the kind is unknown.
func interactionJSON(payload []byte) (delivery, error) {
	var in interaction
	if err := json.Unmarshal(payload, &in); err != nil {
		return delivery{kind: kindUnknown}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	d := delivery{
		kind: kindUnknown, key: in.TriggerID, team: first(in.Team.ID, in.User.TeamID),
		enterprise: first(in.Enterprise.ID, in.Team.EnterpriseID),
		channel:    chat.Channel{ID: in.Channel.ID, Name: named(in.Channel.Name)},
		actor:      chat.Actor{ID: in.User.ID, Name: named(first(in.User.Username, in.User.Name))},
		trigger:    in.TriggerID, answerURL: in.ResponseURL,
	}
	switch slack.InteractionType(in.Type) {
	case slack.InteractionTypeBlockActions:
		if len(in.Actions) == 1 && in.Actions[0].Type == "button" && in.Container.Type == "message" {
			d.pressed(in.Actions[0].ActionID, in.Actions[0].Value)
			d.private = in.Container.IsEphemeral || strings.HasPrefix(in.Channel.ID, "D")
		}
	case slack.InteractionTypeMessageAction:
		d.kind, d.callback, d.author = kindShortcut, in.CallbackID, in.Message.User
	case slack.InteractionTypeShortcut:
		d.kind, d.callback = kindShortcut, in.CallbackID
	case slack.InteractionTypeViewSubmission:
		d.kind, d.callback, d.view = kindForm, in.CallbackID, new(slack.View)
		if err := json.Unmarshal(in.View, d.view); err != nil {
			return d, fmt.Errorf("%w: %w", errMalformed, err)
		}
		d.callback = d.view.CallbackID
	default: // closed views, selections and what comes one day
	}
	if in.Type == "" || len(d.callback) > maxKey ||
		d.channel.ID != "" && !isID(d.channel.ID, idChannel) || d.author != "" && !isID(d.author, idUser) {
		return d, errMalformed
	}
	return d, d.check()
}

// pressed reads a button. One that is none of ours leaves the kind unknown.
func (d *delivery) pressed(action, value string) {
	if click, opens, err := blocks.DecodeClick(value); err == nil && blocks.IsAction(action) {
		d.kind, d.click, d.opens = kindClick, click, opens
	}
}

// check refuses what no delivery of Slack's looks like.
func (d *delivery) check() error {
	if !isID(d.team, idTeam) || !isID(d.actor.ID, idUser) || len(d.trigger) > maxKey || len(d.answerURL) > maxURL ||
		d.enterprise != "" && !isID(d.enterprise, idEnterprise) {
		return errMalformed
	}
	return nil
}

// invocation is what every invocation of the delivery has in common.
func (d *delivery) invocation() chat.Invocation {
	return chat.Invocation{
		Key: d.key, Platform: chat.Slack, Workspace: chat.Workspace(d.team), Channel: d.channel,
		Actor: d.actor, Received: d.received,
	}
}

// named is a name for people, of a bounded length.
func named(name string) string { return adapters.Cut(name, maxName, utf8.RuneCountInString) }

// first is the first that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
