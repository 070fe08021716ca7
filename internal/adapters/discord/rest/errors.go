package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// Codes that Discord's answers carry (topics/opcodes-and-status-codes).
const (
	CodeUnknownChannel     = 10003
	CodeUnknownMessage     = 10008
	CodeUnknownWebhook     = 10015 // a token that expired, or whose interaction wasn't answered
	CodeUnknownInteraction = 10062 // answered too late
	CodeAlreadyAnswered    = 40060
	CodeMissingAccess      = 50001
	CodeCannotMessage      = 50007 // the member takes no direct messages
	CodeMissingPermissions = 50013
	CodeEmptyMessage       = 50006
	CodeInvalidToken       = 50027 // of an interaction
	CodeInvalidForm        = 50035
	CodeBlockedByRules     = 200000 // the guild's automatic moderation
	CodeBlockedByTitle     = 200001
	CodeHarmfulLink        = 240000
)

// The results that the meter hears.
const (
	resultOK         = "ok"
	resultThrottled  = "throttled"
	resultRefused    = "refused"
	resultFailed     = "failed"     // Discord's own error
	resultUnanswered = "unanswered" // nobody knows whether it was done
	resultUnsent     = "unsent"
	platform         = chat.Discord
)

// shownMessage is how much of Discord's words an error repeats, in characters.
const shownMessage = 300

// Error is a call that didn't succeed. Nothing in it is secret.
type Error struct {
	Op     string // what was being done
	Status int    // of the answer; 0 when there was none
	Code   int    // Discord's, 0 when it gave none
	// RetryAfter is how long to wait when too much was asked; at most an hour.
	RetryAfter time.Duration
	Message    string // Discord's words, or ours
	// Unsent says that the request never left: nothing was done.
	Unsent bool
	// Cause is what kept the answer away; nil when Discord answered.
	Cause error

	scope string // of a 429: user, global, shared or edge
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	switch {
	case e.Unsent:
		b.WriteString(": not sent")
	case e.Status != 0:
		fmt.Fprintf(&b, ": Discord answered %d", e.Status)
	default:
		b.WriteString(": no answer from Discord")
	}
	if e.Code != 0 {
		fmt.Fprintf(&b, ", code %d", e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, " (in %v)", e.RetryAfter.Round(time.Millisecond))
	}
	return b.String()
}

// Unwrap is what kept the answer away.
func (e *Error) Unwrap() error { return e.Cause }

// Throttled reports that too much was asked: nothing was done, and waiting helps.
func (e *Error) Throttled() bool { return e.Status == http.StatusTooManyRequests }

// RefusesContent reports that what was to be said is refused, whatever is tried.
func (e *Error) RefusesContent() bool {
	switch e.Code {
	case CodeInvalidForm, CodeEmptyMessage, CodeBlockedByRules, CodeBlockedByTitle, CodeHarmfulLink:
		return true
	}
	return e.Status == http.StatusRequestEntityTooLarge
}

// Expired reports that an interaction can't be answered any more.
func (e *Error) Expired() bool {
	switch e.Code {
	case CodeUnknownWebhook, CodeUnknownInteraction, CodeInvalidToken:
		return true
	}
	return false
}

// Unauthorized reports that the bot's token isn't valid (any more).
func (e *Error) Unauthorized() bool {
	return e.Status == http.StatusUnauthorized && !e.Expired()
}

// unclear reports that the request may or may not have had its effect.
func (e *Error) unclear() bool {
	return !e.Unsent && (e.Status == 0 || e.Status >= 500 || e.Status/100 == 2)
}

// invalid reports what counts for the ban of an address.
func (e *Error) invalid() bool {
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return !e.Unsent
	case http.StatusTooManyRequests:
		return !e.Unsent && e.scope != scopeShared
	}
	return false
}

func (e *Error) result() string {
	switch {
	case e.Unsent:
		return resultUnsent
	case e.Throttled():
		return resultThrottled
	case e.Status >= 500:
		return resultFailed
	case e.Status == 0 || e.Status/100 == 2:
		return resultUnanswered
	default:
		return resultRefused
	}
}

// clean makes words from outside fit to be shown: visible, short, and without
// secrets, should Discord or a proxy repeat one.
func clean(text string, secrets []string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return adapters.Cut(chat.Visible(strings.TrimSpace(text)), shownMessage, utf8.RuneCountInString)
}

// problem is the body of a refusal.
type problem struct {
	Code       int             `json:"code"`
	Message    string          `json:"message"`
	Errors     json.RawMessage `json:"errors"`
	RetryAfter float64         `json:"retry_after"`
	Global     bool            `json:"global"`
}

// words is the message with what is wrong in detail.
func (p problem) words() string {
	if len(p.Errors) == 0 || string(p.Errors) == "null" {
		return p.Message
	}
	return p.Message + " " + string(p.Errors)
}
