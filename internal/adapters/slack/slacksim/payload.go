package slacksim

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// The types of envelope, by which Slack tells deliveries apart.
const (
	kindCommand     = "slash_commands"
	kindInteractive = "interactive"
)

// verificationToken is the deprecated one. It is in every delivery, and proves
// nothing.
const verificationToken = "not-a-secret" // #nosec G101 -- it is none

// Command is a slash command that somebody types.
type Command struct {
	From
	Command string // "/mod"
	Text    string // as Slack sends it; see Typed
}

// Click is a button that somebody presses.
type Click struct {
	From
	Message Message // that the button is on
	Button  Button
}

// Submit is a form that somebody fills in and submits.
type Submit struct {
	From
	View   View
	Values map[string]string // by block_id; what is not there keeps its initial value
}

// Shortcut is a message shortcut that somebody uses on a message.
type Shortcut struct {
	From
	CallbackID string
	Message    Message // with its Author; see Write
}

// Global is a global shortcut that somebody uses.
type Global struct {
	From
	CallbackID string
}

// Command delivers a command to an adapter, or to Socket.
func (s *Server) Command(ctx context.Context, to string, c Command) (Delivered, error) {
	return s.deliver(ctx, to, s.commandParcel(c))
}

func (s *Server) commandParcel(c Command) parcel {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.parcel(&c.From, kindCommand)
	p.answers = true
	p.responseURL = s.responseURL(p.id, c.From, nil)
	p.form = url.Values{
		"token": {verificationToken}, "team_id": {c.Team}, "team_domain": {s.cfg.TeamDomain}, "api_app_id": {s.cfg.AppID},
		"channel_id": {c.Channel}, "channel_name": {named(c.ChannelName, c.Channel)},
		"user_id": {c.User}, "user_name": {named(c.UserName, c.User)}, "command": {c.Command}, "text": {c.Text},
		"is_enterprise_install": {fmt.Sprint(s.cfg.OrgInstall)}, "response_url": {p.responseURL}, "trigger_id": {p.id},
	}
	if s.cfg.EnterpriseID != "" {
		p.form.Set("enterprise_id", s.cfg.EnterpriseID)
		p.form.Set("enterprise_name", s.cfg.TeamDomain)
	}
	p.payload = object{}
	for name := range p.form {
		if name != "is_enterprise_install" { // Socket Mode leaves it out
			p.payload[name] = p.form.Get(name)
		}
	}
	return p
}

// Click delivers a pressed button.
func (s *Server) Click(ctx context.Context, to string, c Click) (Delivered, error) {
	return s.deliver(ctx, to, s.clickParcel(c))
}

func (s *Server) clickParcel(c Click) parcel {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Channel = cmp.Or(c.Channel, c.Message.Channel)
	p := s.parcel(&c.From, kindInteractive)
	p.responseURL = s.responseURL(p.id, c.From, s.world.at(c.Message.Channel, c.Message.TS))
	p.payload = s.interaction(p, "block_actions")
	private := c.Message.User != ""
	p.payload["container"] = object{"type": "message", "message_ts": c.Message.TS, "channel_id": c.Channel, "is_ephemeral": private}
	p.payload["channel"] = object{"id": c.Channel, "name": named(c.ChannelName, c.Channel)}
	p.payload["response_url"] = p.responseURL
	p.payload["state"] = object{"values": object{}}
	if !private { // what only one sees comes without its message
		p.payload["message"] = s.messageObject(&c.Message)
	}
	p.payload["actions"] = []object{{
		"action_id": c.Button.ActionID, "block_id": cmp.Or(c.Button.BlockID, "made-up"), "type": "button", "value": c.Button.Value,
		"text": object{"type": "plain_text", "text": c.Button.Label, "emoji": false}, "action_ts": s.stamp(),
	}}
	return p
}

// Submit delivers a form that was filled in. What Slack's own client doesn't
// let anyone submit is an error.
func (s *Server) Submit(ctx context.Context, to string, c Submit) (Delivered, error) {
	p, err := s.submitParcel(c)
	if err != nil {
		return Delivered{}, err
	}
	d, err := s.deliver(ctx, to, p)
	return d, err
}

func (s *Server) submitParcel(c Submit) (parcel, error) {
	values, err := c.View.state(c.Values)
	if err != nil {
		return parcel{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.User = cmp.Or(c.User, c.View.User)
	p := s.parcel(&c.From, kindInteractive)
	for _, v := range s.world.views {
		if v.ID == c.View.ID && v.Open {
			p.view = v
		}
	}
	if p.view == nil {
		return parcel{}, fmt.Errorf("submitting %s: nobody sees it", c.View.ID)
	}
	p.payload = s.interaction(p, "view_submission")
	p.payload["view"] = s.viewObject(&c.View, values)
	p.payload["response_urls"] = []object{}
	return p, nil
}

// Shortcut delivers a message shortcut.
func (s *Server) Shortcut(ctx context.Context, to string, c Shortcut) (Delivered, error) {
	return s.deliver(ctx, to, s.shortcutParcel(c))
}

func (s *Server) shortcutParcel(c Shortcut) parcel {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Channel = cmp.Or(c.Channel, c.Message.Channel)
	p := s.parcel(&c.From, kindInteractive)
	p.responseURL = s.responseURL(p.id, c.From, nil)
	p.payload = s.interaction(p, "message_action")
	p.payload["callback_id"] = c.CallbackID
	p.payload["response_url"] = p.responseURL
	p.payload["action_ts"] = s.stamp()
	p.payload["message_ts"] = c.Message.TS
	p.payload["message"] = s.messageObject(&c.Message)
	p.payload["channel"] = object{"id": c.Channel, "name": named(c.ChannelName, c.Channel)}
	return p
}

// Global delivers a global shortcut.
func (s *Server) Global(ctx context.Context, to string, c Global) (Delivered, error) {
	s.mu.Lock()
	p := s.parcel(&c.From, kindInteractive)
	p.payload = s.interaction(p, "shortcut")
	p.payload["callback_id"] = c.CallbackID
	p.payload["action_ts"] = s.stamp()
	s.mu.Unlock()
	return s.deliver(ctx, to, p)
}

// parcel begins a delivery. The caller holds the lock.
func (s *Server) parcel(f *From, kind string) parcel {
	f.Team = cmp.Or(f.Team, s.cfg.TeamID)
	s.world.known(*f)
	id := f.Trigger
	if id == "" {
		id = s.issue(*f)
	}
	return parcel{from: *f, kind: kind, id: id}
}

// interaction is what every interaction has.
func (s *Server) interaction(p parcel, kind string) object {
	f := p.from
	name := named(f.UserName, f.User)
	o := object{
		"type": kind, "token": verificationToken, "api_app_id": s.cfg.AppID, "trigger_id": p.id, "is_enterprise_install": s.cfg.OrgInstall,
		"user": object{"id": f.User, "username": name, "name": name, "team_id": f.Team},
		"team": object{"id": f.Team, "domain": s.cfg.TeamDomain}, "enterprise": nil,
	}
	if s.cfg.EnterpriseID != "" {
		o["enterprise"] = object{"id": s.cfg.EnterpriseID, "name": s.cfg.TeamDomain}
	}
	if f.NoTeam {
		o["team"] = nil
	}
	return o
}

// What Slack's client makes links of, as far as names of accounts look like it.
var (
	typedURL  = regexp.MustCompile(`^https?://\S+$`)
	typedMail = regexp.MustCompile(`^[\w.+-]+@[\w-]+(\.[\w-]+)+$`)
	typedHost = regexp.MustCompile(`^([\w-]+\.)+(com|net|org|io|dev|me|de)(/\S*)?$`)
)

// Typed is what Slack delivers of text that somebody typed, where the manifest
// says should_escape: & < > are entities, and links are made of words.
func Typed(text string) string {
	escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
	words := strings.Split(escaped, " ")
	for i, w := range words {
		switch {
		case typedURL.MatchString(w):
			words[i] = "<" + w + ">"
		case typedMail.MatchString(w):
			words[i] = "<mailto:" + w + "|" + w + ">"
		case typedHost.MatchString(w):
			words[i] = "<http://" + w + "|" + w + ">"
		}
	}
	return strings.Join(words, " ")
}
