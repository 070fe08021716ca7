package slack

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"

	"go.uber.org/zap"

	"modbot/internal/adapters"
	"modbot/internal/adapters/slack/blocks"
	"modbot/internal/chat"
)

// How long bodies may be. Text is at most a few thousand characters; an
// interaction carries the message that was clicked, or the view.
const (
	maxCommandBody     = 128 << 10
	maxInteractionBody = 1 << 20
)

// formType is how Slack sends everything.
const formType = "application/x-www-form-urlencoded"

func (s *Slack) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /slack/commands", func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, kindCommand, maxCommandBody, commandForm)
	})
	mux.HandleFunc("POST /slack/interactions", func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, kindUnknown, maxInteractionBody, interactionForm)
	})
	return mux
}

// serve answers one request. Whoever is refused learns the status and no more.
func (s *Slack) serve(w http.ResponseWriter, r *http.Request, kind string, limit int64, decode func([]byte) (delivery, error)) {
	d := s.door.Load()
	if d == nil || s.cfg.Mode != HTTP {
		s.refuse(w, kind, resultClosed, http.StatusServiceUnavailable)
		return
	}
	body, result, status := s.admit(w, r, limit)
	if status != 0 {
		s.refuse(w, kind, result, status)
		return
	}
	del, err := decode(body)
	if err != nil {
		s.refuse(w, del.kind, resultMalformed, http.StatusBadRequest)
		return
	}
	del.received = s.now()
	a, err := s.accept(d, del)
	switch {
	case errors.Is(err, errWorkspace):
		w.WriteHeader(http.StatusForbidden)
	case err != nil:
		w.WriteHeader(http.StatusServiceUnavailable)
	case a == nil:
		w.WriteHeader(http.StatusOK)
	default:
		s.acknowledge(r.Context(), d, a, func(b *blocks.Body) error { return write(w, b) })
	}
}

// admit reads and verifies a request; a status that is not 0 refuses it.
func (s *Slack) admit(w http.ResponseWriter, r *http.Request, limit int64) (body []byte, result string, status int) {
	if !isForm(r.Header.Get("Content-Type")) {
		return nil, resultType, http.StatusUnsupportedMediaType
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return nil, resultOversize, http.StatusRequestEntityTooLarge
	}
	if err != nil {
		return nil, resultMalformed, http.StatusBadRequest
	}
	if err := s.seals.verify(r.Header, body); err != nil {
		return nil, err.Error(), http.StatusUnauthorized // one of three words
	}
	return body, "", 0
}

// isForm reports whether a body says that it is a form, with or without
// parameters. Slack says it without.
func isForm(contentType string) bool {
	if contentType == formType {
		return true
	}
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && t == formType
}

func (s *Slack) refuse(w http.ResponseWriter, kind, result string, status int) {
	s.meter.Delivered(chat.Slack, kind, result)
	s.log.Debug("a request was refused", zap.String("result", result), zap.Int("status", status))
	w.WriteHeader(status)
}

// acknowledge sends what is known in time, and posts it where that fails.
func (s *Slack) acknowledge(ctx context.Context, d *door, a *answer, send func(*blocks.Body) error) {
	err := send(a.await(ctx))
	if err != nil {
		s.log.Info("an acknowledgement was not sent", zap.Error(err))
	}
	if !a.release(err) {
		return
	}
	if d.submit(func(ctx context.Context, _ adapters.Core) { a.lost(ctx) }) != nil {
		a.lost(ctx) // at the very end there is nobody else to do it
	}
}

// private is an answer that only the actor sees.
type private struct {
	ResponseType    string `json:"response_type"`
	ReplaceOriginal bool   `json:"replace_original"`
	Markdown        bool   `json:"mrkdwn"` // the text has no markup
	blocks.Body
}

func privately(b blocks.Body, edit bool) private {
	return private{ResponseType: "ephemeral", ReplaceOriginal: edit, Body: b}
}

// write acknowledges a request, empty where nothing is known yet.
func write(w http.ResponseWriter, b *blocks.Body) error {
	if b == nil {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	raw, err := json.Marshal(privately(*b, false))
	if err != nil {
		w.WriteHeader(http.StatusOK)
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	if _, err := w.Write(raw); err != nil {
		return err
	}
	// A lost connection is found here, while the answer can still go elsewhere.
	if err := http.NewResponseController(w).Flush(); !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}
