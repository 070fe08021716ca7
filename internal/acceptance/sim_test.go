//go:build unix

package acceptance

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/proctest"
)

// The simulated app.
const (
	appID   = "1400000042"
	appKey  = "0f5c1d2b7a9e4e63b8d0c1f2a3b4c5d6"
	adminID = "administrator"
)

// accounts of the app.
const accounts = "alice,bob,carol,dave,erin,frank,grace,administrator," + crowd

// crowd are accounts for commands about many.
const crowd = "u01,u02,u03,u04,u05,u06,u07,u08,u09,u10,u11,u12,u13,u14"

// forever is what Tencent says of a mute without an end.
const forever = 4294967295

// simulator is a running `modbot sim`, by its control API.
type simulator struct {
	t       *testing.T
	process *process
	address string
	client  *http.Client
}

// startSim starts an app with the accounts, and with more of them.
func startSim(t *testing.T, more ...string) *simulator {
	t.Helper()
	s := &simulator{t: t, client: &http.Client{Timeout: soon}}
	t.Cleanup(s.client.CloseIdleConnections)
	s.process = start(t, proctest.Launch{Args: []string{
		"sim", "--listen", "127.0.0.1:0", "--sdk-app-id", appID, "--key", appKey, "--admin", adminID, "--accounts", strings.Join(append([]string{accounts}, more...), ","),
	}})
	var ready struct{ Address string }
	s.process.Ready(&ready)
	require.NotEmpty(t, ready.Address)
	s.address = ready.Address
	return s
}

// call makes one control call and decodes the answer.
func (s *simulator) call(method, path, body string, into any) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.address+path, strings.NewReader(body))
	require.NoError(s.t, err)
	resp, err := s.client.Do(req)
	require.NoError(s.t, err)
	answer, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	require.NoError(s.t, resp.Body.Close())
	require.Equal(s.t, http.StatusOK, resp.StatusCode, "%s %s %s: %s", method, path, body, answer)
	if into != nil {
		dec := json.NewDecoder(bytes.NewReader(answer))
		dec.DisallowUnknownFields()
		require.NoError(s.t, dec.Decode(into), "%s", answer)
	}
}

// fields are what Tencent has for one account, in seconds.
type fields struct {
	C2C   uint32 `json:"c2c"`
	Group uint32 `json:"group"`
}

// simState is what the control API says of everything.
type simState struct {
	Now       int64             `json:"now"`
	Accounts  map[string]fields `json:"accounts"`
	Calls     map[string]int    `json:"calls"`
	OverLimit int               `json:"over_limit"`
}

func (s *simulator) state() simState {
	s.t.Helper()
	var out simState
	s.call(http.MethodGet, "/sim/state", "", &out)
	return out
}

func (s *simulator) of(account string) fields {
	s.t.Helper()
	f, ok := s.state().Accounts[account]
	require.True(s.t, ok, "the simulator has no account %q", account)
	return f
}

// calls counts the calls of an API that arrived.
func (s *simulator) calls(api string) int { s.t.Helper(); return s.state().Calls[api] }

// fail orders a fault, as JSON of the control API.
func (s *simulator) fail(fault string) {
	s.t.Helper()
	s.call(http.MethodPost, "/sim/faults", fault, nil)
}

// advance moves the mutes' clock.
func (s *simulator) advance(d time.Duration) {
	s.t.Helper()
	body, err := json.Marshal(map[string]int64{"advance_seconds": int64(d / time.Second)})
	require.NoError(s.t, err)
	s.call(http.MethodPost, "/sim/clock", string(body), nil)
}

// send sends a message as the app would, and returns the code of the answer.
func (s *simulator) send(from, kind, to string) int {
	s.t.Helper()
	body, err := json.Marshal(map[string]string{"from": from, "kind": kind, "to": to})
	require.NoError(s.t, err)
	var answer struct {
		ActionStatus string
		ErrorInfo    string
		ErrorCode    int
	}
	s.call(http.MethodPost, "/sim/send", string(body), &answer)
	return answer.ErrorCode
}
