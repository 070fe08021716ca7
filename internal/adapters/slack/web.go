package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/slack-go/slack"

	"modbot/internal/adapters"
	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/chat"
)

// Bounds of calls to Slack.
const (
	callTime    = 5 * time.Second
	connectTime = 3 * time.Second
	idleTime    = 90 * time.Second
	maxIdle     = 16
	maxAnswer   = 8 << 20 // a user group of many thousands
	// patience is the longest Retry-After that an answer to a person waits for.
	patience = 2 * time.Second
)

// The methods that are called, as the meter counts them.
const (
	methodAuth      = "auth.test"
	methodPerson    = "users.info"
	methodMembers   = "usergroups.users.list"
	methodView      = "views.open"
	methodPost      = "chat.postMessage"
	methodLink      = "chat.getPermalink"
	methodDirect    = "conversations.open"
	methodConnect   = "apps.connections.open"
	methodAnswerURL = "response_url"
)

// web calls Slack. It never retries by itself, except an answer to a person
// that Slack asks to wait a moment with. Every call is bounded, and no error
// holds a token or a URL.
type web struct {
	api   *slack.Client
	http  *http.Client
	base  *url.URL
	org   bool // calls say which workspace they mean
	meter adapters.Meter
	now   func() time.Time
}

func newWeb(cfg Config, base *url.URL) *web {
	next := cfg.Transport
	if next == nil {
		next = &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: connectTime}).DialContext,
			TLSHandshakeTimeout: connectTime,
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: maxIdle,
			IdleConnTimeout:     idleTime,
		}
	}
	client := &http.Client{
		Transport: bounded{next},
		Timeout:   2 * callTime, // of last resort: every call has its own
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // the token goes nowhere else
		},
	}
	return &web{
		api: slack.New(cfg.BotToken, slack.OptionAPIURL(base.String()), slack.OptionAppLevelToken(cfg.AppToken),
			slack.OptionHTTPClient(client)),
		http: client, base: base, org: cfg.orgWide(), meter: cfg.Meter, now: cfg.Now,
	}
}

// bounded cuts answers off that nobody could want, and sends nothing whose time
// is over. A process that was stopped before it sent something wakes with a
// context that has not noticed yet how late it is; meanwhile another one may
// have sent the same.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if until, ok := r.Context().Deadline(); ok && !time.Now().Before(until) {
		if r.Body != nil {
			_ = r.Body.Close() // as a RoundTripper has to
		}
		return nil, context.DeadlineExceeded
	}
	resp, err := b.next.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}

// CloseIdleConnections passes through what http.Client asks for.
func (b bounded) CloseIdleConnections() {
	if c, ok := b.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (w *web) closeIdle() { w.http.CloseIdleConnections() }

// call does one call within callTime, counts it, and classes its error.
func (w *web) call(ctx context.Context, method string, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, callTime, fmt.Errorf("%s took too long", method))
	defer cancel()
	began := w.now()
	err := classify(method, do(ctx))
	w.meter.Called(chat.Slack, method, resultOf(err), w.now().Sub(began))
	return err
}

// whoami says whom the bot's token belongs to.
func (w *web) whoami(ctx context.Context) (team, enterprise string, err error) {
	err = w.call(ctx, methodAuth, func(ctx context.Context) error {
		resp, err := w.api.AuthTestContext(ctx)
		if err == nil {
			team, enterprise = resp.TeamID, resp.EnterpriseID
		}
		return err
	})
	return team, enterprise, err
}

// person looks up somebody.
func (w *web) person(ctx context.Context, id string) (p person, err error) {
	err = w.call(ctx, methodPerson, func(ctx context.Context) error {
		u, err := w.api.GetUserInfoContext(ctx, id)
		switch {
		case err != nil:
			return err
		case u.ID != id: // such as {} from something between us and Slack
			return errHollow
		}
		p = person{
			team: u.TeamID, enterprise: u.Enterprise.EnterpriseID, gone: u.Deleted, bot: u.IsBot,
			guest: u.IsRestricted || u.IsUltraRestricted, stranger: u.IsStranger,
		}
		return nil
	})
	return p, err
}

// members lists who is in a user group.
func (w *web) members(ctx context.Context, team, group string) (ids []string, err error) {
	var options []slack.GetUserGroupMembersOption
	if w.org {
		options = append(options, slack.GetUserGroupMembersOptionTeamID(team))
	}
	err = w.call(ctx, methodMembers, func(ctx context.Context) error {
		ids, err = w.api.GetUserGroupMembersContext(ctx, group, options...)
		if err == nil && ids == nil {
			return errHollow
		}
		return err
	})
	return ids, err
}

// openView shows a form to whom a trigger belongs.
func (w *web) openView(ctx context.Context, trigger string, view slack.ModalViewRequest) error {
	return w.call(ctx, methodView, func(ctx context.Context) error {
		_, err := w.api.OpenViewContext(ctx, trigger, view)
		return err
	})
}

// post sends a message to a channel and returns its timestamp, which is its id.
func (w *web) post(ctx context.Context, channel string, b blocks.Body) (ts string, err error) {
	err = w.call(ctx, methodPost, func(ctx context.Context) error {
		_, ts, err = w.api.PostMessageContext(ctx, channel,
			slack.MsgOptionText(b.Text, false), slack.MsgOptionBlocks(b.Blocks...), slack.MsgOptionDisableMarkdown(),
			slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
		if err == nil && ts == "" {
			return errHollow
		}
		return err
	})
	return ts, err
}

// permalink is where people find a message; empty when Slack doesn't say.
func (w *web) permalink(ctx context.Context, channel, ts string) string {
	var link string
	err := w.call(ctx, methodLink, func(ctx context.Context) (err error) {
		link, err = w.api.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: channel, Ts: ts})
		return err
	})
	if err != nil {
		return ""
	}
	return link
}

// Opening a conversation can be done again; that a message was not taken, Slack
// has to say.
const (
	directTries = 3
	directPause = 500 * time.Millisecond // doubled each time
)

// direct sends a message to one person. It tries again where nothing can come
// twice of it: the actor waits for an answer that has no other way.
func (w *web) direct(ctx context.Context, user string, b blocks.Body) error {
	var channel string
	err := again(ctx, maybePassing, func() (err error) {
		channel, err = w.conversation(ctx, user)
		return err
	})
	if err != nil {
		return err
	}
	return again(ctx, notTaken, func() error {
		return w.patiently(ctx, func() error {
			_, err := w.post(ctx, channel, b)
			return err
		})
	})
}

// again does something up to directTries times, as long as its error is such.
func again(ctx context.Context, such func(error) bool, do func() error) error {
	wait := directPause
	for range directTries - 1 {
		err := do()
		if err == nil || !such(err) || !pause(ctx, wait) {
			return err
		}
		wait *= 2
	}
	return do()
}

// conversation is the channel of direct messages with one person.
func (w *web) conversation(ctx context.Context, user string) (channel string, err error) {
	err = w.call(ctx, methodDirect, func(ctx context.Context) error {
		c, _, _, err := w.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{user}})
		if err != nil {
			return err
		}
		if channel = c.ID; channel == "" {
			return errHollow
		}
		return nil
	})
	return channel, err
}

// connect asks for the address of a new Socket Mode connection. The address is
// a secret.
func (w *web) connect(ctx context.Context) (address string, err error) {
	err = w.call(ctx, methodConnect, func(ctx context.Context) error {
		_, address, err = w.api.StartSocketModeContext(ctx)
		if err == nil && address == "" {
			return errHollow
		}
		return err
	})
	return address, err
}

// respond sends an answer to a response_url, whose address is a secret. edit
// replaces the message that was clicked.
func (w *web) respond(ctx context.Context, address string, b blocks.Body, edit bool) error {
	raw, err := json.Marshal(privately(b, edit))
	if err != nil {
		return fmt.Errorf("encoding an answer: %w", err)
	}
	return w.patiently(ctx, func() error {
		return w.call(ctx, methodAnswerURL, func(ctx context.Context) error { return w.send(ctx, address, raw) })
	})
}

func (w *web) send(ctx context.Context, address string, raw []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(raw))
	if err != nil {
		return errors.New("the response_url is no URL")
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := w.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body) // so that the connection can be used again
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		return &slack.RateLimitedError{RetryAfter: retryAfter(resp.Header)}
	case resp.StatusCode != http.StatusOK:
		return slack.StatusCodeError{Code: resp.StatusCode, Status: http.StatusText(resp.StatusCode)}
	}
	return nil
}

// patiently tries again once where Slack asks to wait for a moment.
func (w *web) patiently(ctx context.Context, do func() error) error {
	err := do()
	if c, ok := errors.AsType[*callError](err); ok && c.throttled && c.wait <= patience && pause(ctx, max(c.wait, time.Second/2)) {
		return do()
	}
	return err
}
