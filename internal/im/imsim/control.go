package imsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// controlError is what the control API says of bad input.
type controlError struct {
	Code       string `json:"code"`
	Message    string `json:"message"`
	Suggestion string `json:"suggestion"`
}

// Examples that errors end in.
const (
	exampleClock = `{"advance_seconds":3600}`
	exampleFault = `{"api":"setnospeaking","kind":"code","code":60008,"times":1}`
	exampleNick  = `{"account":"alice","nick":"Alice W."}`
	exampleSend  = `{"from":"alice","kind":"group","to":"@TGS#1"}`
)

// ControlHelp describes the control API, for the help of what serves it.
const ControlHelp = `GET    /sim/state    {"now":unix,"accounts":{"alice":{"c2c":0,"group":7196}},
                      "calls":{"setnospeaking":3,…},"over_limit":0}
                     seconds as a query would answer them; calls counts every
                     call that arrived, refused ones too
POST   /sim/clock    ` + exampleClock + `
                     moves the mutes only; UserSigs and the rate use real time
POST   /sim/faults   ` + exampleFault + `
                     appended, first in first out for each api
                       api       setnospeaking | getnospeaking | account_check |
                                 portrait_get
                       kind      latency         waits delay_ms, then does as asked
                                 code            changes nothing, answers "code"
                                 drop            changes nothing, closes the connection
                                 apply_and_drop  does as asked, closes the connection
                                 http            changes nothing, answers "status" (502)
                                                 with an HTML page
                                 garbage         changes nothing, answers 200 with a
                                                 body that is not JSON
                       delay_ms  to wait first, with every kind; at most 600000
                       times     how many calls (1), or -1 for ever
GET    /sim/faults   the faults that are still waiting
DELETE /sim/faults   takes them back
POST   /sim/nick     ` + exampleNick + `
                     the nickname that portrait_get answers; empty takes it away
POST   /sim/send     ` + exampleSend + `
                     kind is group or c2c; the answer is the one that the sender
                     gets: ErrorCode 0, 20012 (muted, c2c), 10017 (muted, group),
                     20006 and 10016 (forbidden by the webhook)
Bad input is answered 400 and {"error":{"code","message","suggestion"}}.`

// controlAPI routes /sim/.
func (s *Sim) controlAPI() http.Handler {
	routes := map[string]map[string]http.HandlerFunc{
		"/sim/state":  {http.MethodGet: s.controlState},
		"/sim/clock":  {http.MethodPost: s.controlClock},
		"/sim/faults": {http.MethodGet: s.controlFaults, http.MethodPost: s.controlAddFault, http.MethodDelete: s.controlClearFaults},
		"/sim/nick":   {http.MethodPost: s.controlNick},
		"/sim/send":   {http.MethodPost: s.controlSend},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		methods, found := routes[r.URL.Path]
		if !found {
			writeError(w, http.StatusNotFound, "not_found", "the control API has no such path", "GET /sim/state")
			return
		}
		handle, allowed := methods[r.Method]
		if !allowed {
			var names []string
			for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
				if methods[m] != nil {
					names = append(names, m)
				}
			}
			w.Header().Set("Allow", strings.Join(names, ", "))
			writeError(w, http.StatusMethodNotAllowed, "method",
				fmt.Sprintf("%s takes %s", r.URL.Path, strings.Join(names, ", ")), names[0]+" "+r.URL.Path)
			return
		}
		handle(w, r)
	})
}

func (s *Sim) controlState(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.Snapshot())
}

func (s *Sim) controlClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AdvanceSeconds *int64 `json:"advance_seconds"`
	}
	if !readControl(w, r, &in, exampleClock) {
		return
	}
	// What a Duration cannot say must not wrap around into what it can.
	const most = int64(maxOffset / time.Second)
	var err error
	switch {
	case in.AdvanceSeconds == nil:
		err = invalid("advance_seconds is missing")
	case *in.AdvanceSeconds < 0 || *in.AdvanceSeconds > most:
		err = invalid("advance_seconds %d is outside 0 to %d", *in.AdvanceSeconds, most)
	default:
		err = s.Advance(time.Duration(*in.AdvanceSeconds) * time.Second)
	}
	if err != nil {
		writeInvalid(w, err, exampleClock)
		return
	}
	writeJSON(w, http.StatusOK, map[string]int64{"now": s.Now().Unix()})
}

// wireFault is a Fault in the control API.
type wireFault struct {
	API     string      `json:"api"`
	Kind    Kind        `json:"kind"`
	Code    imwire.Code `json:"code"`
	Status  int         `json:"status"`
	DelayMS int64       `json:"delay_ms"`
	Times   *int        `json:"times"`
}

func (f wireFault) fault() (Fault, error) {
	// Clamped, so that the product cannot wrap around; it is refused anyway.
	ms := min(max(f.DelayMS, -1), MaxDelay.Milliseconds()+1)
	out := Fault{
		Kind: f.Kind, Code: f.Code, Status: f.Status, Delay: time.Duration(ms) * time.Millisecond, Times: 1,
	}
	for _, api := range imwire.APIs() {
		if f.API == api.Command() {
			out.API = api
		}
	}
	if out.API == "" {
		return out, invalid("api %.40q is none of %s", f.API, commands())
	}
	if f.Times != nil {
		if *f.Times == 0 {
			return out, invalid("times is 0; it is a number of calls, or -1 for ever")
		}
		out.Times = *f.Times
	}
	return out, nil
}

func wireFaults(faults []Fault) map[string][]wireFault {
	list := make([]wireFault, 0, len(faults))
	for _, f := range faults {
		list = append(list, wireFault{
			API: f.API.Command(), Kind: f.Kind, Code: f.Code, Status: f.Status,
			DelayMS: f.Delay.Milliseconds(), Times: new(f.Times),
		})
	}
	return map[string][]wireFault{"faults": list}
}

func (s *Sim) controlFaults(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, wireFaults(s.Faults()))
}

func (s *Sim) controlAddFault(w http.ResponseWriter, r *http.Request) {
	var in wireFault
	if !readControl(w, r, &in, exampleFault) {
		return
	}
	f, err := in.fault()
	if err == nil {
		err = s.AddFault(f)
	}
	if err != nil {
		writeInvalid(w, err, exampleFault)
		return
	}
	writeJSON(w, http.StatusOK, wireFaults(s.Faults()))
}

func (s *Sim) controlClearFaults(w http.ResponseWriter, _ *http.Request) {
	s.ClearFaults()
	writeJSON(w, http.StatusOK, wireFaults(nil))
}

func (s *Sim) controlNick(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Account string `json:"account"`
		Nick    string `json:"nick"`
	}
	if !readControl(w, r, &in, exampleNick) {
		return
	}
	if err := s.SetNick(mute.Account(in.Account), in.Nick); err != nil {
		writeInvalid(w, err, exampleNick)
		return
	}
	writeJSON(w, http.StatusOK, in)
}

func (s *Sim) controlSend(w http.ResponseWriter, r *http.Request) {
	var in struct {
		From string `json:"from"`
		Kind string `json:"kind"`
		To   string `json:"to"`
	}
	if !readControl(w, r, &in, exampleSend) {
		return
	}
	kind, err := mute.ParseField(in.Kind)
	if err != nil {
		writeInvalid(w, invalid("kind %.40q is neither group nor c2c", in.Kind), exampleSend)
		return
	}
	answer, err := s.Send(r.Context(), Message{From: mute.Account(in.From), Kind: kind, To: in.To})
	if err != nil {
		writeInvalid(w, err, exampleSend)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// readControl decodes the one JSON object of a control request, or answers 400
// and reports false.
func readControl(w http.ResponseWriter, r *http.Request, into any, example string) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.DisallowUnknownFields()
		if err = dec.Decode(into); err == nil && dec.Decode(&struct{}{}) != io.EOF {
			err = errors.New("there is more than one JSON value")
		}
	}
	if err != nil {
		writeError(w, http.StatusBadRequest, "body", fmt.Sprintf("the body cannot be read: %v", err), example)
		return false
	}
	return true
}

// writeInvalid answers what an *InputError says, without what was being done.
func writeInvalid(w http.ResponseWriter, err error, example string) {
	message := err.Error()
	if input, ok := errors.AsType[*InputError](err); ok {
		message = input.Message
	}
	writeError(w, http.StatusBadRequest, "invalid", message, example)
}

func writeError(w http.ResponseWriter, status int, code, message, suggestion string) {
	writeJSON(w, status, map[string]controlError{"error": {Code: code, Message: message, Suggestion: suggestion}})
}
