package texts

import (
	"strings"

	"modbot/internal/chat"
	"modbot/internal/mute"
)

// HelpInput is what help is computed from: the verbs that the actor may use,
// and the actor's own limits, so that people see them before they hit them.
type HelpInput struct {
	Place     Place
	Specs     []chat.Spec
	Role      string // names of the actor's roles, joined; empty without one
	Longest   mute.Term
	Permanent bool
}

// Help lists the verbs.
func Help(in HelpInput) []chat.Line {
	lines := []chat.Line{{chat.Plain("What you can do here:")}}
	for _, s := range in.Specs {
		lines = append(lines, chat.Line{chat.Code(in.Place.Prefix + Usage(s)), chat.Plain(" · " + s.Summary)})
	}
	lines = append(lines, limits(in))
	return append(lines, chat.Line{chat.Plain("More about one: "), chat.Code(in.Place.Prefix + "help mute")})
}

func limits(in HelpInput) chat.Line {
	switch {
	case in.Role == "":
		return chat.Line{chat.Plain("You have no role here, so only these are open to you.")}
	case in.Longest.IsZero() && !in.Permanent:
		return chat.Line{chat.Plain("You are " + in.Role + ".")}
	case in.Permanent:
		return chat.Line{chat.Plain("You are " + in.Role + ": mutes up to " + in.Longest.String() + ", and permanent.")}
	default:
		return chat.Line{chat.Plain("You are " + in.Role + ": mutes up to " + in.Longest.String() + ".")}
	}
}

// HelpVerb explains one verb.
func HelpVerb(p Place, s chat.Spec) []chat.Line {
	lines := []chat.Line{{chat.Code(p.Prefix + Usage(s)), chat.Plain(" · " + s.Summary)}}
	for _, o := range s.Options {
		must := ""
		if !o.Required {
			must = " (optional)"
		}
		lines = append(lines, chat.Line{chat.Plain("  " + o.Name + must + ": " + o.Summary)})
	}
	for _, e := range s.Examples {
		lines = append(lines, Try(p, e))
	}
	return lines
}

// Usage is a verb's text form: "mute <account>[,…] <term> [scope] [reason…]".
func Usage(s chat.Spec) string {
	parts := []string{s.Verb}
	for _, o := range s.Options {
		parts = append(parts, usageOf(o))
	}
	return strings.Join(parts, " ")
}

func usageOf(o chat.OptionSpec) string {
	name := o.Name
	switch o.Kind {
	case chat.OptionCase:
		name = "n"
	case chat.OptionActor:
		name = "actor"
	case chat.OptionAccounts, chat.OptionAccount, chat.OptionTerm, chat.OptionScope, chat.OptionText, chat.OptionChoice, chat.OptionVerb, chat.OptionMember:
	}
	switch {
	case o.Kind == chat.OptionAccounts:
		name = "<" + name + ">[,…]"
	case o.Kind == chat.OptionText && o.Rest && o.Keyword == "reason:":
		name += "…"
	case o.Kind == chat.OptionText, o.Kind == chat.OptionActor:
		name = o.Keyword + " <" + name + ">"
	case o.Required:
		name = "<" + name + ">"
	}
	if o.Required {
		return name
	}
	return "[" + name + "]"
}

// FormTitle is the title and the button of a verb's form.
func FormTitle(s chat.Spec) string { return strings.ToUpper(s.Verb[:1]) + s.Verb[1:] }
