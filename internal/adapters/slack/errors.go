package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// maxWait caps what Slack may ask us to wait: a mistake on the other side must
// not silence a channel for a day.
const maxWait = 5 * time.Minute

// maxCode is how much is repeated of an error's name from outside.
const maxCode = 60

// errHollow is an answer without the thing that was asked for: no answer of
// Slack's, whatever its status says.
var errHollow = errors.New("the answer holds nothing; something between modbot and Slack may have made it")

// callError is a call to Slack that failed.
type callError struct {
	method    string
	code      string        // Slack's own name of the error; may be empty
	status    int           // of HTTP; 0 when there was none
	throttled bool          // asked to wait
	wait      time.Duration // as asked, at most maxWait; 0 = not said
	cause     error
}

func (e *callError) Error() string {
	switch {
	case e.throttled:
		return fmt.Sprintf("calling %s: Slack asks to wait %v", e.method, e.wait)
	case e.code != "":
		return fmt.Sprintf("calling %s: %s", e.method, e.code)
	case e.status != 0:
		return fmt.Sprintf("calling %s: status %d", e.method, e.status)
	}
	return fmt.Sprintf("calling %s: %v", e.method, e.cause)
}

func (e *callError) Unwrap() error { return e.cause }

// classify makes a callError of whatever a call returned. The library's text is
// not kept: it may hold an address, and addresses hold secrets.
func classify(method string, err error) error {
	if err == nil {
		return nil
	}
	e := &callError{method: method}
	if asked, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		e.throttled, e.status, e.wait = true, http.StatusTooManyRequests, min(max(asked.RetryAfter, 0), maxWait)
		return e
	}
	if status, ok := errors.AsType[slack.StatusCodeError](err); ok {
		e.status, e.throttled = status.Code, status.Code == http.StatusTooManyRequests
		return e
	}
	if answer, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		e.code = adapters.Cut(chat.Visible(answer.Err), maxCode, utf8.RuneCountInString)
		e.throttled = e.code == "ratelimited" || e.code == "rate_limited"
		return e
	}
	e.cause = plainCause(err)
	return e
}

// plainCause is an error without the address that the HTTP client adds.
func plainCause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return errors.New("the answer is not JSON")
	}
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return errors.New("the answer is not of the form that Slack documents")
	}
	return err
}

// retryAfter reads the header; 0 when there is none that can be read.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 20)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// resultOf is how the meter counts a call.
func resultOf(err error) string {
	e, _ := errors.AsType[*callError](err)
	switch {
	case err == nil:
		return resultOK
	case e == nil:
		return "failed"
	case e.throttled:
		return "throttled"
	case e.code != "" || e.status >= 400 && e.status < 500:
		return "refused"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	}
	return "failed"
}

// codeOf is Slack's own name of an error, or empty.
func codeOf(err error) string {
	if e, ok := errors.AsType[*callError](err); ok {
		return e.code
	}
	return ""
}

// ends reports whether Slack says that a token can't be used: trying again
// can't help.
func ends(err error) bool {
	switch codeOf(err) {
	case "invalid_auth", "account_inactive", "not_authed", "token_revoked", "token_expired",
		"not_allowed_token_type", "missing_scope", "no_permission", "link_disabled":
		return true
	}
	return false
}

// maybePassing reports whether a failed call may do better a moment later: Slack
// was not reached, or had trouble of its own.
func maybePassing(err error) bool {
	e, ok := errors.AsType[*callError](err)
	if !ok || e.throttled {
		return false
	}
	return e.status >= http.StatusInternalServerError || e.cause != nil || unsure(e.code) && e.code != "team_added_to_org"
}

// notTaken reports whether a message that failed surely did not arrive, and may
// all the same the next time: no connection was made, or something in front of
// Slack had nowhere to pass the call on.
func notTaken(err error) bool {
	e, ok := errors.AsType[*callError](err)
	if !ok {
		return false
	}
	op, dialled := errors.AsType[*net.OpError](e.cause)
	return dialled && op.Op == "dial" || e.status == http.StatusServiceUnavailable
}

// unsure reports whether Slack says with an error that something may have
// happened all the same.
func unsure(code string) bool {
	switch code {
	case "fatal_error", "internal_error", "request_timeout", "service_unavailable", "team_added_to_org":
		return true
	}
	return false
}

// explain says in a sentence what an error means and what to do about it.
func explain(err error) string {
	what := map[string]string{
		"invalid_auth":           "it doesn't know the token; paste it again from the app's settings.",
		"not_authed":             "no token was sent; is it empty?",
		"account_inactive":       "the app or its user was removed; install the app again.",
		"token_revoked":          "the token was revoked; install the app again and take the new one.",
		"token_expired":          "the token has expired; switch token rotation off, or take a new one.",
		"not_allowed_token_type": "this is the wrong kind of token; bot tokens begin with xoxb-, app tokens with xapp-.",
		"missing_scope":          "the token lacks a scope; compare with `modbot slack manifest` and install the app again.",
		"no_permission":          "the token may not do that; compare with `modbot slack manifest`.",
		"link_disabled":          "Socket Mode is switched off in the app's settings.",
		"plan_upgrade_required":  "user groups need a paid plan; list user ids in the roles instead.",
		"no_such_subteam":        "there is no such user group; was it deleted?",
		"channel_not_found":      "there is no such channel, or the bot is not in it; /invite it there.",
		"not_in_channel":         "the bot is not in the channel; /invite it there.",
		"is_archived":            "the channel is archived.",
		"restricted_action":      "a setting of the workspace keeps the bot from posting there.",
	}[codeOf(err)]
	if what == "" {
		return err.Error()
	}
	return what
}
