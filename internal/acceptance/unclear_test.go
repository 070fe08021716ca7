//go:build unix

package acceptance

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A moderator is told "not done" only when Tencent said so. Everything else is
// unknown first, is not read or sent again while the request may still be
// inside the service, and is told once more when it is known.
func TestAcceptance_01_FailedOnlyOnAClearNo(t *testing.T) {
	t.Parallel()
	const muted = 7200
	tests := map[string]struct {
		fault string // of the control API
		// hold is what the proxy does with the call instead.
		hold func(w *world) func()

		told     []string // states of the answers, in order
		code     string   // of the last answer
		log      []string // of the case
		sets     int      // calls that change something
		inEffect bool     // at Tencent, in the end
		exit     int
	}{
		"a clear no": {
			fault: `{"api":"setnospeaking","kind":"code","code":60020}`,
			told:  []string{"not_done"}, code: "failed", log: []string{"intent", "outcome failed"}, sets: 1, exit: exitFailed,
		},
		"a code that is neither yes nor no, then a yes": {
			fault: `{"api":"setnospeaking","kind":"code","code":60008}`,
			told:  []string{"done"}, code: "muted", log: []string{"intent", "outcome done"}, sets: 2, inEffect: true, exit: exitOK,
		},
		"nothing but codes that are neither yes nor no": {
			fault: `{"api":"setnospeaking","kind":"code","code":70500,"times":-1}`,
			told:  []string{"unknown", "not_done"}, code: "failed", log: []string{"intent", "unknown", "outcome failed"}, sets: 3, exit: exitFailed,
		},
		"502, nothing applied": {
			fault: `{"api":"setnospeaking","kind":"http","status":502}`,
			told:  []string{"unknown", "not_done"}, code: "failed", log: []string{"intent", "unknown", "outcome failed"}, sets: 1, exit: exitFailed,
		},
		"garbage, nothing applied": {
			fault: `{"api":"setnospeaking","kind":"garbage"}`,
			told:  []string{"unknown", "not_done"}, code: "failed", log: []string{"intent", "unknown", "outcome failed"}, sets: 1, exit: exitFailed,
		},
		"the request is lost": {
			fault: `{"api":"setnospeaking","kind":"drop"}`,
			told:  []string{"unknown", "not_done"}, code: "failed", log: []string{"intent", "unknown", "outcome failed"}, sets: 1, exit: exitFailed,
		},
		"applied, and the connection drops": {
			fault: `{"api":"setnospeaking","kind":"apply_and_drop"}`,
			told:  []string{"unknown", "done"}, code: "muted", log: []string{"intent", "unknown", "outcome done"}, sets: 1, inEffect: true, exit: exitOK,
		},
		"applied, and the answer takes for ever": {
			hold: func(w *world) func() {
				w.proxy.hold(setCall, beforeAnswer)
				return func() {}
			},
			told: []string{"unknown", "done"}, code: "muted", log: []string{"intent", "unknown", "outcome done"}, sets: 1, inEffect: true, exit: exitOK,
		},
		"the request arrives when nobody waits for it any more": {
			hold: func(w *world) func() {
				g := w.proxy.hold(setCall, beforeForward)
				return func() {
					receive(w.t, g.call().gone, soon, "modbot to hang up")
					// Tencent hears of it within the margin, however slow the machine.
					reading := w.proxy.hold(getCall, beforeForward)
					g.pass()
					eventually(w.t, soon, "the late request to arrive", func() bool {
						return !w.proxy.seen(setCall, "alice")[0].applied.IsZero()
					})
					reading.call()
					reading.pass()
				}
			},
			told: []string{"unknown", "done"}, code: "muted", log: []string{"intent", "unknown", "outcome done"}, sets: 1, inEffect: true, exit: exitOK,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			meanwhile := func() {}
			if tt.fault != "" {
				w.sim.fail(tt.fault)
			} else {
				meanwhile = tt.hold(w)
			}
			p := w.launch("mia", "mute alice 2h group spamming links")
			meanwhile()
			r := w.ended(p)

			var told []string
			for _, reply := range r.replies {
				told = append(told, reply.State)
				require.EqualValues(t, 1, reply.ID, "a later settlement repeats the id")
				require.Equal(t, []int64{1}, reply.Cases)
			}
			require.Equal(t, tt.told, told, "%+v", r.replies)
			require.Equal(t, tt.code, r.reply(t).Code)
			require.Equal(t, tt.exit, r.exit)

			log := w.entries()
			require.Equal(t, tt.log, kinds(log, 1))
			require.Len(t, w.proxy.seen(setCall, "alice"), tt.sets)
			if tt.inEffect {
				require.InDelta(t, muted, w.sim.of("alice").Group, 60)
			} else {
				require.Zero(t, w.sim.of("alice").Group)
			}
			require.Zero(t, w.sim.of("alice").C2C, "a field that nobody named")
			w.requireQuietWhileUnclear("alice", tt.log[1] == "unknown")
			w.requirePostedOnce(r.posts, log)
			w.sound()
		})
	}
}

// requireQuietWhileUnclear requires that between the last call that may have
// been lost and the read-back nothing was asked about the account.
func (w *world) requireQuietWhileUnclear(account string, unclear bool) {
	w.t.Helper()
	sets := w.proxy.seen(setCall, account)
	last := sets[len(sets)-1].at
	read := false
	for _, c := range w.proxy.seen(getCall, account) {
		if !c.at.After(last) {
			continue
		}
		read = true
		require.GreaterOrEqual(w.t, c.at.Sub(last), attemptTime, "read while the request may have been inside the service")
	}
	require.Equal(w.t, unclear, read, "only what is not known is read back")
}

// requirePostedOnce requires that every entry but intents and batches was
// posted, once and in order.
func (w *world) requirePostedOnce(posts []line, log []entry) {
	w.t.Helper()
	var want, got []int64
	for _, e := range log {
		if e.Kind != "intent" && e.Kind != "batch" {
			want = append(want, e.Seq)
		}
	}
	for _, p := range posts {
		require.Equal(w.t, p.First, p.Last, "the console puts one entry into a post")
		got = append(got, p.First)
	}
	require.Equal(w.t, want, got, "%+v", posts)
}

// An unclear attempt keeps the account locked although a later one was
// answered with a yes: it may still land. Nobody reads the account before that
// is over, and nobody acts on it.
func TestAcceptance_01_AnUnclearAttemptKeepsTheAccountLocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sim.fail(`{"api":"setnospeaking","kind":"code","code":60008}`)
	w.done("mia", "mute alice 2h group")
	next := w.run("ada", "unmute alice group").reply(t)
	sets, reads := w.proxy.seen(setCall, "alice"), w.proxy.seen(getCall, "alice")
	require.Len(t, sets, 2)
	switch next.Code {
	case "busy":
		require.Contains(t, next.Text, "mia")
		require.Len(t, reads, 1, "nothing is read while it may land")
	default: // it took this machine so long that the account was free
		require.Equal(t, "lifts_other", next.Code, "%+v", next)
		require.Len(t, reads, 2)
		require.GreaterOrEqual(t, reads[1].at.Sub(sets[0].at), attemptTime)
	}
	w.sound()
}
