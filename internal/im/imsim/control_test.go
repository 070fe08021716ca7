package imsim_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
)

// The shapes that scripts rely on.
func TestControlAPI(t *testing.T) {
	a := newApp(t, nil)
	ask := func(method, path, body, want string) {
		t.Helper()
		w := a.serve(method, path, body)
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		require.JSONEq(t, want, w.Body.String())
	}
	a.set(t, 0, muteAlice)
	a.clock.Advance(4 * time.Second)
	ask("GET", "/sim/state", "", `{"now":1795305604,
		"accounts":{"alice":{"c2c":0,"group":7196},"bob":{"c2c":0,"group":0},"carol":{"c2c":0,"group":0}},
		"calls":{"setnospeaking":1,"getnospeaking":0,"account_check":0,"portrait_get":0},"over_limit":0}`)

	ask("POST", "/sim/clock", `{"advance_seconds":3600}`, `{"now":1795309204}`)
	require.EqualValues(t, 3596, a.Snapshot().Accounts["alice"].Group)
	ask("POST", "/sim/clock", `{"advance_seconds":0}`, `{"now":1795309204}`)

	ask("POST", "/sim/send", `{"from":"alice","kind":"group","to":"bob"}`,
		`{"ActionStatus":"FAIL","ErrorCode":10017,"ErrorInfo":"the sender is muted in groups"}`)
	ask("POST", "/sim/send", `{"from":"alice","kind":"c2c","to":"bob"}`, `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}`)

	// Every key may be there whatever the kind.
	ask("POST", "/sim/faults", `{"api":"setnospeaking","kind":"drop","code":60008,"status":502,"delay_ms":0,"times":1}`,
		`{"faults":[{"api":"setnospeaking","kind":"drop","code":60008,"status":502,"delay_ms":0,"times":1}]}`)
	ask("POST", "/sim/faults", `{"api":"getnospeaking","kind":"code","code":60008,"times":-1}`,
		`{"faults":[{"api":"setnospeaking","kind":"drop","code":60008,"status":502,"delay_ms":0,"times":1},
		            {"api":"getnospeaking","kind":"code","code":60008,"status":0,"delay_ms":0,"times":-1}]}`)
	require.Equal(t, 60008, *a.call(t, imwire.GetNoSpeaking, `{"Get_Account":"alice"}`).ErrorCode)
	ask("DELETE", "/sim/faults", "", `{"faults":[]}`)
	ask("POST", "/sim/faults", `{"api":"account_check","kind":"http"}`,
		`{"faults":[{"api":"account_check","kind":"http","code":0,"status":502,"delay_ms":0,"times":1}]}`)
	ask("GET", "/sim/faults", "",
		`{"faults":[{"api":"account_check","kind":"http","code":0,"status":502,"delay_ms":0,"times":1}]}`)
}

func TestControlSaysWhatIsWrong(t *testing.T) {
	a := newApp(t, nil)
	for name, tc := range map[string]struct {
		method, path, body string
		status             int
		message            string
	}{
		"clock: no body":                {"POST", "/sim/clock", "", 400, "cannot be read"},
		"clock: not JSON":               {"POST", "/sim/clock", "3600", 400, "cannot be read"},
		"clock: nothing":                {"POST", "/sim/clock", "{}", 400, "advance_seconds is missing"},
		"clock: backwards":              {"POST", "/sim/clock", `{"advance_seconds":-1}`, 400, "outside 0 to"},
		"clock: would wrap":             {"POST", "/sim/clock", `{"advance_seconds":9223372036854775807}`, 400, "outside 0 to"},
		"clock: does not fit":           {"POST", "/sim/clock", `{"advance_seconds":99999999999999999999}`, 400, "cannot be read"},
		"clock: a fraction":             {"POST", "/sim/clock", `{"advance_seconds":1.5}`, 400, "cannot be read"},
		"clock: a name too many":        {"POST", "/sim/clock", `{"advance_seconds":1,"x":1}`, 400, "unknown field"},
		"clock: a value too many":       {"POST", "/sim/clock", `{"advance_seconds":1}{}`, 400, "more than one"},
		"clock: GET":                    {"GET", "/sim/clock", "", 405, "takes POST"},
		"state: POST":                   {"POST", "/sim/state", "{}", 405, "takes GET"},
		"faults: PUT":                   {"PUT", "/sim/faults", "{}", 405, "takes GET, POST, DELETE"},
		"faults: no api":                {"POST", "/sim/faults", `{"kind":"drop"}`, 400, "none of setnospeaking, getnospeaking, account_check"},
		"faults: path for an api":       {"POST", "/sim/faults", `{"api":"openconfigsvr/setnospeaking","kind":"drop"}`, 400, "none of"},
		"faults: unknown kind":          {"POST", "/sim/faults", `{"api":"setnospeaking","kind":"boom"}`, 400, "none of code, latency"},
		"faults: times 0":               {"POST", "/sim/faults", `{"api":"setnospeaking","kind":"drop","times":0}`, 400, "-1 for ever"},
		"faults: times -2":              {"POST", "/sim/faults", `{"api":"setnospeaking","kind":"drop","times":-2}`, 400, "-1 (for ever)"},
		"faults: delay would wrap":      {"POST", "/sim/faults", `{"api":"setnospeaking","kind":"latency","delay_ms":9223372036854775807}`, 400, "delay_ms"},
		"faults: latency of nothing":    {"POST", "/sim/faults", `{"api":"setnospeaking","kind":"latency"}`, 400, "delay_ms"},
		"faults: code as text":          {"POST", "/sim/faults", `{"api":"setnospeaking","kind":"code","code":"60008"}`, 400, "cannot be read"},
		"send: unknown kind":            {"POST", "/sim/send", `{"from":"alice","kind":"room","to":"bob"}`, 400, "neither group nor c2c"},
		"send: no sender":               {"POST", "/sim/send", `{"kind":"c2c","to":"bob"}`, 400, "no account of the app"},
		"send: no receiver":             {"POST", "/sim/send", `{"from":"alice","kind":"c2c"}`, 400, "to is empty"},
		"nothing there":                 {"GET", "/sim/nothing", "", 404, "no such path"},
		"nothing there, with a slash":   {"GET", "/sim/state/", "", 404, "no such path"},
		"the vendor's API is elsewhere": {"POST", "/sim/v4/openconfigsvr/setnospeaking", "{}", 404, "no such path"},
	} {
		t.Run(name, func(t *testing.T) {
			before := a.Snapshot()
			w := a.serve(tc.method, tc.path, tc.body)
			require.Equal(t, tc.status, w.Code)
			var got struct {
				Error struct{ Code, Message, Suggestion string } `json:"error"`
			}
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got), w.Body)
			require.Contains(t, got.Error.Message, tc.message)
			require.NotEmpty(t, got.Error.Code)
			require.NotEmpty(t, got.Error.Suggestion)
			require.Equal(t, before, a.Snapshot())
			require.Empty(t, a.Faults())
		})
	}
}

// What a suggestion shows can be pasted.
func TestControlExamplesWork(t *testing.T) {
	a := newApp(t, nil)
	for _, path := range []string{"/sim/clock", "/sim/faults", "/sim/send"} {
		var got struct {
			Error struct{ Suggestion string } `json:"error"`
		}
		require.NoError(t, json.Unmarshal(a.serve("POST", path, "").Body.Bytes(), &got))
		require.Equal(t, http.StatusOK, a.serve("POST", path, got.Error.Suggestion).Code, got.Error.Suggestion)
		require.Contains(t, imsim.ControlHelp, got.Error.Suggestion)
	}
}
