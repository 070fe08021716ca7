//go:build unix

package crash

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/proctest"
)

// begun is when the cases of the sound evidence begin.
var begun = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant, which Go has no times of

// sound is an evidence of two mutes in which everything is right: one done at
// the second attempt, one failed without a call because its process was gone.
func sound() *evidence {
	return &evidence{
		mutes: 2,
		entries: []proctest.Entry{
			{Seq: 1, Time: begun, Kind: "intent", Case: 1, Account: account(0), Deadline: begun.Add(term), Reason: reason(0), Key: "k0"},
			{Seq: 2, Time: begun, Kind: "intent", Case: 2, Account: account(1), Deadline: begun.Add(term), Reason: reason(1), Key: "k1"},
			{Seq: 3, Time: begun.Add(3 * time.Second), Kind: "outcome", Case: 1, Outcome: "done", Attempts: 2},
			{Seq: 4, Time: begun.Add(20 * time.Second), Kind: "outcome", Case: 2, Outcome: "failed"},
		},
		calls: []imsim.Call{
			setCall(account(0), 100*time.Millisecond, term, false), setCall(account(0), 2500*time.Millisecond, term-2*time.Second, true),
			{API: imwire.GetNoSpeaking, At: begun, Body: "{}"},
		},
		has: imsim.Snapshot{Now: begun.Add(time.Minute).Unix(), Accounts: map[string]imsim.Times{
			account(0): {Group: 21541, C2C: 21541}, account(1): {},
		}},
		posts: map[string]proctest.Posts{"slack": {Messages: 1, First: []int64{3, 4}}},
	}
}

// setCall is a call that arrives some time after the begin.
func setCall(name string, after, asks time.Duration, applied bool) imsim.Call {
	return imsim.Call{
		API: imwire.SetNoSpeaking, At: begun.Add(after), Applied: applied,
		Body: fmt.Sprintf(`{"Set_Account":%q,"C2CmsgNospeakingTime":%d,"GroupmsgNospeakingTime":%[2]d}`, name, asks/time.Second),
	}
}

func TestTheJudgeSees(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		doctor func(e *evidence)
		says   string // empty: nothing is wrong
	}{
		"nothing wrong":                     {func(*evidence) {}, ""},
		"an outcome that is missing":        {func(e *evidence) { e.entries = e.entries[:3] }, "1 intents and 0 final outcomes"},
		"an intent that is missing":         {func(e *evidence) { e.entries[1].Kind = "note" }, "player00001 has 0 intents"},
		"a second outcome":                  {func(e *evidence) { e.entries = append(e.entries, e.entries[2]) }, "1 intents and 2 final outcomes"},
		"a second intent":                   {func(e *evidence) { e.entries = append(e.entries, e.entries[0]) }, "2 intents"},
		"an outcome of no case":             {func(e *evidence) { e.entries[3].Case = 9 }, "case 9 has an outcome and was never begun"},
		"somebody else's command":           {func(e *evidence) { e.entries[0].Reason = reason(1) }, "by another command"},
		"two cases of one delivery":         {func(e *evidence) { e.entries[1].Key = "k0" }, "the delivery  k0 began the cases"},
		"done, and Tencent has nothing":     {func(e *evidence) { e.has.Accounts[account(0)] = imsim.Times{} }, "player00000 is done by the ledger"},
		"done, and one field is not":        {func(e *evidence) { e.has.Accounts[account(0)] = imsim.Times{Group: 21541} }, "c2c has 0s left"},
		"done, and it ends at another time": {func(e *evidence) { e.has.Accounts[account(0)] = imsim.Times{Group: 21549, C2C: 21541} }, "group has 5h59m9s left"},
		"failed, and Tencent has it":        {func(e *evidence) { e.has.Accounts[account(1)] = imsim.Times{Group: 21540, C2C: 21540} }, "player00001 is failed by the ledger"},
		"an outcome that cannot be":         {func(e *evidence) { e.entries[2].Outcome = "partial" }, "is partial by the ledger"},
		"a recorded deadline that is moved": {func(e *evidence) { e.entries[0].Deadline = begun.Add(term + time.Second) }, "the deadline is 6h0m1s after the intent"},
		"a retry that asks for all of it":   {func(e *evidence) { e.calls[1] = setCall(account(0), 2500*time.Millisecond, term, true) }, "a call moves the deadline by 2.5s"},
		"a retry that asks for too little":  {func(e *evidence) { e.calls[1] = setCall(account(0), 2500*time.Millisecond, term-3*time.Second, true) }, "ends the mute 500ms early"},
		"a mute that carries 0":             {func(e *evidence) { e.calls[1] = setCall(account(0), time.Second, 0, true) }, "a mute carries 0"},
		"a call before its intent":          {func(e *evidence) { e.calls[0] = setCall(account(0), -time.Second, term, false) }, "a call arrived 1s before the intent"},
		"a call without an intent":          {func(e *evidence) { e.calls = append(e.calls, setCall(account(7), 0, term, true)) }, "player00007: Tencent was called without an intent"},
		"a call that no mute makes":         {func(e *evidence) { e.calls[0].Body = `{"Set_Account":"x"}` }, "a call that no mute makes"},
		"a call that is not recorded":       {func(e *evidence) { e.entries[2].Attempts = 1 }, "1 attempts are recorded, Tencent was called 2 times"},
		"more calls than a case may have":   {func(e *evidence) { e.entries[2].Attempts = 0; e.calls = append(e.calls, e.calls[1], e.calls[1]) }, "4 calls and none recorded"},
		"an entry that is posted nowhere":   {func(e *evidence) { e.posts["slack"] = proctest.Posts{First: []int64{4}} }, "slack: 1 entries are posted, 2 are in the ledger"},
		"an entry that is posted again":     {func(e *evidence) { e.posts["slack"] = proctest.Posts{First: []int64{3, 4}, Unmarked: []int64{3}} }, "slack: #3 is posted again"},
		"posts that are out of order":       {func(e *evidence) { e.posts["slack"] = proctest.Posts{First: []int64{4, 3}} }, "slack: posts are out of order"},
		"an attempt that slept":             {func(e *evidence) { e.entries[3].Attempts = 1; e.slept = 1 }, ""},
		"an attempt that did not arrive":    {func(e *evidence) { e.entries[3].Attempts = 1 }, "1 attempts are recorded, Tencent was called 0 times"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := sound()
			tt.doctor(e)
			f := judge(*e)
			if tt.says == "" {
				require.Empty(t, f.violations)
				return
			}
			require.Contains(t, fmt.Sprint(f.violations), tt.says)
		})
	}
}
