package discordsim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The limits of a message (resources/message, components/reference).
const (
	maxContent    = 2000
	maxEmbeds     = 10
	maxEmbedText  = 6000
	maxRows       = 5
	maxRowButtons = 5
	maxLabel      = 80
	maxCustomID   = 100
	maxNonce      = 25
	maxAllowed    = 100
)

// Flags of a message.
const (
	FlagSuppressEmbeds = 1 << 2
	FlagEphemeral      = 1 << 6
	FlagLoading        = 1 << 7
)

// Message is a message as Discord keeps it.
type Message struct {
	ID      string
	Channel string
	Content string
	Flags   int
	Buttons []Button
	// Pings are who was notified: "everyone", "user:ID", "role:ID".
	Pings []string
	Nonce string
	Edits int
	// Raw is the request that made it, or that changed it last.
	Raw json.RawMessage
}

// Ephemeral reports that only one person sees the message.
func (m Message) Ephemeral() bool { return m.Flags&FlagEphemeral != 0 }

// Button is a button of a message.
type Button struct {
	Label    string
	CustomID string
	Style    int
	Disabled bool
}

// payload is a message as clients send it.
type payload struct {
	Content      *string           `json:"content"`
	Embeds       []json.RawMessage `json:"embeds"`
	Components   []component       `json:"components"`
	Allowed      *allowed          `json:"allowed_mentions"`
	Flags        int               `json:"flags"`
	Nonce        any               `json:"nonce"`
	EnforceNonce bool              `json:"enforce_nonce"`
	// Of other answers to interactions than messages.
	CustomID string   `json:"custom_id"`
	Title    string   `json:"title"`
	Choices  []choice `json:"choices"`
}

type component struct {
	Type        int         `json:"type"`
	Components  []component `json:"components"`
	Label       string      `json:"label"`
	CustomID    string      `json:"custom_id"`
	Style       int         `json:"style"`
	Disabled    bool        `json:"disabled"`
	Placeholder string      `json:"placeholder"`
	Value       string      `json:"value"`
	Required    *bool       `json:"required"`
	MinLength   int         `json:"min_length"`
	MaxLength   *int        `json:"max_length"`
}

// The types of component.
const (
	typeRow    = 1
	typeButton = 2
	typeInput  = 4
)

type allowed struct {
	Parse []string `json:"parse"`
	Roles []string `json:"roles"`
	Users []string `json:"users"`
}

type choice struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// length counts as JavaScript does, which is never less than characters.
func length(text string) int { return len(utf16.Encode([]rune(text))) }

// check holds a message to the limits. part says that what is left out stays as
// it was, as in an edit.
func (p payload) check(part bool) *reply {
	refuse := func(field, why string, args ...any) *reply {
		r := invalidForm(field, fmt.Sprintf(why, args...))
		return &r
	}
	content := ""
	if p.Content != nil {
		content = *p.Content
	}
	switch {
	case !utf8.ValidString(content):
		return refuse("content", "not UTF-8")
	case length(content) > maxContent:
		return refuse("content", "Must be %d or fewer in length.", maxContent)
	case len(p.Embeds) > maxEmbeds:
		return refuse("embeds", "Must be %d or fewer in length.", maxEmbeds)
	case embedText(p.Embeds) > maxEmbedText:
		return refuse("embeds", "Embed size exceeds maximum size of %d", maxEmbedText)
	case len(p.Components) > maxRows:
		return refuse("components", "Must be between 1 and %d in length.", maxRows)
	}
	if r := p.Allowed.check(); r != nil {
		return r
	}
	if field, why := checkButtons(p.Components); why != "" {
		return refuse(field, "%s", why)
	}
	empty := strings.TrimSpace(content) == "" && len(p.Embeds) == 0
	if empty && (!part || p.Content != nil) {
		r := refused(400, codeEmptyMessage, "Cannot send an empty message")
		return &r
	}
	return nil
}

// check finds lists that contradict what is parsed.
func (a *allowed) check() *reply {
	if a == nil {
		return nil
	}
	contradicts := slices.Contains(a.Parse, "roles") && len(a.Roles) > 0 || slices.Contains(a.Parse, "users") && len(a.Users) > 0
	unknown := slices.ContainsFunc(a.Parse, func(s string) bool { return s != "roles" && s != "users" && s != "everyone" })
	if contradicts || unknown || len(a.Roles) > maxAllowed || len(a.Users) > maxAllowed {
		r := invalidForm("allowed_mentions", "mutually exclusive, unknown or too many")
		return &r
	}
	return nil
}

// checkButtons holds rows of buttons to the rules.
func checkButtons(rows []component) (field, why string) {
	seen := make(map[string]bool)
	for _, row := range rows {
		if row.Type != typeRow || len(row.Components) == 0 || len(row.Components) > maxRowButtons {
			return "components", fmt.Sprintf("a row of 1 to %d buttons is due", maxRowButtons)
		}
		for _, c := range row.Components {
			switch {
			case c.Type != typeButton:
				return "components", "a button is due"
			case c.Style < 1 || c.Style > 4:
				return "style", "unknown here"
			case c.Label == "" || length(c.Label) > maxLabel:
				return "label", fmt.Sprintf("Must be between 1 and %d in length.", maxLabel)
			case c.CustomID == "" || length(c.CustomID) > maxCustomID:
				return "custom_id", fmt.Sprintf("Must be between 1 and %d in length.", maxCustomID)
			case seen[c.CustomID]:
				return "custom_id", "Component custom id cannot be duplicated"
			}
			seen[c.CustomID] = true
		}
	}
	return "", ""
}

// embedText is the length of all text in embeds.
func embedText(embeds []json.RawMessage) int {
	n := 0
	for _, raw := range embeds {
		var e struct {
			Title, Description string
			Footer, Author     struct{ Text, Name string }
			Fields             []struct{ Name, Value string }
		}
		if json.Unmarshal(raw, &e) != nil {
			return maxEmbedText + 1
		}
		n += length(e.Title) + length(e.Description) + length(e.Footer.Text) + length(e.Author.Name)
		for _, f := range e.Fields {
			n += length(f.Name) + length(f.Value)
		}
	}
	return n
}

// buttons are the buttons of all rows.
func buttons(rows []component) []Button {
	var out []Button
	for _, row := range rows {
		for _, c := range row.Components {
			out = append(out, Button{Label: c.Label, CustomID: c.CustomID, Style: c.Style, Disabled: c.Disabled})
		}
	}
	return out
}

// apply makes a message what a payload says.
func (p payload) apply(m *Message, raw []byte, byDefault []string) {
	if p.Content != nil {
		m.Content = *p.Content
	}
	if p.Components != nil {
		m.Buttons = buttons(p.Components)
	}
	m.Raw = slices.Clone(raw)
	m.Pings = pings(m.Content, p.Allowed, byDefault)
}

// pings are those whom content notifies. Discord looks at the raw text: a
// backslash hides a mention from the eye alone.
func pings(content string, a *allowed, byDefault []string) []string {
	if a == nil {
		a = &allowed{Parse: byDefault}
	}
	var out []string
	find := func(pattern, kind string, parsed string, listed []string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(content, -1) {
			if slices.Contains(a.Parse, parsed) || slices.Contains(listed, m[1]) {
				out = append(out, kind+m[1])
			}
		}
	}
	find(`<@!?(\d+)>`, "user:", "users", a.Users)
	find(`<@&(\d+)>`, "role:", "roles", a.Roles)
	find(`@(everyone|here)`, "", "everyone", nil)
	slices.Sort(out)
	return slices.Compact(out)
}

// json is the message as the API shows it.
func (m Message) json(application string) map[string]any {
	rows := []any{}
	for at := 0; at < len(m.Buttons); at += maxRowButtons {
		var row []any
		for _, b := range m.Buttons[at:min(at+maxRowButtons, len(m.Buttons))] {
			row = append(row, map[string]any{"type": typeButton, "label": b.Label, "style": b.Style, "custom_id": b.CustomID, "disabled": b.Disabled})
		}
		rows = append(rows, map[string]any{"type": typeRow, "components": row})
	}
	out := map[string]any{
		"id": m.ID, "channel_id": m.Channel, "content": m.Content, "flags": m.Flags, "type": 0, "tts": false,
		"timestamp": "2026-11-22T02:17:00.000000+00:00", "edited_timestamp": nil, "mention_everyone": false,
		"mentions": []any{}, "mention_roles": []any{}, "attachments": []any{}, "embeds": []any{}, "components": rows, "pinned": false,
		"author":         map[string]any{"id": DefaultBot, "username": "modbot", "discriminator": "0", "bot": true, "avatar": nil},
		"application_id": application,
	}
	if m.Nonce != "" {
		out["nonce"] = m.Nonce
	}
	return out
}
