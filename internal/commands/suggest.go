package commands

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"modbot/internal/chat"
	"modbot/internal/commands/grammar"
	"modbot/internal/commands/policy"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// suggestTime bounds what a suggestion or a form may cost: a platform's
// trigger lives three seconds, and somebody is typing.
const suggestTime = 300 * time.Millisecond

// maxSuggestions is what Discord shows at most.
const maxSuggestions = 25

// terms are offered while typing, cut to what the actor may set.
func terms() []string {
	return []string{"10m", "30m", "1h", "2h", "6h", "12h", "1d", "3d", "1w", "2w", "30d", "permanent"}
}

// known finds the actor's roles for a suggestion or a form; strangers and
// doubt get none.
func (d *Dispatcher) known(ctx context.Context, inv chat.Invocation) []chat.Role {
	grants, err := d.grants.Grants(ctx, inv)
	if err != nil {
		return nil
	}
	return d.policy.RolesOf(inv.Platform, grants)
}

// Suggest offers values for one option while the actor types. See
// adapters.Core.
func (d *Dispatcher) Suggest(ctx context.Context, inv chat.Invocation, option, typed string) []chat.Suggestion {
	ctx, cancel := context.WithTimeoutCause(ctx, suggestTime, errors.New("suggesting took too long"))
	defer cancel()
	roles := d.known(ctx, inv)
	verbs, verb := d.verbsOf(roles), verbOf(inv)
	var values []string
	switch d.optionKind(verb, option) {
	case chat.OptionVerb:
		values = verbs
	case chat.OptionAccount, chat.OptionAccounts:
		if slices.Contains(verbs, verb) && len(roles) > 0 {
			values = d.accountsLike(ctx, typed)
			typed = ""
		}
	case chat.OptionTerm:
		values = d.termsOf(roles)
	case chat.OptionScope:
		values = []string{"group", "c2c", "all"}
	case chat.OptionCase:
		if len(roles) > 0 {
			values = d.openCases(ctx, inv)
		}
	case chat.OptionText, chat.OptionChoice, chat.OptionActor, chat.OptionMember:
	}
	var out []chat.Suggestion
	for _, v := range values {
		if strings.HasPrefix(strings.ToLower(v), strings.ToLower(typed)) && len(out) < maxSuggestions {
			out = append(out, chat.Suggestion{Value: v, Label: v})
		}
	}
	return out
}

// verbOf is the verb that is being typed: as the platform says, or the first
// word of the line.
func verbOf(inv chat.Invocation) string {
	if inv.Verb != "" {
		return inv.Verb
	}
	for word := range strings.FieldsSeq(inv.Line) {
		if word = strings.ToLower(strings.TrimPrefix(word, "/")); word != "mod" {
			return word
		}
	}
	return ""
}

// optionKind finds an option of a verb; the empty verb asks for verbs.
func (d *Dispatcher) optionKind(verb, option string) chat.OptionKind {
	if verb == "" {
		return chat.OptionVerb
	}
	for _, s := range d.specs {
		if s.Verb != verb {
			continue
		}
		for _, o := range s.Options {
			if o.Name == option {
				return o.Kind
			}
		}
	}
	return chat.OptionText
}

func (d *Dispatcher) accountsLike(ctx context.Context, typed string) []string {
	known, err := d.ledger.Similar(ctx, typed, maxSuggestions)
	if err != nil {
		return nil
	}
	out := make([]string, 0, len(known))
	for _, k := range known {
		out = append(out, string(k))
	}
	return out
}

func (d *Dispatcher) termsOf(roles []chat.Role) []string {
	longest, permanent := d.policy.MaxTermOf(roles)
	var out []string
	for _, s := range terms() {
		t, problem := grammar.ParseTerm(s)
		if problem == nil && (t.IsPermanent() && permanent || !t.IsPermanent() && !t.Exceeds(longest)) {
			out = append(out, s)
		}
	}
	return out
}

// openCases are the actor's own open questions.
func (d *Dispatcher) openCases(ctx context.Context, inv chat.Invocation) []string {
	cases, err := d.ledger.Waiting(ctx, actorID(inv), maxSuggestions)
	if err != nil {
		return nil
	}
	out := make([]string, 0, len(cases))
	for _, c := range cases {
		out = append(out, strconv.FormatInt(c.Number, 10))
	}
	return out
}

// Open builds the form of a verb. See adapters.Core.
func (d *Dispatcher) Open(ctx context.Context, inv chat.Invocation) (chat.Form, *chat.Reply) {
	ctx, cancel := context.WithTimeoutCause(ctx, suggestTime, errors.New("opening a form took too long"))
	defer cancel()
	r := d.request(inv)
	roles := d.known(ctx, inv)
	decision := d.policy.Decide(roles, policy.Request{Verb: inv.Verb})
	i := slices.IndexFunc(d.specs, func(s chat.Spec) bool { return s.Verb == inv.Verb })
	if i < 0 || !decision.Allowed {
		reply := r.reply(one(result{
			state: chat.StateNotDone, code: "refused_" + codeOf(decision.Failed),
			lines: refusal(d.policy, decision, texts.Refusal{Verb: inv.Verb}, false, nil),
		}))
		return chat.Form{}, &reply
	}
	if res := d.opens(ctx, r); res != nil {
		reply := r.reply(one(*res))
		return chat.Form{}, &reply
	}
	return d.form(d.specs[i], inv, roles), nil
}

// opens refuses the form of a button that is not ours: what is submitted from
// it would be about the case that has its number here. Nothing was meant to act
// yet, so nothing is recorded.
func (d *Dispatcher) opens(ctx context.Context, r *request) *result {
	if !marked(r.inv.Click) {
		return nil
	}
	ok, err := d.ours(ctx, r.inv.Click)
	switch {
	case err != nil:
		return d.storeTrouble(r, "", err)
	case !ok:
		return &result{state: chat.StateNotDone, code: codeForeign, lines: texts.ForeignButton(0)}
	}
	return nil
}

// form makes a verb's form from its spec, with what is known filled in.
func (d *Dispatcher) form(s chat.Spec, inv chat.Invocation, roles []chat.Role) chat.Form {
	f := chat.Form{Verb: s.Verb, Title: texts.FormTitle(s), Submit: texts.FormTitle(s)}
	given := map[string]string{}
	for _, o := range inv.Options {
		given[o.Name] = o.Value
	}
	byNote := inv.Click != nil && inv.Click.Choice == texts.PressNote
	if inv.Click != nil && inv.Click.Case > 0 {
		given["case"] = strconv.FormatInt(inv.Click.Case, 10)
	}
	for _, o := range s.Options {
		field := chat.FormField{
			Name: o.Name, Label: o.Name, Hint: o.Summary, Value: given[o.Name],
			Required: o.Required || byNote && o.Name == "note",
			Long:     o.Kind == chat.OptionText, MaxRunes: o.MaxRunes,
		}
		switch o.Kind {
		case chat.OptionTerm:
			field.Hint = strings.Join(d.termsOf(roles), ", ")
		case chat.OptionScope:
			for _, scope := range []mute.Scope{mute.ScopeAll, mute.ScopeGroup, mute.ScopeC2C} {
				field.Choices = append(field.Choices, chat.Suggestion{Value: scope.String(), Label: texts.Where(scope)})
			}
		case chat.OptionAccounts, chat.OptionAccount, chat.OptionText, chat.OptionCase, chat.OptionChoice, chat.OptionActor, chat.OptionVerb, chat.OptionMember:
		}
		f.Fields = append(f.Fields, field)
	}
	return f
}
