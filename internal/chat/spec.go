package chat

// Spec is the one description of a verb. The parser, help, Discord's
// registration, Slack's manifest, the policy and the docs all read it.
type Spec struct {
	Verb    string
	Aliases map[string][]string // language tag to other names; English first
	Summary string              // one line, no full stop
	Options []OptionSpec        // required ones first
	// Examples are whole commands, without the platform's prefix.
	Examples []string
	// Access says who may use the verb before any policy about the object.
	Access Access
}

// Access says how a verb is guarded.
type Access uint8

// The ways in which a verb is guarded.
const (
	AccessRole    Access = iota // a role must list the verb
	AccessAnyone                // anyone in an allowed workspace
	AccessImplied               // whoever may do what is being confirmed
)

// OptionKind tells a typed platform which input to offer.
type OptionKind uint8

// The kinds of option.
const (
	OptionAccounts OptionKind = iota // one account or several
	OptionAccount                    // exactly one account
	OptionTerm
	OptionScope
	OptionText
	OptionCase
	OptionChoice
	OptionActor
	OptionVerb
	// OptionMember is a member of a platform: a mention (<@id>), or a platform
	// with an id.
	OptionMember
)

// OptionSpec is one option of a verb.
type OptionSpec struct {
	Name     string
	Kind     OptionKind
	Summary  string
	Required bool
	// Keyword introduces the option in the text form ("reason:", "note", "by").
	Keyword string
	// Rest says that the option also takes what is left of the line, without
	// its keyword.
	Rest     bool
	Suggests bool // Suggest offers values while typing
	MaxRunes int  // 0 = the grammar's own limit
}

// Form asks for several values at once (a modal). It is built from cached
// state alone, because a platform's trigger lives three seconds.
type Form struct {
	Verb   string
	Title  string
	Submit string
	Fields []FormField
}

// FormField is one input of a Form.
type FormField struct {
	Name     string
	Label    string
	Hint     string
	Value    string
	Required bool
	Long     bool // several lines
	MaxRunes int
	Choices  []Suggestion // a select, when not empty
}

// Suggestion is one value that is offered while typing.
type Suggestion struct {
	Value string
	Label string
}
