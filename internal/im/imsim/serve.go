package imsim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"modbot/internal/im/imwire"
)

// refusal is an error code on its way to the caller.
type refusal struct {
	code imwire.Code
	info string
}

func refuse(code imwire.Code, format string, args ...any) *refusal {
	return &refusal{code: code, info: fmt.Sprintf(format, args...)}
}

// envelope is the refusal as a body. The common codes have been seen with an
// ActionStatus; the samples of the mute APIs have none.
func (r *refusal) envelope() imwire.Envelope {
	e := imwire.Envelope{ErrorCode: r.code, ErrorInfo: r.info}
	if r.code < imwire.CodeMuteBadJSON || r.code > imwire.CodeMuteSystemError {
		e.ActionStatus = imwire.StatusFail
	}
	return e
}

// reply is an answer on the wire, and what the trace says of it.
type reply struct {
	code    imwire.Code
	applied bool
	body    any // encoded as JSON
}

func refused(r *refusal) reply { return reply{code: r.code, body: r.envelope()} }

// serveAPI answers one call of the vendor's API.
func (s *Sim) serveAPI(w http.ResponseWriter, r *http.Request) {
	api, why := route(r)
	if why != nil {
		writeJSON(w, http.StatusOK, why.envelope())
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		panic(http.ErrAbortHandler) // the caller broke off while sending: nobody to answer
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	call := s.arrive(api, query.Get(imwire.ParamRandom), body)
	defer s.depart(call)

	if err != nil {
		s.finish(w, call, refused(refuse(imwire.CodeHTTPParse, "the query cannot be parsed")))
		return
	}
	if why := s.authenticate(query); why != nil {
		s.finish(w, call, refused(why))
		return
	}
	fault, hold, ok := s.enter(call)
	if !ok {
		s.finish(w, call, refused(refuse(imwire.CodeOverLimit, "%s was called more than %d times in one second", api, s.cfg.Rate)))
		return
	}
	if !s.stop(hold, BeforeApply) || !s.wait(fault.Delay) {
		panic(http.ErrAbortHandler)
	}
	s.meet(w, call, fault, hold)
}

// meet lets the call meet its fault, which may be none.
func (s *Sim) meet(w http.ResponseWriter, call *Call, fault Fault, hold *Hold) {
	answer := reply{code: imwire.CodeOK}
	switch fault.Kind {
	case noFault, KindLatency, KindApplyAndDrop:
		answer = s.apply(call)
	case KindCode:
		answer = refused(refuse(fault.Code, "simulated fault"))
	case KindDrop, KindHTTP, KindGarbage: // nothing is applied
	}
	s.record(call, answer)
	if !s.stop(hold, BeforeAnswer) {
		panic(http.ErrAbortHandler)
	}
	switch fault.Kind {
	case noFault, KindLatency, KindCode:
		writeJSON(w, http.StatusOK, answer.body)
	case KindDrop, KindApplyAndDrop:
		panic(http.ErrAbortHandler) // closes the connection without an answer
	case KindHTTP:
		writeBody(w, fault.Status, "text/html", gatewayPage(fault.Status))
	case KindGarbage:
		// It begins like a success: a client that believes half an answer is
		// to be caught.
		writeBody(w, http.StatusOK, "application/json", []byte(`{"ErrorCode":0,"ErrorInfo":"`))
	}
	s.answered(call)
}

// apply does what the call asks.
func (s *Sim) apply(call *Call) reply {
	body := []byte(call.Body)
	switch call.API {
	case imwire.SetNoSpeaking:
		return s.setNoSpeaking(body)
	case imwire.GetNoSpeaking:
		return s.getNoSpeaking(body)
	case imwire.AccountCheck:
		return s.accountCheck(body)
	case imwire.PortraitGet:
		return s.portraitGet(body)
	}
	panic("imsim: " + call.API.String() + " has a route and no handler") // route and this switch go together
}

// route finds the API of a request.
func route(r *http.Request) (imwire.API, *refusal) {
	for _, api := range imwire.APIs() {
		if r.URL.Path != api.Path() {
			continue
		}
		if r.Method != http.MethodPost {
			return "", refuse(imwire.CodeHTTPParse, "the method is %.20q, not POST", r.Method)
		}
		return api, nil
	}
	if strings.HasPrefix(r.URL.Path, "/v4/") {
		return "", refuse(imwire.CodeResource, "no such service and command")
	}
	return "", refuse(imwire.CodeHTTPParse, "the path does not begin with /v4/")
}

// authenticate checks the query parameters: the right app, the content type,
// and a good UserSig of the admin.
func (s *Sim) authenticate(q url.Values) *refusal {
	if why := s.checkApp(q.Get(imwire.ParamSDKAppID)); why != nil {
		return why
	}
	if q.Get(imwire.ParamContentType) != imwire.ContentTypeJSON {
		return refuse(imwire.CodeURLParam, "contenttype is not json")
	}
	// The vendor documents what random is and no code for its absence: it may
	// be left out, but if it is there it is what it is documented to be.
	if q.Has(imwire.ParamRandom) {
		if _, err := strconv.ParseUint(q.Get(imwire.ParamRandom), 10, 32); err != nil {
			return refuse(imwire.CodeHTTPParse, "random is not an integer from 0 to 4294967295")
		}
	}
	identifier, usersig := q.Get(imwire.ParamIdentifier), q.Get(imwire.ParamUserSig)
	switch {
	case identifier == "":
		return refuse(imwire.CodeURLParam, "identifier is missing")
	case usersig == "":
		return refuse(imwire.CodeSigEmpty, "usersig is missing")
	}
	if err := s.signatures.verify(identifier, usersig, s.now()); err != nil {
		return refusalOf(err)
	}
	if identifier != s.cfg.Admin {
		return refuse(imwire.CodeNotAdmin, "identifier is not an admin of the app")
	}
	return nil
}

func (s *Sim) checkApp(param string) *refusal {
	if param == "" {
		return refuse(imwire.CodeNoSDKAppID, "sdkappid is missing")
	}
	app, err := strconv.ParseUint(param, 10, 64)
	if err != nil {
		return refuse(imwire.CodeURLParam, "sdkappid is not a number")
	}
	if app != s.cfg.SDKAppID {
		return refuse(imwire.CodeNoSuchApp, "sdkappid %d does not exist in this data centre", app)
	}
	return nil
}

// arrive notes a call that has begun.
func (s *Sim) arrive(api imwire.API, random string, body []byte) *Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[api]++
	s.inFlight++
	s.mostInFlight = max(s.mostInFlight, s.inFlight)
	return s.trace.begin(Call{
		API: api, At: s.clock(), Random: random, Body: string(body), InFlight: s.inFlight,
	})
}

// enter counts an authenticated call against the rate, and if it is within it,
// finds what is to go wrong with it.
func (s *Sim) enter(call *Call) (Fault, *Hold, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.windows[call.API].admit(s.now()) {
		s.overLimit++
		return Fault{}, nil, false
	}
	fault := s.takeFault(call.API)
	call.Fault = fault.Kind
	return fault, s.takeHold(call.API), true
}

// record notes how a call ended, before anybody hears of it.
func (s *Sim) record(call *Call, answer reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call.Code, call.Applied = answer.code, answer.applied
}

func (s *Sim) answered(call *Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call.Answered = true
}

// finish answers a call that met no fault.
func (s *Sim) finish(w http.ResponseWriter, call *Call, answer reply) {
	s.record(call, answer)
	writeJSON(w, http.StatusOK, answer.body)
	s.answered(call)
}

// depart notes that a call is over, however it ended.
func (s *Sim) depart(call *Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
	call.Done = true
}

// writeJSON writes a value that always encodes.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("imsim: encoding %T: %v", v, err))
	}
	writeBody(w, status, "application/json", body)
}

// writeBody writes an answer. A caller who has gone away is not an error.
func writeBody(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// gatewayPage is what a gateway in front of the service says in its place.
func gatewayPage(status int) []byte {
	return fmt.Appendf(nil, "<html><head><title>%d %s</title></head><body><h1>%[1]d %[2]s</h1></body></html>\n",
		status, http.StatusText(status))
}
