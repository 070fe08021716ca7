package discordsim

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Signing says how a delivery by HTTP is signed. The zero value signs properly.
type Signing struct {
	At      time.Time          // in the header; now when zero
	Key     ed25519.PrivateKey // the application's when nil
	Missing bool               // no headers at all
	Broken  bool               // the signature is of something else
}

// ErrNoAnswer says that an interaction was not answered in time: the actor sees
// that the application did not respond.
var ErrNoAnswer = errors.New("the interaction was not answered in time")

// SetEndpoint sets the application's interactions endpoint, where all
// interactions go from then on; an empty address gives them to the gateway. It
// looks at the endpoint first as Discord does: a ping must be answered, and a
// bad signature refused with 401.
func (s *Server) SetEndpoint(ctx context.Context, address string) error {
	if address != "" {
		if err := s.probe(ctx, address); err != nil {
			return fmt.Errorf("setting the interactions endpoint: %w", err)
		}
	}
	s.UseEndpoint(address)
	return nil
}

// UseEndpoint sets the endpoint without looking at it.
func (s *Server) UseEndpoint(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endpoint = address
}

func (s *Server) probe(ctx context.Context, address string) error {
	ping, err := json.Marshal(map[string]any{
		"id": "1", "application_id": s.cfg.Application, "type": int(kindPing), "token": "ping", "version": 1,
		"user": map[string]any{"id": "1", "username": "discord"},
	})
	if err != nil {
		return err
	}
	status, body, err := s.Post(ctx, address, ping, Signing{})
	if err != nil {
		return err
	}
	var pong struct{ Type int }
	if json.Unmarshal(body, &pong) != nil || status != http.StatusOK || pong.Type != 1 {
		return fmt.Errorf("a ping is answered %d %.100q", status, body)
	}
	status, _, err = s.Post(ctx, address, ping, Signing{Broken: true})
	if err != nil {
		return err
	}
	if status != http.StatusUnauthorized {
		return fmt.Errorf("a bad signature is answered %d", status)
	}
	return nil
}

// maxResponse is the longest response of an adapter that is read.
const maxResponse = 1 << 20

// Post sends raw bytes to an address as Discord sends deliveries, and returns
// the answer.
func (s *Server) Post(ctx context.Context, address string, body []byte, how Signing) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Discord-Interactions/1.0 (+https://discord.com)")
	if !how.Missing {
		s.sign(req.Header, body, how)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read, or is given up
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	return resp.StatusCode, answer, err
}

func (s *Server) sign(h http.Header, body []byte, how Signing) {
	key, at := how.Key, how.At
	if key == nil {
		key = s.cfg.Key
	}
	if at.IsZero() {
		at = s.cfg.Now()
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	signature := ed25519.Sign(key, append([]byte(stamp), body...))
	if how.Broken {
		signature[0] ^= 0xff
	}
	h.Set("X-Signature-Ed25519", hex.EncodeToString(signature))
	h.Set("X-Signature-Timestamp", stamp)
}

// Command types a command.
func (s *Server) Command(ctx context.Context, d Interaction) (Response, error) {
	return s.deliver(ctx, kindCommand, d)
}

// Component presses a button.
func (s *Server) Component(ctx context.Context, d Interaction) (Response, error) {
	return s.deliver(ctx, kindComponent, d)
}

// ModalSubmit submits a form.
func (s *Server) ModalSubmit(ctx context.Context, d Interaction) (Response, error) {
	return s.deliver(ctx, kindModal, d)
}

// Autocomplete types into an option.
func (s *Server) Autocomplete(ctx context.Context, d Interaction) (Response, error) {
	return s.deliver(ctx, kindAutocomplete, d)
}

// UserMenu uses a context menu on the member Target.
func (s *Server) UserMenu(ctx context.Context, d Interaction) (Response, error) {
	d.Author = ""
	return s.deliver(ctx, kindCommand, d)
}

// MessageMenu uses a context menu on the message Target that Author wrote.
func (s *Server) MessageMenu(ctx context.Context, d Interaction) (Response, error) {
	return s.deliver(ctx, kindCommand, d)
}

// deliver hands an interaction over and waits for the initial response: an
// error is a failed connection, or ErrNoAnswer. Over the gateway it waits for a
// session first.
func (s *Server) deliver(ctx context.Context, k kind, d Interaction) (Response, error) {
	s.mu.Lock()
	address := s.endpoint
	s.mu.Unlock()
	if address == "" {
		if err := s.WaitReady(ctx); err != nil {
			return Response{}, fmt.Errorf("delivering over the gateway: %w", err)
		}
	}
	s.mu.Lock()
	in := s.create(k, d)
	body, err := json.Marshal(in.payload)
	s.note(Event{What: Delivered, Interaction: in.id, User: d.User, Text: d.Name})
	if err == nil && address == "" {
		s.dispatch("INTERACTION_CREATE", in.payload)
	}
	s.mu.Unlock()
	if err != nil {
		return Response{}, err
	}
	began := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.AnswerTime, ErrNoAnswer)
	defer cancel()
	status := 0
	if address != "" {
		status, err = s.post(ctx, address, in, body, d.Sign)
		if err != nil {
			return s.giveUp(ctx, in, status, err)
		}
		if status != http.StatusAccepted {
			return s.responseOf(in, status, began), nil
		}
	}
	select {
	case <-in.done:
		return s.responseOf(in, status, began), nil
	case <-ctx.Done():
		return s.giveUp(ctx, in, status, context.Cause(ctx))
	}
}

// post delivers by HTTP, and takes the response in the answer.
func (s *Server) post(ctx context.Context, address string, in *interaction, body []byte, how Signing) (int, error) {
	status, answer, err := s.Post(ctx, address, body, how)
	if err != nil || status != http.StatusOK {
		return status, err
	}
	var r callbackBody
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := json.Unmarshal(answer, &r); err != nil {
		in.response.Problem = "the response isn't JSON of the right shape"
		return status, nil
	}
	if in.answered {
		return status, nil // delivered again: the first response counts
	}
	if refusal := s.apply(in, r); refusal != nil {
		in.response.Problem = fmt.Sprint(refusal.body)
		s.note(Event{What: Broken, Interaction: in.id, Text: in.response.Problem})
	}
	return status, nil
}

// responseOf is what came of a delivery.
func (s *Server) responseOf(in *interaction, status int, began time.Time) Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := in.response
	r.Status, r.Took = status, time.Since(began)
	return r
}

// giveUp makes an interaction unanswerable, when it is the time that is over.
func (s *Server) giveUp(ctx context.Context, in *interaction, status int, err error) (Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(context.Cause(ctx), ErrNoAnswer) {
		err = ErrNoAnswer
		if !in.answered {
			in.late = true
		}
	}
	r := in.response
	r.Status = status
	return r, err
}
