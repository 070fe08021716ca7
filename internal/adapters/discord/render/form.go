package render

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bwmarrin/discordgo"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// Form is a form as a modal, whose submission comes back under customID. A
// modal of the pinned library holds text inputs alone, so choices are named in
// the hint of an input. Of more than five fields, optional ones are left out.
func Form(f chat.Form, customID string) (*discordgo.InteractionResponseData, error) {
	if customID == "" || len(customID) > MaxCustomID {
		return nil, fmt.Errorf("rendering the form of %s: its id must have 1 to %d bytes", f.Verb, MaxCustomID)
	}
	fields, err := chosen(f.Fields)
	if err != nil {
		return nil, fmt.Errorf("rendering the form of %s: %w", f.Verb, err)
	}
	data := &discordgo.InteractionResponseData{CustomID: customID, Title: clip(f.Title, MaxModalTitle)}
	if data.Title == "" {
		data.Title = ellipsis
	}
	names := make(map[string]bool)
	for _, field := range fields {
		if field.Name == "" || len(field.Name) > MaxCustomID || names[field.Name] {
			return nil, fmt.Errorf("rendering the form of %s: the field name %q is empty, too long or there already", f.Verb, field.Name)
		}
		names[field.Name] = true
		data.Components = append(data.Components, discordgo.ActionsRow{
			Components: []discordgo.MessageComponent{input(field)},
		})
	}
	return data, nil
}

// chosen are the fields that a modal has room for, in their order.
func chosen(fields []chat.FormField) ([]chat.FormField, error) {
	if len(fields) == 0 {
		return nil, errors.New("it has no fields")
	}
	out := slices.Clone(fields)
	for len(out) > MaxModalInputs {
		i := len(out) - 1
		for i >= 0 && out[i].Required {
			i--
		}
		if i < 0 {
			return nil, fmt.Errorf("it needs %d fields; %d are the most", len(out), MaxModalInputs)
		}
		out = slices.Delete(out, i, i+1)
	}
	return out, nil
}

// input is one field. What is filled in already must keep to the longest
// length, or Discord refuses the whole modal.
func input(f chat.FormField) discordgo.TextInput {
	longest := MaxInputValue
	if f.MaxRunes > 0 {
		longest = min(longest, f.MaxRunes)
	}
	in := discordgo.TextInput{
		CustomID: f.Name, Label: clip(f.Label, MaxInputLabel), Style: discordgo.TextInputShort,
		Placeholder: clip(hint(f), MaxInputHint), Value: adapters.Cut(strings.ToValidUTF8(f.Value, "\uFFFD"), longest, units),
		Required: f.Required, MaxLength: longest,
	}
	if in.Label == "" {
		in.Label = clip(f.Name, MaxInputLabel)
	}
	if f.Long {
		in.Style = discordgo.TextInputParagraph
	}
	return in
}

// hint is the hint, or what there is to choose from: the values, since those
// are what has to be typed.
func hint(f chat.FormField) string {
	if len(f.Choices) == 0 {
		return f.Hint
	}
	values := make([]string, 0, len(f.Choices))
	for _, c := range f.Choices {
		value := c.Value
		if c.Label != "" && c.Label != c.Value {
			value += " (" + c.Label + ")"
		}
		values = append(values, value)
	}
	return strings.Join(values, ", ")
}

// clip makes a text for a place that shows no Markdown.
func clip(text string, limit int) string {
	return adapters.Cut(strings.TrimSpace(chat.Visible(text)), limit, units)
}

// Submitted is what was filled in, in the order of the form. Inputs that were
// left empty count as not given; what was typed is not changed.
func Submitted(d discordgo.ModalSubmitInteractionData) []chat.Option {
	var out []chat.Option
	for _, row := range d.Components {
		for _, in := range inputs(row) {
			if strings.TrimSpace(in.Value) == "" || in.CustomID == "" || len(out) == MaxModalInputs {
				continue
			}
			out = append(out, chat.Option{Name: in.CustomID, Value: in.Value})
		}
	}
	return out
}

// inputs are the text inputs of a row. The library decodes into pointers, and
// builds of values.
func inputs(c discordgo.MessageComponent) []discordgo.TextInput {
	switch c := c.(type) {
	case *discordgo.ActionsRow:
		if c != nil {
			return inputs(*c)
		}
	case discordgo.ActionsRow:
		var out []discordgo.TextInput
		for _, inner := range c.Components {
			switch in := inner.(type) {
			case *discordgo.TextInput:
				if in != nil {
					out = append(out, *in)
				}
			case discordgo.TextInput:
				out = append(out, in)
			}
		}
		return out
	}
	return nil
}
