//go:build unix

package acceptance

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/adapters/discord/discordsim"
	"modbot/internal/adapters/slack/slacksim"
)

// person is somebody as both platforms know them.
type person struct {
	name  string
	slack string // id of the user
	// id of the member on Discord, and the roles that interactions come with.
	discord string
	roles   []string
}

// The roles on Discord.
const (
	juniorRole    = "2000000000000000001"
	moderatorRole = "2000000000000000002"
	adminRole     = "2000000000000000003"
)

// The people: two moderators, a junior, an admin, and one who may do nothing.
var (
	mia       = person{"mia", "U0MIA", "3000000000000000001", []string{moderatorRole}}
	mo        = person{"mo", "U0MO", "3000000000000000002", []string{moderatorRole}}
	jun       = person{"jun", "U0JUN", "3000000000000000003", []string{juniorRole}}
	ada       = person{"ada", "U0ADA", "3000000000000000004", []string{adminRole}}
	bystander = person{"max", "U0MAX", "3000000000000000005", nil}
)

// command is a command in both spellings: as a line, and as options.
type command struct {
	line    string
	verb    string
	options []discordsim.Option
}

// typed is a command; options are names and values in turn.
func typed(line, verb string, options ...string) command {
	c := command{line: line, verb: verb}
	for i := 0; i < len(options); i += 2 {
		c.options = append(c.options, discordsim.Option{Name: options[i], Value: options[i+1]})
	}
	return c
}

// mute is the command to mute; scope and reason may be empty.
func mute(account, term, scope, reason string) command {
	line := "mute " + account + " " + term
	options := []string{"account", account, "term", term}
	if scope != "" {
		line += " " + scope
		options = append(options, "scope", scope)
	}
	if reason != "" {
		line += " reason: " + reason
		options = append(options, "reason", reason)
	}
	return typed(line, "mute", options...)
}

// unmute is the command to unmute; scope may be empty.
func unmute(account, scope string) command {
	if scope == "" {
		return typed("unmute "+account, "unmute", "account", account)
	}
	return typed("unmute "+account+" "+scope, "unmute", "account", account, "scope", scope)
}

// status asks how an account stands.
func status(account string) command { return typed("status "+account, "status", "account", account) }

// bare is a command without anything: whoami, health, mutes.
func bare(verb string) command { return typed(verb, verb) }

// side is one platform, with those who look at it and type there.
type side interface {
	name() string      // in the ledger and in metrics
	workspace() string // in the ledger
	sink() string      // the audit channel in the ledger
	id(of person) string

	// send delivers what somebody types; hear waits for the answer to it.
	send(as person, c command) delivery
	hear(d delivery) message
	// again delivers the same once more, as the platform does when it saw no
	// acknowledgement.
	again(d delivery) delivery
	// click delivers a press of the button whose label begins so.
	click(as person, on message, label string) delivery
	// private is everything that somebody sees of answers to a delivery.
	private(d delivery) []message
	// posts is everything that was ever posted to the audit channel.
	posts() []message
	// changed counts what was done to posts after they were made.
	changed() int

	// spoil breaks the audit channel in one of the ways of spoils, and heal
	// makes it work.
	spoil(how string)
	heal()
}

// How an audit channel can fail.
const (
	deleted   = "deleted"
	forbidden = "without permission"
	throttled = "429"
	failing   = "500"
)

// delivery is one thing that was delivered, and what is needed to hear the
// answer.
type delivery struct {
	who     person
	after   int // the last record before it
	slack   slacksim.Delivered
	discord discordsim.Interaction
	answer  discordsim.Response
	clicked bool
}

// say types a command and waits for its answer.
func say(on side, as person, c command) message { return on.hear(on.send(as, c)) }

// press clicks a button and waits for what comes of it.
func press(on side, as person, m message, label string) message {
	return on.hear(on.click(as, m, label))
}

// message is what people see: an answer or a post.
type message struct {
	text string
	// live is what the platform acts upon instead of showing it, pings are who
	// is notified.
	live, pings []string
	buttons     []string // labels

	slack   slacksim.Message
	discord discordsim.Message
}

// state is the state word that an answer begins with, empty without one.
func (m message) state() string {
	for _, word := range []string{"Done", "Not done", "Partly done", "Unknown, checking", "Waiting"} {
		if strings.HasPrefix(m.text, word+":") {
			return word
		}
	}
	return ""
}

var caseNumber = regexp.MustCompile(`[Cc]ase (\d+)`)

// cases are the cases that a message names, in order.
func (m message) cases(t *testing.T) []int64 { t.Helper(); return numbers(t, caseNumber, m.text) }

// numbers are the first groups of all matches.
func numbers(t *testing.T, pattern *regexp.Regexp, text string) []int64 {
	t.Helper()
	var out []int64
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		n, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			t.Fatalf("%q: %v", m[0], err)
		}
		out = append(out, n)
	}
	return out
}

// labelled finds a button by the beginning of its label.
func (m message) labelled(t *testing.T, label string) int {
	t.Helper()
	i := slices.IndexFunc(m.buttons, func(b string) bool { return strings.HasPrefix(b, label) })
	require.GreaterOrEqual(t, i, 0, "no button %q in %q of\n%s", label, m.buttons, m.text)
	return i
}
