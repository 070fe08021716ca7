package discordsim

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"
)

// maxBody is the longest request that is read.
const maxBody = 8 << 20

// Codes of refusals.
const (
	codeUnknownChannel     = 10003
	codeUnknownApplication = 10002
	codeUnknownGuild       = 10004
	codeUnknownMessage     = 10008
	codeUnknownUser        = 10013
	codeUnknownWebhook     = 10015
	codeUnknownInteraction = 10062
	codeUnknownCommand     = 10063
	codeTooManyCreates     = 30034
	codeAlreadyAnswered    = 40060
	codeMissingAccess      = 50001
	codeEmptyMessage       = 50006
	codeInvalidForm        = 50035
	codeInvalidJSON        = 50109
)

// reply is the answer to a call.
type reply struct {
	status int
	header http.Header
	body   any    // JSON; nil: none
	raw    string // instead of JSON
}

func ok(body any) reply { return reply{status: http.StatusOK, body: body} }

func none() reply { return reply{status: http.StatusNoContent} }

// refused is a refusal with Discord's code.
func refused(status, code int, text string) reply {
	return reply{status: status, body: map[string]any{"code": code, "message": text}}
}

// invalidForm says which field is wrong, as Discord does.
func invalidForm(field, why string) reply {
	return reply{status: http.StatusBadRequest, body: map[string]any{
		"code": codeInvalidForm, "message": "Invalid Form Body",
		"errors": map[string]any{field: map[string]any{"_errors": []any{map[string]any{"code": "INVALID", "message": why}}}},
	}}
}

// route is one endpoint.
type route struct {
	name        string // "POST /channels/{channel}/messages"
	major       []string
	interaction bool // authorised by its path
	urgent      bool // has no limit
	do          func(s *Server, r *http.Request, body []byte) reply
}

func routes() []route {
	webhook := []string{"app", "token"}
	guild := []string{"app", "guild"}
	return []route{
		{name: "POST /channels/{channel}/messages", major: []string{"channel"}, do: (*Server).createMessage},
		{name: "POST /users/@me/channels", do: (*Server).openDM},
		{name: "GET /applications/@me", do: (*Server).application},
		{name: "GET /gateway", do: (*Server).gatewayAddress},
		{name: "GET /gateway/bot", do: (*Server).gatewayBot},
		{name: "GET /applications/{app}/commands", major: []string{"app"}, do: (*Server).listCommands},
		{name: "PUT /applications/{app}/commands", major: []string{"app"}, do: (*Server).overwriteCommands},
		{name: "DELETE /applications/{app}/commands/{command}", major: []string{"app"}, do: (*Server).deleteCommand},
		{name: "GET /applications/{app}/guilds/{guild}/commands", major: guild, do: (*Server).listCommands},
		{name: "PUT /applications/{app}/guilds/{guild}/commands", major: guild, do: (*Server).overwriteCommands},
		{name: "DELETE /applications/{app}/guilds/{guild}/commands/{command}", major: guild, do: (*Server).deleteCommand},
		{name: "POST /interactions/{interaction}/{token}/callback", interaction: true, urgent: true, do: (*Server).callback},
		{name: "GET /webhooks/{app}/{token}/messages/@original", major: webhook, interaction: true, do: original((*Server).readOriginal)},
		{name: "PATCH /webhooks/{app}/{token}/messages/@original", major: webhook, interaction: true, do: original((*Server).editOriginal)},
		{name: "DELETE /webhooks/{app}/{token}/messages/@original", major: webhook, interaction: true, do: original((*Server).deleteOriginal)},
		{name: "POST /webhooks/{app}/{token}", major: webhook, interaction: true, do: spoken((*Server).followUp)},
	}
}

// Handler serves the API, of this version and of that which the pinned library
// speaks, and the gateway.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range routes() {
		method, path, _ := strings.Cut(rt.name, " ")
		for _, base := range []string{"/api/v10", "/api/v9"} {
			mux.HandleFunc(method+" "+base+path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, rt) })
		}
	}
	mux.HandleFunc("/gateway", s.serveGateway)
	mux.HandleFunc("/gateway/", s.serveGateway)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		reply{status: http.StatusNotFound, body: map[string]any{"code": 0, "message": "404: Not Found"}}.write(w)
	})
	return mux
}

// serve is one call of the API.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, rt route) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		reply{status: http.StatusRequestEntityTooLarge, body: map[string]any{"code": 40005, "message": "Request entity too large"}}.write(w)
		return
	}
	s.mu.Lock()
	f := s.fault(rt.name)
	s.mu.Unlock()
	if f != nil && f.Kind == Slow && !pause(r, f.Wait) {
		return
	}
	s.mu.Lock()
	answer, aborted := s.answer(r, rt, f, body)
	s.mu.Unlock()
	if aborted {
		panic(http.ErrAbortHandler) // how a handler breaks its connection
	}
	answer.write(w)
}

// answer decides about one call and records it. The server is locked.
func (s *Server) answer(r *http.Request, rt route, f *Fault, body []byte) (answer reply, aborted bool) {
	defer func() {
		if aborted {
			answer.status = 0
		}
		s.note(Event{What: Called, Route: rt.name, Status: answer.status, Interaction: s.interactionOf(r)})
		if answer.status == http.StatusTooManyRequests {
			s.note(Event{What: Throttled, Route: rt.name, Status: answer.status})
		}
		if answer.status == http.StatusUnauthorized || answer.status == http.StatusForbidden || answer.status == http.StatusTooManyRequests {
			s.invalid++
		}
	}()
	if f != nil {
		if f.Kind == DropBefore {
			return reply{}, true
		}
		if faulty, is := f.reply(); is {
			return faulty, false
		}
	}
	if !rt.interaction && r.Header.Get("Authorization") != "Bot "+s.cfg.Token {
		return reply{status: http.StatusUnauthorized, body: map[string]any{"code": 0, "message": "401: Unauthorized"}}, false
	}
	var major []string
	for _, name := range rt.major {
		major = append(major, r.PathValue(name))
	}
	header, over := s.count(rt, strings.Join(major, "/"))
	if over != nil {
		maps.Copy(header, over.header)
		over.header = header
		return *over, false
	}
	answer = rt.do(s, r, body)
	if answer.header == nil {
		answer.header = http.Header{}
	}
	maps.Copy(answer.header, header)
	if f != nil && f.Kind == Garbage {
		answer.raw = "<garbage"
	}
	return answer, f != nil && f.Kind == DropAfter
}

// interactionOf finds the interaction that a call is about.
func (s *Server) interactionOf(r *http.Request) string {
	if in := s.tokens[r.PathValue("token")]; in != nil {
		return in.id
	}
	return ""
}

func (r reply) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), r.header)
	if r.raw != "" {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(r.status)
		_, _ = io.WriteString(w, r.raw) // the client may be gone
		return
	}
	if r.body == nil {
		w.WriteHeader(r.status)
		return
	}
	encoded, err := json.Marshal(r.body)
	if err != nil {
		panic(err) // a mistake in this package
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(r.status)
	_, _ = w.Write(encoded) // the client may be gone
}

// pause waits; false when the client went away.
func pause(r *http.Request, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// decode reads JSON, or is the refusal.
func decode(body []byte, into any) *reply {
	err := json.Unmarshal(body, into)
	if err == nil {
		return nil
	}
	if shape, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		r := invalidForm(shape.Field, "wrong type")
		return &r
	}
	r := refused(http.StatusBadRequest, codeInvalidJSON, "The request body contains invalid JSON.")
	return &r
}

// Invalid is how many calls were answered with 401, 403 or 429: 10,000 within
// ten minutes ban an address.
func (s *Server) Invalid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.invalid
}
