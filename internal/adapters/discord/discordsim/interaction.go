package discordsim

import (
	"strconv"
	"time"

	"github.com/bwmarrin/discordgo"
)

// Interaction is what a person does.
type Interaction struct {
	ID string // made when empty; one that was used before is a redelivery

	User        string // id of the member
	UserName    string
	Guild       string // the server's own when empty
	DM          bool   // in direct messages with the bot: no guild, no roles
	Channel     string // the server's first when empty
	ChannelName string
	Roles       []string
	Permissions int64
	Locale      string

	// Name is the command's, or the custom_id of the button or modal.
	Name    string
	Options []Option // of a command, or what was filled into a modal
	Focused string   // of an autocompletion: the option that is being typed
	Target  string   // of a menu: the id of the member or message
	Author  string   // of a message menu: the id of who wrote the message
	Message string   // of a button: the id of its message

	// Sign says how a delivery by HTTP is signed; properly when zero.
	Sign Signing
}

// Option is one typed option, or one input of a modal.
type Option struct {
	Name  string
	Type  discordgo.ApplicationCommandOptionType // String when 0
	Value any
}

// Response is what a delivery came to.
type Response struct {
	ID, Token string
	// Status is the adapter's HTTP status; 0 over the gateway.
	Status int
	// Type is the kind of the initial response; 0 when there was none in time.
	Type discordgo.InteractionResponseType
	// Message is what a response of type 4 or 7 shows at once.
	Message *Message
	Choices []discordgo.ApplicationCommandOptionChoice // of an autocompletion
	Modal   *Modal
	// Problem says why the response was no good; the actor sees that the
	// application did not respond.
	Problem string
	Took    time.Duration
}

// Modal is a form as the actor sees it.
type Modal struct {
	CustomID string
	Title    string
	Inputs   []Input
}

// Input is one input of a modal.
type Input struct {
	CustomID, Label, Placeholder, Value string
	Long, Required                      bool
	MaxLength                           int
}

// kind is what an interaction is.
type kind int

// The kinds, by Discord's numbers.
const (
	kindPing         kind = 1
	kindCommand      kind = 2
	kindComponent    kind = 3
	kindAutocomplete kind = 4
	kindModal        kind = 5
)

// interaction is what Discord remembers of one.
type interaction struct {
	id, token string
	kind      kind
	user      string
	payload   map[string]any
	created   time.Time
	done      chan struct{} // closed when it was answered, or can't be any more
	late      bool          // it can't be answered any more
	answered  bool
	response  Response
	ephemeral bool // by the deferral, or the first message

	source    *Message // the message that a button is on
	original  *Message // nil before there is one; a placeholder has FlagLoading
	followUps []*Message
}

// open finds an interaction by its token while it can be spoken about. The
// server is locked.
func (s *Server) open(token string) *interaction {
	in := s.tokens[token]
	if in == nil || !in.answered || s.cfg.Now().Sub(in.created) >= s.cfg.TokenLife {
		return nil
	}
	return in
}

// Private is what the actor of an interaction sees of it right now, oldest
// first: the answer and its follow-ups, without placeholders.
func (s *Server) Private(interactionID string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.interactions[interactionID]
	if in == nil {
		return nil
	}
	var out []Message
	if in.original != nil && in.original.Flags&FlagLoading == 0 {
		out = append(out, *in.original)
	}
	for _, m := range in.followUps {
		out = append(out, *m)
	}
	return out
}

// Waiting reports whether the actor of an interaction sees "is thinking…".
func (s *Server) Waiting(interactionID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.interactions[interactionID]
	return in != nil && in.original != nil && in.original.Flags&FlagLoading != 0
}

// create makes an interaction, or finds the one that is delivered again. The
// server is locked.
func (s *Server) create(k kind, d Interaction) *interaction {
	if known := s.interactions[d.ID]; known != nil {
		return known
	}
	if d.ID == "" {
		d.ID = s.newID()
	}
	in := &interaction{
		id: d.ID, token: "aW50ZXJhY3Rpb246" + s.newID() + "." + d.ID, kind: k, user: d.User,
		created: s.cfg.Now(), done: make(chan struct{}),
	}
	in.response = Response{ID: in.id, Token: in.token}
	if d.Message != "" {
		in.source = s.find(d.Message)
	}
	in.payload = s.payload(in, d)
	s.interactions[in.id], s.tokens[in.token] = in, in
	return in
}

// payload is the interaction as it is delivered.
func (s *Server) payload(in *interaction, d Interaction) map[string]any {
	user := map[string]any{
		"id": d.User, "username": d.UserName, "global_name": nil, "discriminator": "0", "avatar": nil, "public_flags": 0,
	}
	out := map[string]any{
		"id": in.id, "application_id": s.cfg.Application, "type": int(in.kind), "token": in.token, "version": 1,
		"locale": orElse(d.Locale, "en-US"), "app_permissions": "2248473465835073", "entitlements": []any{},
		"authorizing_integration_owners": map[string]any{"0": orElse(d.Guild, s.cfg.Guild)}, "attachment_size_limit": 10 << 20,
	}
	place := orElse(d.Channel, s.cfg.Channels[0])
	out["channel_id"] = place
	if d.DM {
		out["user"], out["context"] = user, 1
		out["channel"] = map[string]any{"id": place, "type": 1}
	} else {
		guild := orElse(d.Guild, s.cfg.Guild)
		out["guild_id"], out["guild_locale"], out["context"] = guild, "en-US", 0
		out["guild"] = map[string]any{"id": guild, "locale": "en-US", "features": []any{}}
		out["channel"] = map[string]any{"id": place, "name": orElse(d.ChannelName, "mods"), "type": 0, "guild_id": guild}
		roles := d.Roles
		if roles == nil {
			roles = []string{}
		}
		out["member"] = map[string]any{
			"user": user, "roles": roles, "permissions": strconv.FormatInt(d.Permissions, 10), "nick": nil, "avatar": nil,
			"joined_at": "2020-01-01T00:00:00.000000+00:00", "premium_since": nil, "pending": false, "deaf": false, "mute": false,
			"flags": 0, "communication_disabled_until": nil,
		}
	}
	out["data"] = s.data(in, d)
	if in.kind == kindComponent {
		m := Message{ID: orElse(d.Message, s.newID()), Channel: place}
		if in.source != nil {
			m = *in.source
		}
		out["message"] = m.json(s.cfg.Application)
	}
	return out
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// data is the part of the payload that its kind decides.
func (s *Server) data(in *interaction, d Interaction) map[string]any {
	switch in.kind {
	case kindComponent:
		return map[string]any{"custom_id": d.Name, "component_type": typeButton, "id": 2}
	case kindModal:
		var rows []any
		for i, o := range d.Options {
			rows = append(rows, map[string]any{"type": typeRow, "id": i + 1, "components": []any{
				map[string]any{"type": typeInput, "custom_id": o.Name, "value": o.Value},
			}})
		}
		return map[string]any{"custom_id": d.Name, "components": rows}
	case kindPing, kindCommand, kindAutocomplete:
	}
	out := map[string]any{"id": "1400000000000000001", "name": d.Name, "type": int(discordgo.ChatApplicationCommand), "guild_id": s.cfg.Guild}
	switch {
	case d.Author != "":
		out["type"], out["target_id"] = int(discordgo.MessageApplicationCommand), d.Target
		m := Message{ID: d.Target, Channel: orElse(d.Channel, s.cfg.Channels[0]), Content: "what was said"}.json("")
		m["author"] = map[string]any{"id": d.Author, "username": "author", "discriminator": "0", "avatar": nil}
		delete(m, "application_id")
		out["resolved"] = map[string]any{"messages": map[string]any{d.Target: m}}
		return out
	case d.Target != "":
		out["type"], out["target_id"] = int(discordgo.UserApplicationCommand), d.Target
		out["resolved"] = resolved(d.Target)
		return out
	}
	options := []any{}
	for _, o := range d.Options {
		if o.Type == 0 {
			o.Type = discordgo.ApplicationCommandOptionString
		}
		option := map[string]any{"name": o.Name, "type": int(o.Type), "value": o.Value}
		if in.kind == kindAutocomplete && o.Name == d.Focused {
			option["focused"] = true
		}
		if id, is := o.Value.(string); is && o.Type == discordgo.ApplicationCommandOptionUser {
			out["resolved"] = resolved(id)
		}
		options = append(options, option)
	}
	out["options"] = options
	return out
}

// resolved is a member as commands about one carry them.
func resolved(id string) map[string]any {
	return map[string]any{
		"users":   map[string]any{id: map[string]any{"id": id, "username": "member", "discriminator": "0", "avatar": nil}},
		"members": map[string]any{id: map[string]any{"roles": []any{}, "permissions": "0", "joined_at": "2020-01-01T00:00:00.000000+00:00", "nick": nil, "pending": false}},
	}
}
