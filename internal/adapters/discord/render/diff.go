package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/bwmarrin/discordgo"
)

// ChangeKind says what registering would do to a command.
type ChangeKind string

// The kinds of change.
const (
	Create ChangeKind = "create"
	Update ChangeKind = "update"
	Delete ChangeKind = "delete"
)

// Change is one difference between what is registered and what should be.
type Change struct {
	Kind    ChangeKind
	Command string   // as people see it: "/mute", "member menu “Mute…”"
	Details []string // what differs; for updates only
}

// String is the change for people, on one line or more.
func (c Change) String() string {
	sign := map[ChangeKind]string{Create: "+", Update: "~", Delete: "-"}[c.Kind]
	lines := append([]string{fmt.Sprintf("%s %s %s", sign, c.Kind, c.Command)}, c.Details...)
	return strings.Join(lines, "\n    ")
}

// Diff is what registering want would change where have is registered; empty
// when that is nothing. What the server adds (ids, versions, defaults) is no
// difference. Creations come first, as wanted, then updates, then deletions.
func Diff(have, want []*discordgo.ApplicationCommand) []Change {
	old := make(map[string]*discordgo.ApplicationCommand)
	for _, c := range have {
		if c != nil {
			old[title(c)] = c
		}
	}
	var created, updated, deleted []Change
	wanted := make(map[string]bool)
	for _, c := range want {
		if c == nil {
			continue
		}
		name := title(c)
		wanted[name] = true
		before, exists := old[name]
		if !exists {
			created = append(created, Change{Kind: Create, Command: name})
			continue
		}
		if details := differences(before, c); len(details) > 0 {
			updated = append(updated, Change{Kind: Update, Command: name, Details: details})
		}
	}
	for name := range old {
		if !wanted[name] {
			deleted = append(deleted, Change{Kind: Delete, Command: name})
		}
	}
	slices.SortFunc(deleted, func(a, b Change) int { return cmp.Compare(a.Command, b.Command) })
	return slices.Concat(created, updated, deleted)
}

// title tells commands apart: a menu may have the name of a command.
func title(c *discordgo.ApplicationCommand) string {
	switch c.Type {
	case discordgo.UserApplicationCommand:
		return "member menu “" + c.Name + "”"
	case discordgo.MessageApplicationCommand:
		return "message menu “" + c.Name + "”"
	case 0, discordgo.ChatApplicationCommand: // 0: left out, which is this
		return "/" + c.Name
	default:
		return fmt.Sprintf("command “%s” of type %d", c.Name, c.Type)
	}
}

// list collects what differs.
type list []string

func (l *list) compare(what, before, after string) {
	if before != after {
		*l = append(*l, fmt.Sprintf("%s: %s → %s", what, shown(before), shown(after)))
	}
}

func shown(text string) string {
	if text == "" {
		return "none"
	}
	return "“" + text + "”"
}

func differences(before, after *discordgo.ApplicationCommand) []string {
	var l list
	l.compare("description", before.Description, after.Description)
	l.compare("names in other languages", localized(before.NameLocalizations), localized(after.NameLocalizations))
	l.compare("descriptions in other languages", localized(before.DescriptionLocalizations), localized(after.DescriptionLocalizations))
	l.compare("permission needed by default", permission(before.DefaultMemberPermissions), permission(after.DefaultMemberPermissions))
	l.compare("age-restricted", yes(before.NSFW), yes(after.NSFW))
	// Discord keeps these two for global commands alone, and answers null for
	// those of a guild: nothing said is no difference.
	if before.Contexts != nil && len(*before.Contexts) > 0 && after.Contexts != nil {
		l.compare("contexts", sorted(*before.Contexts), sorted(*after.Contexts))
	}
	if before.IntegrationTypes != nil && len(*before.IntegrationTypes) > 0 && after.IntegrationTypes != nil {
		l.compare("installations", sorted(*before.IntegrationTypes), sorted(*after.IntegrationTypes))
	}
	return append(l, optionDifferences(before.Options, after.Options)...)
}

// optionDifferences compares options by name, and their order.
func optionDifferences(before, after []*discordgo.ApplicationCommandOption) []string {
	var l list
	l.compare("order of options", optionNames(before), optionNames(after))
	old := make(map[string]*discordgo.ApplicationCommandOption)
	for _, o := range before {
		if o != nil {
			old[o.Name] = o
		}
	}
	for _, o := range after {
		b := old[o.Name]
		if b == nil {
			continue // the order tells
		}
		what := "option " + o.Name + ", "
		l.compare(what+"type", b.Type.String(), o.Type.String())
		l.compare(what+"description", b.Description, o.Description)
		l.compare(what+"descriptions in other languages", localized(&b.DescriptionLocalizations), localized(&o.DescriptionLocalizations))
		l.compare(what+"names in other languages", localized(&b.NameLocalizations), localized(&o.NameLocalizations))
		l.compare(what+"required", yes(&b.Required), yes(&o.Required))
		l.compare(what+"autocompleted", yes(&b.Autocomplete), yes(&o.Autocomplete))
		l.compare(what+"choices", choices(b.Choices), choices(o.Choices))
		l.compare(what+"least", number(b.MinValue), number(o.MinValue))
		l.compare(what+"most", number(&b.MaxValue), number(&o.MaxValue))
		l.compare(what+"shortest", count(b.MinLength), count(o.MinLength))
		l.compare(what+"longest", count(&b.MaxLength), count(&o.MaxLength))
		for _, d := range optionDifferences(b.Options, o.Options) {
			l = append(l, what+d)
		}
	}
	return l
}

func optionNames(options []*discordgo.ApplicationCommandOption) string {
	names := make([]string, 0, len(options))
	for _, o := range options {
		if o != nil {
			names = append(names, o.Name)
		}
	}
	return strings.Join(names, ", ")
}

func choices(all []*discordgo.ApplicationCommandOptionChoice) string {
	out := make([]string, 0, len(all))
	for _, c := range all {
		if c != nil {
			out = append(out, fmt.Sprintf("%s = %v", c.Name, c.Value))
		}
	}
	return strings.Join(out, ", ")
}

func localized(m *map[discordgo.Locale]string) string {
	if m == nil {
		return ""
	}
	out := make([]string, 0, len(*m))
	for locale, text := range *m {
		out = append(out, string(locale)+" = "+text)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func permission(bits *int64) string {
	switch {
	case bits == nil:
		return ""
	case *bits == discordgo.PermissionModerateMembers:
		return "Moderate Members"
	case *bits == 0:
		return "administrators only"
	default:
		return fmt.Sprintf("permissions %d", *bits)
	}
}

func yes(b *bool) string {
	if b != nil && *b {
		return "yes"
	}
	return "no"
}

func sorted[T ~uint | ~int](values []T) string {
	return fmt.Sprint(slices.Sorted(slices.Values(values)))
}

// number and count leave out what 0 and absence have in common: no bound.
func number(n *float64) string {
	if n == nil || *n == 0 {
		return ""
	}
	return fmt.Sprint(*n)
}

func count(n *int) string {
	if n == nil || *n == 0 {
		return ""
	}
	return fmt.Sprint(*n)
}
