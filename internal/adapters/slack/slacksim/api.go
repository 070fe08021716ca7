package slacksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// object is any JSON object.
type object = map[string]any

// call is one call of the Web API.
type call struct {
	method string
	args   url.Values // without the token
	token  string
}

// apiError is an answer with ok false.
type apiError struct {
	code     string
	messages []string // what exactly is wrong, as Slack says it
}

func (e *apiError) Error() string { return e.code }

func refuse(code string, messages ...string) error { return &apiError{code: code, messages: messages} }

// methods are those that the server has, each run under the lock.
func (s *Server) methods() map[string]func(call) (object, error) {
	return map[string]func(call) (object, error){
		"apps.connections.open": s.openConnection,
		"auth.test":             s.authTest,
		"chat.getPermalink":     s.permalink,
		"chat.postEphemeral":    s.postEphemeral,
		"chat.postMessage":      s.postMessage,
		"chat.update":           s.update,
		"conversations.info":    s.conversationInfo,
		"conversations.open":    s.openConversation,
		"usergroups.list":       s.usergroups,
		"usergroups.users.list": s.usergroupMembers,
		"users.info":            s.userInfo,
		"views.open":            s.openView,
		"views.update":          s.updateView,
	}
}

// api serves /api/{method}.
func (s *Server) api(w http.ResponseWriter, r *http.Request) {
	c, err := readCall(w, r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f, faulty := s.faults.next(c.method, c.args)
	if faulty {
		s.wait(r, f.Delay)
		if f.answers() && !f.Apply {
			s.log.add(Record{Kind: KindCall, Method: c.method, Args: c.args, Result: f.name()})
			f.write(w)
			return
		}
	}
	answer, err := s.run(c)
	result := "ok"
	if faulty && f.answers() {
		result = f.name()
	} else if err != nil {
		result = err.Error()
	}
	s.log.add(Record{Kind: KindCall, Method: c.method, Args: c.args, Result: result})
	if faulty && f.answers() {
		f.write(w)
		return
	}
	writeAnswer(w, answer, err)
}

// run checks the token and runs the method.
func (s *Server) run(c call) (object, error) {
	run, known := s.methods()[c.method]
	want := s.cfg.BotToken
	if c.method == "apps.connections.open" {
		want = s.cfg.AppToken
	}
	switch {
	case !known:
		return nil, refuse("unknown_method")
	case c.token == "":
		return nil, refuse("not_authed")
	case c.token != want && (c.token == s.cfg.AppToken || c.token == s.cfg.BotToken):
		return nil, refuse("not_allowed_token_type")
	case c.token != want:
		return nil, refuse("invalid_auth")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return run(c)
}

// errThrottled is answered by status 429 in place of JSON.
var errThrottled = errors.New("ratelimited")

func writeAnswer(w http.ResponseWriter, answer object, err error) {
	var refused *apiError
	switch {
	case errors.Is(err, errThrottled):
		Throttled(1).write(w)
	case errors.As(err, &refused):
		body := object{"ok": false, "error": refused.code}
		if len(refused.messages) > 0 {
			body["response_metadata"] = object{"messages": refused.messages}
		}
		writeJSON(w, body)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		answer["ok"] = true
		writeJSON(w, answer)
	}
}

func writeJSON(w http.ResponseWriter, body object) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(body)
}

// readCall reads arguments from the query, a form or a JSON body.
func readCall(w http.ResponseWriter, r *http.Request) (call, error) {
	c := call{method: r.PathValue("method"), args: url.Values{}}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/json" {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return call{}, fmt.Errorf("reading the arguments: %w", err)
		}
		if c.args, err = flat(raw); err != nil {
			return call{}, err
		}
	} else {
		if err := r.ParseForm(); err != nil {
			return call{}, fmt.Errorf("reading the arguments: %w", err)
		}
		c.args = r.Form
	}
	c.token = c.args.Get("token")
	c.args.Del("token")
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		c.token = bearer
	}
	return c, nil
}

// flat makes form values of a JSON object, as Slack takes them for equal: what
// is no string stays JSON.
func flat(raw []byte) (url.Values, error) {
	values := url.Values{}
	if len(strings.TrimSpace(string(raw))) == 0 {
		return values, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("reading the arguments: %w", err)
	}
	for name, value := range fields {
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value)
		}
		values.Set(name, text)
	}
	return values, nil
}
