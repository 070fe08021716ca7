package slacksim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The paths of an adapter that deliveries go to, unless the URL names another.
const (
	commandsPath     = "/slack/commands"
	interactionsPath = "/slack/interactions"
)

// Socket stands in place of an adapter's URL: it delivers to one of its open
// sockets.
const Socket = "socket"

// ErrUnanswered says that the adapter did not acknowledge in time, or not at
// all: the person sees that it did not work.
var ErrUnanswered = errors.New("the adapter did not answer in time")

// From says who does something, and where.
type From struct {
	User        string
	UserName    string
	Team        string // empty: the workspace of the server
	Channel     string
	ChannelName string

	// NoTeam leaves the team out of interactions, as organisation-wide installs
	// do; the user's own team stays.
	NoTeam bool
	// Trigger is a trigger_id to use again: the same delivery twice. Empty makes
	// a new one.
	Trigger string
	Wire    Wire
}

// Wire says how a delivery is put on the wire. The zero value is what Slack
// does.
type Wire struct {
	SignedAt time.Time           // zero: now, by the server's clock
	Secret   string              // empty: the server's
	Change   func(*http.Request) // last, after signing; HTTP only
	Conn     int                 // the socket to use; 0: by turns, or as Route says
	Attempt  int                 // of a repeated delivery, from 1
	Reason   string              // of a repeated delivery
}

// Delivered is a delivery that was handed over, and what came back.
type Delivered struct {
	ID          string // the trigger_id, and Delivery of its records
	EnvelopeID  string // Socket only
	ResponseURL string
	Conn        int // Socket only
	Status      int // HTTP only
	Header      http.Header
	Body        []byte // of the answer; the payload of an acknowledgement
	Took        time.Duration
	// Errors is what a submitted form was answered about its fields.
	Errors map[string]string

	again again
}

// again is what is needed to deliver the same once more.
type again struct {
	path, contentType string
	body              []byte
	envelope          envelope
	parcel            parcel
	signature         http.Header
}

// parcel is a delivery before it is on the wire.
type parcel struct {
	from        From
	kind        string // slash_commands or interactive
	form        url.Values
	payload     object
	answers     bool // an answer may say something
	id          string
	responseURL string
	view        *View
}

// deliver puts a parcel on the wire and reads what comes back.
func (s *Server) deliver(ctx context.Context, to string, p parcel) (Delivered, error) {
	s.log.add(Record{Kind: KindDelivered, Delivery: p.id})
	if to == Socket {
		return s.overSocket(ctx, p)
	}
	path, form := commandsPath, p.form
	if p.kind != kindCommand {
		raw, err := json.Marshal(p.payload)
		if err != nil {
			return Delivered{}, fmt.Errorf("encoding a payload: %w", err)
		}
		path, form = interactionsPath, url.Values{"payload": {string(raw)}}
	}
	d := Delivered{ID: p.id, ResponseURL: p.responseURL}
	d.again = again{path: path, contentType: "application/x-www-form-urlencoded", body: []byte(form.Encode()), parcel: p}
	return s.overHTTP(ctx, to, d, nil)
}

// Redeliver delivers the same once more, as Slack does when it saw no
// acknowledgement: newly signed, with the next attempt's number.
func (s *Server) Redeliver(ctx context.Context, to string, d Delivered) (Delivered, error) {
	d.again.parcel.from.Wire.Attempt++
	d.again.parcel.from.Wire.Reason = "timeout"
	s.log.add(Record{Kind: KindDelivered, Delivery: d.ID})
	if to == Socket {
		e := d.again.envelope
		e.RetryAttempt, e.RetryReason = d.again.parcel.from.Wire.Attempt, d.again.parcel.from.Wire.Reason
		return s.send(ctx, d.again.parcel, e)
	}
	return s.overHTTP(ctx, to, d, nil)
}

// Replay sends the very bytes of a delivery again, with their old signature: what
// somebody can do who saw them.
func (s *Server) Replay(ctx context.Context, to string, d Delivered) (Delivered, error) {
	return s.overHTTP(ctx, to, d, d.again.signature)
}

// overHTTP posts a delivery. Where the URL has a path of its own, it stays.
func (s *Server) overHTTP(ctx context.Context, to string, d Delivered, signature http.Header) (Delivered, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.AnswerTime, ErrUnanswered)
	defer cancel()
	target, err := url.Parse(to)
	if err != nil {
		return d, fmt.Errorf("delivering to %s: %w", to, err)
	}
	if target.Path == "" || target.Path == "/" {
		target.Path = d.again.path
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(d.again.body))
	if err != nil {
		return d, fmt.Errorf("delivering to %s: %w", to, err)
	}
	s.dress(req, &d, signature)
	sent := time.Now()
	resp, err := s.client.Do(req)
	d.Took = time.Since(sent)
	if err != nil {
		return d, s.unanswered(ctx, d, err)
	}
	defer func() { _ = resp.Body.Close() }()
	d.Status, d.Header = resp.StatusCode, resp.Header
	if d.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody)); err != nil {
		return d, s.unanswered(ctx, d, err)
	}
	s.log.add(Record{Kind: KindAnswered, Delivery: d.ID, Status: d.Status, Payload: string(d.Body), Took: d.Took})
	if d.Status == http.StatusOK {
		s.answer(d.again.parcel, &d)
	}
	return d, nil
}

// dress adds the headers that Slack sends.
func (s *Server) dress(req *http.Request, d *Delivered, signature http.Header) {
	wire := d.again.parcel.from.Wire
	req.Header.Set("Content-Type", d.again.contentType)
	req.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	if wire.Attempt > 0 {
		req.Header.Set("X-Slack-Retry-Num", strconv.Itoa(wire.Attempt))
		req.Header.Set("X-Slack-Retry-Reason", wire.Reason)
	}
	if signature == nil {
		secret, at := wire.Secret, wire.SignedAt
		if secret == "" {
			secret = s.cfg.SigningSecret
		}
		if at.IsZero() {
			at = s.cfg.Now()
		}
		signature = Sign(secret, at, d.again.body)
	}
	d.again.signature = signature
	maps.Copy(req.Header, signature)
	if wire.Change != nil {
		wire.Change(req)
	}
}

// unanswered is the error of a delivery that got no answer.
func (s *Server) unanswered(ctx context.Context, d Delivered, err error) error {
	if errors.Is(context.Cause(ctx), ErrUnanswered) {
		err = ErrUnanswered
	}
	s.log.add(Record{Kind: KindFailed, Delivery: d.ID, Result: err.Error(), Took: d.Took})
	return fmt.Errorf("delivering %s: %w", d.ID, err)
}

// Sign is the headers that Slack signs a body with (version v0).
func Sign(secret string, at time.Time, body []byte) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte("v0:" + stamp + ":"))
	_, _ = mac.Write(body)
	h := http.Header{}
	h.Set("X-Slack-Request-Timestamp", stamp)
	h.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	return h
}

// answer does what came back with an acknowledgement.
func (s *Server) answer(p parcel, d *Delivered) {
	body := bytes.TrimSpace(d.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.view != nil {
		s.answerView(p, d, body)
		return
	}
	if !p.answers || len(body) == 0 || string(body) == "{}" || string(body) == "null" {
		return
	}
	var a reply
	if json.Unmarshal(body, &a) != nil {
		a = reply{Text: string(body)}
	}
	m := a.message(p.from, "answer", p.id)
	if err := checkMessage(m.Text, m.Blocks); err != nil {
		s.log.add(Record{Kind: KindFailed, Delivery: p.id, Result: err.Error()})
		return
	}
	s.show(m)
}

// answerView closes a submitted view, or shows what is wrong with it.
func (s *Server) answerView(p parcel, d *Delivered, body []byte) {
	var a struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   json.RawMessage   `json:"view"`
	}
	if len(body) > 0 && json.Unmarshal(body, &a) != nil {
		s.log.add(Record{Kind: KindFailed, Delivery: p.id, Result: "the answer to a form is no JSON"})
		return
	}
	switch a.Action {
	case "errors":
		d.Errors, p.view.Errors = a.Errors, a.Errors
	case "update":
		if err := checkView(a.View); err != nil {
			s.log.add(Record{Kind: KindFailed, Delivery: p.id, Result: err.Error()})
			return
		}
		s.fill(p.view, a.View)
	case "", "clear":
		p.view.Open = false
		s.log.add(Record{Kind: KindClosed, Delivery: p.id, View: p.view.clone()})
		return
	default:
		s.log.add(Record{Kind: KindFailed, Delivery: p.id, Result: "unknown response_action " + strings.ToValidUTF8(a.Action, "?")})
		return
	}
	s.log.add(Record{Kind: KindView, Delivery: p.id, View: p.view.clone()})
}
