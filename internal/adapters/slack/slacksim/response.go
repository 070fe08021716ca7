package slacksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// What a response_url is good for.
const (
	responsePath = "/respond/"
	responseUses = 5
	responseTime = 30 * time.Minute
)

// response is a response_url.
type response struct {
	delivery string
	by       From
	issued   time.Time
	uses     int
	// message is what a click was on, and may be replaced; nil for a command,
	// for which Slack ignores replace_original.
	message *Message
}

// reply is what is sent to a response_url, or comes with an acknowledgement.
type reply struct {
	Text            string          `json:"text"`
	Blocks          json.RawMessage `json:"blocks"`
	ResponseType    string          `json:"response_type"`
	ReplaceOriginal bool            `json:"replace_original"`
	DeleteOriginal  bool            `json:"delete_original"`
	ThreadTS        string          `json:"thread_ts"`
	Mrkdwn          *bool           `json:"mrkdwn"`
}

func (a reply) message(by From, via, delivery string) Message {
	m := Message{
		Channel: by.Channel, User: by.User, ThreadTS: a.ThreadTS, Text: a.Text, Blocks: a.Blocks,
		Mrkdwn: a.Mrkdwn == nil || *a.Mrkdwn, Via: via, Delivery: delivery,
	}
	if string(m.Blocks) == "null" {
		m.Blocks = nil
	}
	if a.ResponseType == "in_channel" {
		m.User = ""
	}
	return m
}

// responseURL makes one. The caller holds the lock.
func (s *Server) responseURL(delivery string, by From, on *Message) string {
	id := fmt.Sprintf("R%d", s.world.number())
	s.world.responses[id] = &response{delivery: delivery, by: by, issued: s.cfg.Now(), message: on}
	return s.URL() + responsePath + id
}

// respond serves a response_url.
func (s *Server) respond(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	args := url.Values{"body": {string(raw)}}
	f, faulty := s.faults.next(ResponseURL, args)
	if faulty {
		s.wait(r, f.Delay)
	}
	if !faulty || f.Apply || !f.answers() {
		err = s.use(r.PathValue("id"), raw)
	}
	result := "ok"
	switch {
	case faulty && f.answers():
		result = f.name()
	case err != nil:
		result = err.Error()
	}
	s.log.add(Record{Kind: KindCall, Method: ResponseURL, Args: args, Result: result, Delivery: s.deliveryOf(r.PathValue("id"))})
	switch {
	case faulty && f.answers():
		f.write(w)
	case err != nil:
		writeRefused(w, err)
	default:
		_, _ = w.Write([]byte("ok"))
	}
}

func (s *Server) deliveryOf(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.world.responses[id]; ok {
		return r.delivery
	}
	return ""
}

var (
	errExpiredURL = refuse("expired_url")
	errUsedURL    = refuse("used_url")
)

// writeRefused answers with status 404 for a URL that is no longer good, and 400
// for content that is refused.
func writeRefused(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "application/json")
	if errors.Is(err, errExpiredURL) || errors.Is(err, errUsedURL) {
		w.WriteHeader(http.StatusNotFound)
	} else {
		w.WriteHeader(http.StatusBadRequest)
	}
	_ = json.NewEncoder(w).Encode(object{"ok": false, "error": err.Error()})
}

// use does what was sent to a response_url.
func (s *Server) use(id string, raw []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.world.responses[id]
	switch {
	case !ok || s.after(r.issued, responseTime):
		return errExpiredURL
	case r.uses >= responseUses:
		return errUsedURL
	}
	var a reply
	if err := json.Unmarshal(raw, &a); err != nil {
		return refuse("invalid_payload")
	}
	r.uses++
	if a.DeleteOriginal && r.message != nil {
		s.remove(r.message, r.delivery)
		return nil
	}
	m := a.message(r.by, ResponseURL, r.delivery)
	if err := checkMessage(m.Text, m.Blocks); err != nil {
		return err
	}
	if a.ReplaceOriginal && r.message != nil {
		s.replace(r.message, m)
		return nil
	}
	s.show(m)
	return nil
}
