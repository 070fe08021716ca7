// Package slack is Slack as a platform: slash commands, buttons, forms and
// shortcuts in, private answers and audit posts out.
//
// The model: a delivery comes over HTTP (Handler) or over Socket Mode (Run
// dials out); both are verified, decoded to one delivery value, and accepted in
// the same place. Accepting never waits for the Core: the delivery is handed to
// Run's own goroutines, and is acknowledged within ackWithin, with the answer
// where that is known by then and empty otherwise. What is known later goes to
// the delivery's response_url, and to a direct message where that is used up.
//
// Invariants:
//   - Nothing is handed to the Core that was not verified, that comes from a
//     workspace outside of the allow-list, or that a seen delivery repeats.
//   - What an actor holds is known, at most rolesAge old, or an error: guests,
//     strangers and unknown people hold nothing.
//   - Run owns every goroutine, and every wait has a bound.
//   - Tokens and response_urls appear in no error and no log line.
//
// slack-go is used for the Web API and for Slack's own types. Its Socket Mode
// client is not: it drops the connection, with what is on the way, as soon as
// Slack announces a refresh, and keeps the reason to itself.
package slack

import (
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/chat"
)

// Mode says how Slack delivers.
type Mode string

// The modes.
const (
	HTTP   Mode = "http"   // Slack calls us
	Socket Mode = "socket" // we call Slack
)

// Config is what a Slack is made of.
type Config struct {
	Mode Mode
	// SigningSecret verifies deliveries over HTTP.
	SigningSecret string
	// BotToken calls the Web API (xoxb-…).
	BotToken string
	// AppToken opens Socket Mode connections (xapp-…).
	AppToken string

	// Workspaces is the allow-list, by id (T…). More than one needs an org-wide
	// token and Enterprise.
	Workspaces []string
	// Enterprise is the id of the Enterprise Grid organisation (E…), or empty.
	Enterprise string

	// Command is the slash command before whose text nothing is put; "/mod"
	// when empty.
	Command string
	// ShortForms maps further commands, without the slash, to the verb that each
	// stands for: "modmute" to "mute". Any other delivered name is the verb.
	ShortForms map[string]string

	// AuditChannel is where Audit posts (C…); empty = nowhere.
	AuditChannel string
	// MentionOnFailure are the users (U…, W…) and user groups (S…) whom a post
	// that raises an alarm mentions.
	MentionOnFailure []string
	// UserGroups are those that roles use (S…). Membership in no other is looked
	// up, and with none nothing is fetched.
	UserGroups []string

	// APIURL replaces https://slack.com/api/ (proxies, test servers). Its host
	// is trusted as Slack's own.
	APIURL string
	// Transport makes HTTP calls; one of our own when nil.
	Transport http.RoundTripper
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Meter counts; adapters.Unmetered when nil.
	Meter adapters.Meter
}

// Slack is the adapter. Audit's channel works with and without Run.
type Slack struct {
	log   *zap.Logger
	cfg   Config
	meter adapters.Meter
	now   func() time.Time

	web     *web
	people  *people
	groups  *groups
	stand   *standing
	seals   *seals
	seen    *recent[string, *answer] // by the key of the delivery
	handler http.Handler

	// door is where deliveries enter; nil while Run doesn't run.
	door atomic.Pointer[door]
}

var _ adapters.Adapter = (*Slack)(nil)

// New makes a Slack, or says everything that is wrong with its Config. It calls
// nobody.
func New(log *zap.Logger, cfg Config) (*Slack, error) {
	api, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	s := &Slack{log: log, cfg: cfg, meter: cfg.Meter, now: cfg.Now, stand: newStanding()}
	s.web = newWeb(cfg, api)
	s.people = newPeople(s.lookUp, cfg.Now)
	s.groups = newGroups(log, cfg, s.web.members, s.stand)
	s.seals = newSeals(cfg.SigningSecret, cfg.Now)
	s.seen = newRecent[string, *answer](seenFor, maxSeen)
	s.handler = s.routes()
	return s, nil
}

// Platform is chat.Slack.
func (*Slack) Platform() chat.Platform { return chat.Slack }

// Handler serves Slack's deliveries, at /slack/commands and /slack/interactions.
// It answers 503 while Run does not run, and in Socket Mode always. The server
// around it bounds how long a request may take to arrive.
func (s *Slack) Handler() http.Handler { return s.handler }

// Status is how things stand with Slack right now.
func (s *Slack) Status() adapters.Status {
	return s.stand.status(s.door.Load() != nil, s.cfg.Mode)
}

// Audit is the audit channel, or nil when none is configured.
func (s *Slack) Audit() adapters.Channel {
	if s.cfg.AuditChannel == "" {
		return nil
	}
	return &auditChannel{web: s.web, channel: s.cfg.AuditChannel, mention: s.cfg.MentionOnFailure, stand: s.stand}
}

// trusts reports whether a URL is Slack's own: answers, which hold what only one
// person may read, are sent to such URLs alone.
func (s *Slack) trusts(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.User == nil && (slackHost(u) || u.Scheme == s.web.base.Scheme && u.Host == s.web.base.Host)
}
