//go:build unix

package proctest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
)

// begun is when the cases of the sound evidence begin.
var begun = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant, which Go has no times of

const term = 6 * time.Hour

// What the parties of the sound evidence read.
const (
	rootTwo, rootFour = "AAAAAAAAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBBBBBBBB"
	donePost          = "Done · mute · player00000 · #3"
	failedPost        = "Not done · mute · player00001 · #4 · size 4 " + rootFour
	toldDone          = "Done: player00000 is muted for 6h. Case 1"
	toldFailed        = "Not done: Tencent was read back, and nothing came of muting player00001. What was in effect before still is. Case 2"
	toldRefused       = "Not done: the audit log cannot be written. Nothing was sent to Tencent."
)

// sound is an evidence of two mutes in which everything is right: one done at
// the second attempt, one failed without a call because its process was gone.
func sound() *Evidence {
	return &Evidence{
		Commands: []Command{
			{Account: Player(0), Reason: "r0", Term: term, Acknowledged: true},
			{Account: Player(1), Reason: "r1", Term: term, Acknowledged: true},
		},
		Entries: []Entry{
			{Seq: 1, Time: begun, Kind: "intent", Case: 1, Verb: "mute", Scope: "all", Account: Player(0), Deadline: begun.Add(term), Reason: "r0", Platform: Slack, Key: "k0"},
			{Seq: 2, Time: begun, Kind: "intent", Case: 2, Verb: "mute", Scope: "all", Account: Player(1), Deadline: begun.Add(term), Reason: "r1", Platform: Slack, Key: "k1"},
			{Seq: 3, Time: begun.Add(3 * time.Second), Kind: "outcome", Case: 1, Outcome: "done", Attempts: 2},
			{Seq: 4, Time: begun.Add(20 * time.Second), Kind: "outcome", Case: 2, Outcome: "failed"},
		},
		Calls: []imsim.Call{
			setCall(Player(0), 100*time.Millisecond, term, false), setCall(Player(0), 2500*time.Millisecond, term-2*time.Second, true),
			{API: imwire.GetNoSpeaking, At: begun, Body: "{}"},
		},
		Has: imsim.Snapshot{Now: begun.Add(time.Minute).Unix(), Calls: map[string]int{"setnospeaking": 2}, Accounts: map[string]imsim.Times{
			Player(0): {Group: 21541, C2C: 21541}, Player(1): {},
		}},
		Posts: map[string][]string{
			Slack: {donePost + " · size 3 " + rootTwo, failedPost}, Discord: {donePost + "\n" + failedPost},
		},
		Told: map[string][]Heard{Player(0): {{Text: "Working…"}, {Text: toldDone}}, Player(1): {{Text: toldFailed}}},
	}
}

// setCall is a call that arrives some time after the begin.
func setCall(name string, after, asks time.Duration, applied bool) imsim.Call {
	return imsim.Call{
		API: imwire.SetNoSpeaking, At: begun.Add(after), Applied: applied,
		Body: fmt.Sprintf(`{"Set_Account":%q,"C2CmsgNospeakingTime":%d,"GroupmsgNospeakingTime":%[2]d}`, name, asks/time.Second),
	}
}

// third adds a command that has no case.
func (e *Evidence) third(acknowledged bool) {
	e.Commands = append(e.Commands, Command{Account: Player(2), Reason: "r2", Term: term, Acknowledged: acknowledged})
	e.Has.Accounts[Player(2)] = imsim.Times{}
}

// lifted adds an unmute of player 0 in groups, which is done.
func (e *Evidence) lifted() {
	at := begun.Add(30 * time.Second)
	e.Commands = append(e.Commands, Command{Account: Player(0), Reason: "r2", Acknowledged: true})
	e.Entries = append(e.Entries,
		Entry{Seq: 5, Time: at, Kind: "intent", Case: 3, Verb: "unmute", Scope: "group", Account: Player(0), Reason: "r2", Platform: Slack, Key: "k2"},
		Entry{Seq: 6, Time: at, Kind: "outcome", Case: 3, Outcome: "done", Attempts: 1},
	)
	c := setCall(Player(0), 30*time.Second, 0, true)
	c.Body = `{"Set_Account":"player00000","GroupmsgNospeakingTime":0}`
	e.Calls = append(e.Calls, c)
	e.Has.Accounts[Player(0)], e.Has.Calls["setnospeaking"] = imsim.Times{C2C: 21541}, 3
	for _, platform := range []string{Slack, Discord} {
		e.Posts[platform] = append(e.Posts[platform], "Done · unmute · player00000 · #6")
	}
}

func TestJudge_SeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		doctor func(e *Evidence)
		says   string // empty: nothing is wrong
	}{
		"nothing wrong": {func(*Evidence) {}, ""},

		"an outcome that is missing":    {func(e *Evidence) { e.Entries = e.Entries[:3] }, "case 2, player00001: 1 intents and 0 final outcomes"},
		"an intent that is missing":     {func(e *Evidence) { e.Entries[1].Kind = "note" }, "case 2 has an outcome and was never begun"},
		"a second outcome":              {func(e *Evidence) { e.Entries = append(e.Entries, e.Entries[2]) }, "1 intents and 2 final outcomes"},
		"a second intent":               {func(e *Evidence) { e.Entries = append(e.Entries, e.Entries[0]) }, "2 intents"},
		"an outcome that cannot be":     {func(e *Evidence) { e.Entries[2].Outcome = "unverified" }, "ended as unverified"},
		"a half outcome of one command": {func(e *Evidence) { e.Entries[2].Outcome, e.Entries[2].Effect = "partial", "group" }, "ended as partial"},
		"two cases of one delivery":     {func(e *Evidence) { e.Entries[1].Key = "k0" }, `the delivery "slack k0" has the cases [1 2]`},
		"one key on two platforms":      {func(e *Evidence) { e.Entries[1].Key, e.Entries[1].Platform = "k0", Discord }, ""},
		"two cases of one command":      {func(e *Evidence) { e.Entries[1].Reason = "r0" }, `the command "r0" has the cases [1 2]`},
		"nobody's command":              {func(e *Evidence) { e.Entries[0].Reason = "r7" }, `nobody typed the command "r7"`},
		"a command about another":       {func(e *Evidence) { e.Commands[0].Account = Player(1) }, `nobody typed the command "r0" about player00000`},
		"a deadline that is moved":      {func(e *Evidence) { e.Entries[0].Deadline = begun.Add(term + time.Second) }, "the deadline is 6h0m1s after the intent"},

		"a command without a case":             {func(e *Evidence) { e.third(true) }, `"r2" about player00002 was acknowledged, and there is no case`},
		"also one that was not acknowledged":   {func(e *Evidence) { e.third(false) }, "there is no case"},
		"which may be, if nobody was killed":   {func(e *Evidence) { e.third(false); e.Missing = RefusedMissing }, ""},
		"but not of one that was acknowledged": {func(e *Evidence) { e.third(true); e.Missing = RefusedMissing }, "there is no case"},
		"but for its being refused": {func(e *Evidence) {
			e.third(true)
			e.Missing = RefusedMissing
			e.Told[Player(2)] = []Heard{{Text: toldRefused}}
		}, ""},
		"even where that names nobody": {func(e *Evidence) {
			e.third(true)
			e.Missing = RefusedMissing
			e.Told[""] = []Heard{{Text: toldRefused}}
		}, ""},
		"which may be, if somebody was killed": {func(e *Evidence) { e.third(true); e.Missing = AcknowledgedMissing }, ""},
		"but nobody is told that it is done": {func(e *Evidence) {
			e.third(true)
			e.Missing = AcknowledgedMissing
			e.Told[""] = []Heard{{Text: "Done: player00002. Case 3"}}
		}, "told of a case that was never begun"},
		"told of done, and it failed": {func(e *Evidence) { e.Told[Player(1)] = []Heard{{Text: "Done: player00001 is muted. Case 2"}} }, "case 2, player00001, is failed, and somebody was told: Done"},
		"told of failed, and it is done": {func(e *Evidence) {
			e.Told[""] = []Heard{{Text: "Not done: Tencent refused player00000. What was in effect before still is. Case 1"}}
		}, "is done, and somebody was told: Not done"},
		"told of half, and it is done":              {func(e *Evidence) { e.Told[""] = []Heard{{Text: "Partly done: player00000. Case 1"}} }, "is done, and somebody was told: Partly done"},
		"told of another account's case":            {func(e *Evidence) { e.Told[Player(1)] = []Heard{{Text: "Done: player00001 is muted. Case 1"}} }, "case 1, player00000, is done, and somebody was told"},
		"told of an outcome without saying whose":   {func(e *Evidence) { e.Told[""] = []Heard{{Text: "Done: somebody is muted."}} }, "a case that was never begun"},
		"told that it was refused at first, and on": {func(e *Evidence) { e.Told[Player(0)] = append(e.Told[Player(0)], Heard{Text: toldRefused}) }, ""},

		"done, and Tencent has nothing":      {func(e *Evidence) { e.Has.Accounts[Player(0)] = imsim.Times{} }, "group of player00000: Tencent has 0s left, the ledger 5h59m0s"},
		"done, and one field is not":         {func(e *Evidence) { e.Has.Accounts[Player(0)] = imsim.Times{Group: 21541} }, "c2c of player00000: Tencent has 0s left"},
		"done, and it ends at another time":  {func(e *Evidence) { e.Has.Accounts[Player(0)] = imsim.Times{Group: 21545, C2C: 21541} }, "group of player00000: Tencent has 5h59m5s left"},
		"done, and no call did it":           {func(e *Evidence) { e.Calls[1].Applied = false }, "case 1, player00000, is done, and that a call of it changed something is false"},
		"failed, and Tencent has it":         {func(e *Evidence) { e.Has.Accounts[Player(1)] = imsim.Times{Group: 21540, C2C: 21540} }, "player00001: Tencent has 5h59m0s left, the ledger 0s"},
		"failed, and a call did it":          {func(e *Evidence) { e.Calls = append(e.Calls, setCall(Player(1), time.Second, term, true)) }, "case 2, player00001, is failed, and that a call"},
		"somebody is muted whom nobody knew": {func(e *Evidence) { e.Has.Accounts["administrator"] = imsim.Times{C2C: 5} }, "c2c of administrator: Tencent has 5s left"},
		"muted for ever":                     {func(e *Evidence) { e.Has.Accounts[Player(0)] = imsim.Times{Group: 1<<32 - 1, C2C: 21541} }, "group of player00000"},

		"a retry that asks for all of it":  {func(e *Evidence) { e.Calls[1] = setCall(Player(0), 2500*time.Millisecond, term, true) }, "a call moves the deadline by 2.5s"},
		"a retry that asks for too little": {func(e *Evidence) { e.Calls[1] = setCall(Player(0), 2500*time.Millisecond, term-3*time.Second, true) }, "ends the mute 500ms early"},
		"by less than a clock that is away": {func(e *Evidence) {
			e.Calls[1] = setCall(Player(0), 2500*time.Millisecond, term-3*time.Second, true)
			e.ClockAway = DatabaseAway
		}, ""},
		"a mute that carries 0":             {func(e *Evidence) { e.Calls[1] = setCall(Player(0), time.Second, 0, true) }, "a mute carries 0"},
		"a mute that is permanent":          {func(e *Evidence) { e.Calls[1] = setCall(Player(0), time.Second, (1<<32-1)*time.Second, true) }, "a mute carries 4294967295"},
		"a call before its intent":          {func(e *Evidence) { e.Calls[0] = setCall(Player(0), -time.Second, term, false) }, "a call arrived 1s before the intent"},
		"a call without an intent":          {func(e *Evidence) { e.Calls = append(e.Calls, setCall(Player(7), 0, term, true)) }, "player00007: Tencent was called without an intent"},
		"a call that no command makes":      {func(e *Evidence) { e.Calls[0].Body = `{"Set_Account":"x"}` }, "a call that no command makes"},
		"a call that is no JSON":            {func(e *Evidence) { e.Calls[0].Body = `{` }, "a call that no command makes"},
		"a call that forgets a field":       {func(e *Evidence) { e.Calls[0].Body = `{"Set_Account":"player00000","GroupmsgNospeakingTime":21600}` }, `a call about "all" asks for c2c: false`},
		"a call that is not recorded":       {func(e *Evidence) { e.Entries[2].Attempts = 1 }, "1 attempts are recorded, Tencent was called 2 times"},
		"more calls than a case may have":   {func(e *Evidence) { e.Entries[2].Attempts = 0; e.Calls = append(e.Calls, e.Calls[1], e.Calls[1]) }, "4 calls and none recorded"},
		"an attempt that slept":             {func(e *Evidence) { e.Entries[3].Attempts = 1; e.Unarrived = 1 }, ""},
		"two attempts, and one might sleep": {func(e *Evidence) { e.Entries[3].Attempts = 2; e.Unarrived = 1 }, "2 attempts are recorded, Tencent was called 0 times"},
		"an attempt that did not arrive":    {func(e *Evidence) { e.Entries[3].Attempts = 1 }, "1 attempts are recorded, Tencent was called 0 times"},
		"calls of which there is no trace":  {func(e *Evidence) { e.Untraced, e.Calls = true, nil }, ""},
		"and that are not recorded":         {func(e *Evidence) { e.Untraced, e.Has.Calls["setnospeaking"] = true, 3 }, "2 attempts are recorded, Tencent was called 3 times"},

		"a later unmute":      {(*Evidence).lifted, ""},
		"that did not happen": {func(e *Evidence) { e.lifted(); e.Has.Accounts[Player(0)] = imsim.Times{Group: 21541, C2C: 21541} }, "group of player00000: Tencent has 5h59m1s left, the ledger 0s"},
		"that carries seconds": {func(e *Evidence) {
			e.lifted()
			e.Calls[3].Body = `{"Set_Account":"player00000","GroupmsgNospeakingTime":9}`
		}, "an unmute carries 9"},
		"that touches another field": {func(e *Evidence) {
			e.lifted()
			e.Calls[3].Body = `{"Set_Account":"player00000","C2CmsgNospeakingTime":0}`
		}, `a call about "group" asks for c2c: true`},
		"half of a command that met another": {func(e *Evidence) {
			e.lifted()
			e.Partial = true
			e.Entries[2].Outcome, e.Entries[2].Effect = "partial", "c2c"
			e.Told = nil
		}, ""},
		"half of it, and the other half is not": {func(e *Evidence) {
			e.lifted()
			e.Partial = true
			e.Entries[2].Outcome, e.Entries[2].Effect = "partial", "group"
			e.Told = nil
		}, "c2c of player00000: Tencent has 5h59m1s left, the ledger 0s"},

		"an entry that is posted nowhere": {func(e *Evidence) { e.Posts[Slack] = e.Posts[Slack][1:] }, "slack: 1 entries are posted, 2 are in the ledger"},
		"an entry that is posted again":   {func(e *Evidence) { e.Posts[Slack] = append(e.Posts[Slack], failedPost) }, "slack: #4 is posted again"},
		"a repeat that says so":           {func(e *Evidence) { e.Posts[Slack] = append(e.Posts[Slack], "Possible repeat of #4\n"+failedPost) }, ""},
		"posts that are out of order":     {func(e *Evidence) { e.Posts[Slack][0], e.Posts[Slack][1] = e.Posts[Slack][1], e.Posts[Slack][0] }, "slack: posts are out of order"},
		"two roots in one channel":        {func(e *Evidence) { e.Posts[Slack][0] = donePost + " · size 4 " + rootTwo }, "a fork: size 4 has the roots"},
		"two roots in two channels":       {func(e *Evidence) { e.Posts[Discord][0] = donePost + " · size 3 " + rootFour + "\n" + failedPost }, "a fork: size 3 has the roots"},
		"a channel without a checkpoint":  {func(e *Evidence) { e.Posts[Discord] = []string{donePost, "Not done · mute · player00001 · #4"} }, "discord was told of no checkpoint"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := sound()
			tt.doctor(e)
			f := Judge(*e)
			if tt.says == "" {
				require.Empty(t, f.Violations)
				return
			}
			require.Contains(t, fmt.Sprint(f.Violations), tt.says)
		})
	}
}

func TestJudge_Counts(t *testing.T) {
	t.Parallel()
	e := sound()
	e.third(false)
	e.Missing = RefusedMissing
	e.Told[Player(1)] = nil
	f := Judge(*e)
	require.Empty(t, f.Violations)
	require.Equal(t, map[string]int{"intent": 2, "outcome done": 1, "outcome failed": 1}, f.Kinds)
	require.Len(t, f.Cases, 2)
	require.Equal(t, []int{2, 1, 1, 2, 1}, []int{f.Acknowledged, f.Missing, f.Untold, f.Calls, f.ReadBack})
	require.Equal(t, 500*time.Millisecond, f.Latest)
	require.Equal(t, 2, f.Posts[Slack].Messages)
}
