//go:build unix

package acceptance

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/proctest"
)

// wave is how many accounts the file of these tests has.
const wave = 200

// waveWorld is a world whose app has a spam wave, and whose wave.txt lists it.
func waveWorld(t *testing.T) *world {
	t.Helper()
	names := make([]string, 0, wave)
	for i := range wave {
		names = append(names, fmt.Sprintf("s%03d", i))
	}
	w := worldOf(t, onSQLite, startSim(t, names...))
	w.write("wave.txt", strings.Join(names, "\n")+"\n")
	return w
}

// bulk begins `modbot bulk mute wave.txt`.
func (w *world) bulk(flags ...string) *process {
	w.t.Helper()
	return start(w.t, proctest.Launch{Dir: w.dir, Args: append([]string{
		"bulk", "mute", "wave.txt", "--as", "ada", "--term", "2h", "--scope", "group", "--reason", "spam wave", "--json",
	}, flags...)})
}

// bulkRow is a row as the command prints it, bulkEnd its last line.
type bulkRow struct {
	Type    string `json:"type"`
	Account string `json:"account"`
	Outcome string `json:"outcome"`
	Earlier bool   `json:"earlier"`
	Batch   int64  `json:"batch"`
	Done    int    `json:"done"`
	Failed  int    `json:"failed"`
	Begun   bool   `json:"finished_before"`
	Left    int    `json:"not_begun"`
	Report  string `json:"report"`
}

// bulkLines reads what a `modbot bulk` printed, whole lines only.
func bulkLines(t *testing.T, p *process) (rows []bulkRow, end *bulkRow) {
	t.Helper()
	for _, text := range p.Printed() {
		var l bulkRow
		if json.Unmarshal([]byte(text), &l) != nil {
			require.False(t, p.Alive(), "%q", text)
			continue // cut off by the kill
		}
		switch l.Type {
		case "row":
			rows = append(rows, l)
		case "bulk":
			end = &l
		}
	}
	return rows, end
}

// requireEachOnce: every intent has one outcome, every account of the wave has
// one that is done, as the app has it, and nothing was done twice.
func (w *world) requireEachOnce() {
	w.t.Helper()
	intents, outcomes := map[string]int{}, map[string]int{}
	byCase, ends := map[int64]string{}, map[int64]int{}
	for _, e := range w.entries() {
		switch e.Kind {
		case "intent":
			intents[e.Account]++
			byCase[e.Case] = e.Account
		case "outcome":
			ends[e.Case]++
			if e.Outcome == "done" {
				outcomes[byCase[e.Case]]++
			} else {
				require.Equal(w.t, "failed", e.Outcome, "case %d", e.Case)
				intents[byCase[e.Case]]--
			}
		}
	}
	require.Len(w.t, intents, wave)
	require.Len(w.t, outcomes, wave)
	for a, n := range intents {
		require.Equal(w.t, 1, n, a)
		require.Equal(w.t, 1, outcomes[a], a)
	}
	for n := range byCase {
		require.Equal(w.t, 1, ends[n], "case %d", n)
	}
	state := w.sim.state()
	for a := range intents {
		require.InDelta(w.t, 7200, state.Accounts[a].Group, 120, a)
	}
	exit, _, stderr := w.modbot("", "audit", "verify", "-c", "modbot.yaml")
	require.Equal(w.t, exitOK, exit, stderr)
}

// A bulk run that is killed again and again, at any row, goes on where it was:
// every account is muted once, by one case.
func TestBulk_KilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	w := waveWorld(t)
	batches := map[string]bool{}
	for range 4 {
		p := w.bulk()
		many := 5 + rand.N(25)
		eventually(t, settleWithin, "some rows", func() bool {
			fresh := 0
			rows, _ := bulkLines(t, p)
			for _, r := range rows {
				if !r.Earlier {
					fresh++
				}
			}
			return fresh >= many || !p.Alive()
		})
		p.Kill()
	}
	for _, e := range w.entries() {
		if e.Kind == "batch" {
			batches[e.raw] = true
		}
	}
	require.Len(t, batches, 1)

	// What was killed between its record and its call has failed: it is read back,
	// and nothing is sent again before somebody says so.
	p := w.bulk()
	failed := p.wait() == exitFailed
	rows, end := bulkLines(t, p)
	require.Len(t, rows, wave)
	require.Equal(t, wave, end.Done+end.Failed, p.Logged())
	require.Equal(t, failed, end.Failed > 0)
	p = w.bulk("--retry")
	require.Equal(t, exitOK, p.wait(), p.Logged())
	_, end = bulkLines(t, p)
	require.Equal(t, wave, end.Done)
	if end.Report == "" { // nothing had failed
		end.Report = "wave.report.csv"
	}
	require.FileExists(t, w.path(end.Report))
	w.requireEachOnce()

	// Finished: the same command does nothing more.
	before := len(w.entries())
	calls := w.sim.calls("setnospeaking")
	p = w.bulk()
	require.Equal(t, exitOK, p.wait(), p.Logged())
	_, end = bulkLines(t, p)
	require.True(t, end.Begun)
	require.Equal(t, wave, end.Done)
	require.Len(t, w.entries(), before)
	require.Equal(t, calls, w.sim.calls("setnospeaking"))
}

// A run that is interrupted begins no further row, lets those under way end, and
// says how to go on.
func TestBulk_Interrupted(t *testing.T) {
	t.Parallel()
	w := waveWorld(t)
	p := w.bulk()
	eventually(t, settleWithin, "a row", func() bool { rows, _ := bulkLines(t, p); return len(rows) > 0 || !p.Alive() })
	p.Signal(syscall.SIGINT)
	require.Equal(t, exitFailed, p.wait(), p.Logged())
	rows, end := bulkLines(t, p)
	require.Len(t, rows, wave)
	require.Positive(t, end.Left)
	require.Equal(t, wave, end.Done+end.Left, "nothing is left half done")
	p = w.bulk()
	require.Equal(t, exitOK, p.wait(), p.Logged())
	w.requireEachOnce()
}
