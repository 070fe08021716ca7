package blocks

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// inputAction is the action_id of every input; the block_id is the field's name,
// which is also the key by which Slack shows an error under a field.
const inputAction = "value"

// Form is a modal. callback and metadata come back when it is submitted, as
// they are.
func Form(f chat.Form, callback, metadata string) (slack.ModalViewRequest, error) {
	switch {
	case blank(f.Title) || blank(f.Submit):
		return slack.ModalViewRequest{}, fmt.Errorf("rendering the form of %q: it has no title, or nothing to submit it with", f.Verb)
	case len(f.Fields) == 0 || len(f.Fields) > maxViewBlocks:
		return slack.ModalViewRequest{}, fmt.Errorf("rendering the form of %q: %d fields", f.Verb, len(f.Fields))
	case callback == "" || units(callback) > maxID || units(metadata) > maxMetadata:
		return slack.ModalViewRequest{}, fmt.Errorf("rendering the form of %q: what has to come back is too long, or nothing", f.Verb)
	}
	view := slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callback, PrivateMetadata: metadata,
		Title: modalText(f.Title), Submit: modalText(f.Submit), Close: modalText("Cancel"),
	}
	names := map[string]bool{}
	for _, field := range f.Fields {
		if blank(field.Name) || units(field.Name) > maxID || names[field.Name] {
			return slack.ModalViewRequest{}, fmt.Errorf("rendering the form of %q: field %q: %w", f.Verb, field.Name, errName)
		}
		names[field.Name] = true
		view.Blocks.BlockSet = append(view.Blocks.BlockSet, input(field))
	}
	return view, nil
}

var errName = errors.New("its name is empty, too long, or there twice")

func modalText(text string) *slack.TextBlockObject {
	return plainText(chat.Visible(text), maxModalText)
}

// input is a field: a select where it has choices that Slack can show, else a
// text input.
func input(f chat.FormField) *slack.InputBlock {
	label := f.Label
	if blank(label) {
		label = f.Name
	}
	var hint *slack.TextBlockObject
	if !blank(f.Hint) {
		hint = plainText(chat.Visible(f.Hint), maxLabel)
	}
	var element slack.BlockElement = textInput(f)
	if options := choices(f.Choices); len(options) > 0 {
		element = selection(f, options)
	}
	return slack.NewInputBlock(f.Name, plainText(chat.Visible(label), maxLabel), hint, element).WithOptional(!f.Required)
}

// textInput is filled in with what the field holds already, as far as it may
// be long. Whoever submits it has to see what is submitted: every character is
// made visible, and only line breaks of a long field remain.
func textInput(f chat.FormField) *slack.PlainTextInputBlockElement {
	e := slack.NewPlainTextInputBlockElement(nil, inputAction)
	e.Multiline = f.Long
	e.MaxLength = maxInput
	if f.MaxRunes > 0 {
		e.MaxLength = min(f.MaxRunes, maxInput)
	}
	value := chat.Visible(f.Value)
	if f.Long {
		lines := strings.Split(strings.ReplaceAll(f.Value, "\r\n", "\n"), "\n")
		for i := range lines {
			lines[i] = chat.Visible(lines[i])
		}
		value = strings.Join(lines, "\n")
	}
	e.InitialValue = adapters.Cut(value, e.MaxLength, units)
	return e
}

// choices are the options that Slack can show. A value is never cut: one that
// is too long is no option.
func choices(all []chat.Suggestion) []*slack.OptionBlockObject {
	var out []*slack.OptionBlockObject
	for _, c := range all {
		taken := slices.ContainsFunc(out, func(o *slack.OptionBlockObject) bool { return o.Value == c.Value })
		if taken || blank(c.Value) || units(c.Value) > maxOptionValue || len(out) == maxOptions {
			continue
		}
		text := c.Label
		if blank(text) {
			text = c.Value
		}
		out = append(out, slack.NewOptionBlockObject(c.Value, plainText(chat.Visible(text), maxOptionText), nil))
	}
	return out
}

func selection(f chat.FormField, options []*slack.OptionBlockObject) *slack.SelectBlockElement {
	e := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, inputAction, options...)
	for _, o := range options {
		if o.Value == f.Value {
			e.InitialOption = o
		}
	}
	return e
}

// Submitted is what was filled into a form, by the names of its fields, in
// their order of the alphabet. Fields that were left empty are left out, and so
// is what no form of ours has.
func Submitted(v slack.View) []chat.Option {
	if v.State == nil {
		return nil
	}
	var out []chat.Option
	for name, actions := range v.State.Values {
		action, ok := actions[inputAction]
		if !ok || blank(name) || units(name) > maxID {
			continue
		}
		value := action.Value
		if value == "" {
			value = action.SelectedOption.Value
		}
		if !blank(value) && units(value) <= maxInput {
			out = append(out, chat.Option{Name: name, Value: value})
		}
	}
	slices.SortFunc(out, func(a, b chat.Option) int { return strings.Compare(a.Name, b.Name) })
	return out[:min(len(out), maxViewBlocks)]
}
