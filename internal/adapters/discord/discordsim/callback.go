package discordsim

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/bwmarrin/discordgo"
)

// The limits of what isn't a message.
const (
	maxModalTitle  = 45
	maxModalRows   = 5
	maxInputLabel  = 45
	maxInputHint   = 100
	maxInputValue  = 4000
	maxChoices     = 25
	maxChoiceName  = 100
	maxChoiceValue = 100
)

// callbackBody is an initial response.
type callbackBody struct {
	Type discordgo.InteractionResponseType `json:"type"`
	Data json.RawMessage                   `json:"data"`
}

// callback takes an initial response that isn't in the answer to the delivery.
func (s *Server) callback(r *http.Request, body []byte) reply {
	in := s.tokens[r.PathValue("token")]
	if in == nil || in.id != r.PathValue("interaction") || in.late {
		return refused(http.StatusNotFound, codeUnknownInteraction, "Unknown interaction")
	}
	if in.answered {
		return refused(http.StatusBadRequest, codeAlreadyAnswered, "Interaction has already been acknowledged.")
	}
	var c callbackBody
	if r := decode(body, &c); r != nil {
		return *r
	}
	if refusal := s.apply(in, c); refusal != nil {
		return *refusal
	}
	return none()
}

// apply makes an initial response what the actor sees. The server is locked.
func (s *Server) apply(in *interaction, c callbackBody) *reply {
	if !fits(in.kind, c.Type) {
		r := refused(http.StatusBadRequest, codeInvalidForm, fmt.Sprintf("a response of type %d doesn't fit an interaction of type %d", c.Type, in.kind))
		return &r
	}
	var p payload
	if len(c.Data) > 0 {
		if r := decode(c.Data, &p); r != nil {
			return r
		}
	}
	var refusal *reply
	switch c.Type {
	case discordgo.InteractionResponseChannelMessageWithSource, discordgo.InteractionResponseUpdateMessage:
		refusal = s.respondMessage(in, c, p)
	case discordgo.InteractionResponseDeferredChannelMessageWithSource:
		refusal = s.respondDeferred(in, p)
	case discordgo.InteractionApplicationCommandAutocompleteResult:
		refusal = respondChoices(in, p)
	case discordgo.InteractionResponseModal:
		refusal = respondModal(in, p)
	case discordgo.InteractionResponseDeferredMessageUpdate:
		in.original = in.source
	case discordgo.InteractionResponsePong:
	}
	if refusal != nil {
		return refusal
	}
	in.answered, in.response.Type = true, c.Type
	s.note(Event{What: Answered, Interaction: in.id, User: in.user, Type: int(c.Type)})
	if in.response.Message != nil {
		s.note(Event{What: Shown, Interaction: in.id, User: in.user, Message: in.original})
	}
	close(in.done)
	return nil
}

// fits says which responses an interaction may get.
func fits(k kind, t discordgo.InteractionResponseType) bool {
	switch t {
	case discordgo.InteractionResponseChannelMessageWithSource, discordgo.InteractionResponseDeferredChannelMessageWithSource:
		return k != kindAutocomplete
	case discordgo.InteractionResponseDeferredMessageUpdate, discordgo.InteractionResponseUpdateMessage:
		return k == kindComponent || k == kindModal
	case discordgo.InteractionApplicationCommandAutocompleteResult:
		return k == kindAutocomplete
	case discordgo.InteractionResponseModal:
		return k == kindCommand || k == kindComponent
	case discordgo.InteractionResponsePong:
		return k == kindPing
	}
	return false
}

func (s *Server) respondMessage(in *interaction, c callbackBody, p payload) *reply {
	update := c.Type == discordgo.InteractionResponseUpdateMessage
	if r := p.check(update); r != nil {
		return r
	}
	if update && in.source != nil {
		in.original = in.source
		in.original.Edits++
	} else {
		in.original = &Message{ID: s.newID(), Flags: p.Flags & (FlagEphemeral | FlagSuppressEmbeds)}
		in.ephemeral = in.original.Ephemeral()
	}
	p.apply(in.original, c.Data, []string{"users"})
	in.response.Message = new(*in.original)
	return nil
}

func (s *Server) respondDeferred(in *interaction, p payload) *reply {
	if p.Flags&^FlagEphemeral != 0 || p.Content != nil && *p.Content != "" {
		r := invalidForm("flags", "a deferral takes the ephemeral flag and nothing else")
		return &r
	}
	in.original = &Message{ID: s.newID(), Flags: p.Flags | FlagLoading}
	in.ephemeral = in.original.Ephemeral()
	return nil
}

func respondChoices(in *interaction, p payload) *reply {
	refuse := func(why string) *reply { r := invalidForm("choices", why); return &r }
	if len(p.Choices) > maxChoices {
		return refuse(fmt.Sprintf("Must be %d or fewer in length.", maxChoices))
	}
	for _, c := range p.Choices {
		if c.Name == "" || length(c.Name) > maxChoiceName {
			return refuse(fmt.Sprintf("a name must be between 1 and %d in length.", maxChoiceName))
		}
		if text, is := c.Value.(string); is && (text == "" || length(text) > maxChoiceValue) {
			return refuse(fmt.Sprintf("a value must be between 1 and %d in length.", maxChoiceValue))
		}
	}
	in.response.Choices = []discordgo.ApplicationCommandOptionChoice{}
	for _, c := range p.Choices {
		in.response.Choices = append(in.response.Choices, discordgo.ApplicationCommandOptionChoice{Name: c.Name, Value: c.Value})
	}
	return nil
}

func respondModal(in *interaction, p payload) *reply {
	refuse := func(field, why string) *reply { r := invalidForm(field, why); return &r }
	switch {
	case p.CustomID == "" || length(p.CustomID) > maxCustomID:
		return refuse("custom_id", "Must be between 1 and 100 in length.")
	case p.Title == "" || length(p.Title) > maxModalTitle:
		return refuse("title", fmt.Sprintf("Must be between 1 and %d in length.", maxModalTitle))
	case len(p.Components) < 1 || len(p.Components) > maxModalRows:
		return refuse("components", fmt.Sprintf("Must be between 1 and %d in length.", maxModalRows))
	}
	m := &Modal{CustomID: p.CustomID, Title: p.Title}
	seen := make(map[string]bool)
	for _, row := range p.Components {
		if row.Type != typeRow || len(row.Components) != 1 || row.Components[0].Type != typeInput {
			return refuse("components", "a row with one text input is due")
		}
		c := row.Components[0]
		if why := checkInput(c); why != "" {
			return refuse("components", why)
		}
		if seen[c.CustomID] {
			return refuse("custom_id", "Component custom id cannot be duplicated")
		}
		seen[c.CustomID] = true
		in := Input{
			CustomID: c.CustomID, Label: c.Label, Placeholder: c.Placeholder, Value: c.Value, Long: c.Style == 2,
			Required: c.Required == nil || *c.Required, MaxLength: maxInputValue,
		}
		if c.MaxLength != nil {
			in.MaxLength = *c.MaxLength
		}
		m.Inputs = append(m.Inputs, in)
	}
	in.response.Modal = m
	return nil
}

func checkInput(c component) string {
	longest := maxInputValue
	if c.MaxLength != nil {
		longest = *c.MaxLength
	}
	switch {
	case c.CustomID == "" || length(c.CustomID) > maxCustomID:
		return "custom_id must be between 1 and 100 in length."
	case c.Label == "" || length(c.Label) > maxInputLabel:
		return fmt.Sprintf("label must be between 1 and %d in length.", maxInputLabel)
	case c.Style != 1 && c.Style != 2:
		return "style is unknown"
	case length(c.Placeholder) > maxInputHint:
		return fmt.Sprintf("placeholder must be %d or fewer in length.", maxInputHint)
	case longest < 1 || longest > maxInputValue || c.MinLength < 0 || c.MinLength > longest:
		return "the lengths contradict each other or the limit"
	case length(c.Value) > longest:
		return "value is longer than max_length"
	}
	return ""
}
