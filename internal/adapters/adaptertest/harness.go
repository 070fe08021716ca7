package adaptertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// Factory makes a fresh adapter with a fresh scripted platform that records
// what it sees in the trace. It is called at least once per check. What it
// opens is closed by Harness.Close, because goroutines are counted after that.
type Factory func(tb testing.TB, trace *Trace) Harness

// Harness is one platform under test: the adapter, and the functions with which
// the suite drives the platform's scripted other side. All of them may be
// called from several goroutines at once.
type Harness struct {
	Adapter adapters.Adapter
	Channel adapters.Channel

	// Actors are the ids of at least two people whom the platform knows.
	Actors []string

	// Deliver makes the platform deliver one command, once. It returns when the
	// platform has handed it over, and doesn't wait for an answer. It may be
	// called right after Run was: waiting for a connection is its business.
	Deliver func(tb testing.TB, d Delivery)

	// Close ends the other side. Run has returned by then.
	Close func()

	// Each trait that the platform has comes with its function, where it needs
	// one; each that it doesn't have is in Lacks with the reason why.
	Lacks map[Trait]string

	Redeliver  func(tb testing.TB, d Delivery)                           // Redelivery
	Forge      func(tb testing.TB, d Delivery)                           // Signature
	Press      func(tb testing.TB, id, actor string, b chat.Button)      // Buttons
	OpenForm   func(tb testing.TB, actor, verb string) []string          // Forms: the labels of its fields
	Complete   func(tb testing.TB, actor, option, typed string) []string // Suggestions: the values offered
	BreakRoles func(tb testing.TB)                                       // RoleLookup: it fails from now on
	Throttle   func(tb testing.TB, wait time.Duration)                   // Throttling: the next post gets "wait"
	Refuse     func(tb testing.TB)                                       // ContentRefusal: the next post's content is refused
	End        func(tb testing.TB)                                       // Ending: the platform says that it is over
}

// Trait is something that not every platform has. A harness names those that
// its platform lacks, with the reason; the suite fails when it is silent.
type Trait string

// The traits.
const (
	Acknowledgement Trait = "acknowledgement" // the platform waits for one, for a few seconds
	Redelivery      Trait = "redelivery"      // the same delivery may come twice
	Signature       Trait = "signature"       // deliveries can be forged, and are verified
	Buttons         Trait = "buttons"         // buttons can be pressed
	Forms           Trait = "forms"           // forms can be filled in
	Suggestions     Trait = "suggestions"     // values are offered while typing
	RoleLookup      Trait = "role lookup"     // roles come from the platform, which may not answer
	Throttling      Trait = "throttling"      // too many posts are told to wait
	ContentRefusal  Trait = "content refusal" // a post may be refused for what it says
	TextLimit       Trait = "text limit"      // there is a longest text
	Ending          Trait = "ending"          // the platform can say that it is over
)

// functions says whether a harness has the function of each trait that needs
// one.
func (h Harness) functions() map[Trait]bool {
	return map[Trait]bool{
		Redelivery: h.Redeliver != nil, Signature: h.Forge != nil, Buttons: h.Press != nil,
		Forms: h.OpenForm != nil, Suggestions: h.Complete != nil, RoleLookup: h.BreakRoles != nil,
		Throttling: h.Throttle != nil, ContentRefusal: h.Refuse != nil, Ending: h.End != nil,
	}
}

// validate finds harnesses that leave something unsaid.
func (h Harness) validate(tb testing.TB) {
	tb.Helper()
	require.NotNil(tb, h.Adapter, "the harness has no adapter")
	require.NotNil(tb, h.Channel, "the harness has no audit channel")
	require.NotNil(tb, h.Deliver, "the harness cannot deliver")
	require.NotNil(tb, h.Close, "the harness cannot be closed")
	require.GreaterOrEqual(tb, len(h.Actors), 2, "the harness needs two actors")
	for trait, given := range h.functions() {
		_, lacks := h.Lacks[trait]
		require.NotEqual(tb, given, lacks, "trait %q: exactly one of its function and a reason in Lacks is needed", trait)
	}
	known := []Trait{
		Acknowledgement, Redelivery, Signature, Buttons, Forms, Suggestions, RoleLookup,
		Throttling, ContentRefusal, TextLimit, Ending,
	}
	for trait, reason := range h.Lacks {
		require.Contains(tb, known, trait)
		require.NotEmpty(tb, strings.TrimSpace(reason), "trait %q is lacking without a reason", trait)
	}
}

// Delivery is one command that the platform delivers: a mute of one account.
// Platforms with a text form deliver Line, those with typed options Options.
type Delivery struct {
	// ID is also a word of the reason, so that everything that happens to the
	// delivery can be told from everything else.
	ID     string
	Actor  string // one of Harness.Actors
	Reason string // somebody's words, beginning with the ID
}

// The verb and the options of every delivery.
const (
	verb    = "mute"
	account = "alice"
	term    = "2h"
)

// Line is the command in text form, without any prefix.
func (d Delivery) Line() string { return strings.Join([]string{verb, account, term, d.Reason}, " ") }

// Verb is the verb of the typed form.
func (Delivery) Verb() string { return verb }

// Options are the options of the typed form.
func (d Delivery) Options() []chat.Option {
	return []chat.Option{{Name: "account", Value: account}, {Name: "term", Value: term}, {Name: "reason", Value: d.Reason}}
}

// idPrefix begins the id of every delivery.
const idPrefix = "delivery-"

// deliveryID finds the id of the delivery that an invocation came from.
func deliveryID(inv chat.Invocation) string {
	if inv.Click != nil {
		return fmt.Sprintf("%s%d", idPrefix, inv.Click.Case)
	}
	words := strings.Fields(said(inv))
	i := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, idPrefix) })
	if i < 0 {
		return ""
	}
	return words[i]
}

// said is what the actor wrote freely, whichever form it came in.
func said(inv chat.Invocation) string {
	for _, o := range inv.Options {
		if o.Name == "reason" {
			return o.Value
		}
	}
	_, reason, _ := strings.Cut(inv.Line, " "+term+" ")
	return reason
}
