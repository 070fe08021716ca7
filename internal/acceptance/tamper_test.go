//go:build unix

package acceptance

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// history is a ledger that three audit channels were told of, and what people
// have of it.
type history struct {
	*served
	console *world
	backup  store // of when it had backedUp entries
	// kept is what somebody outside has, by where it is from: text as it was
	// copied, with all that was around it.
	kept map[string]string
	full string // signed checkpoint over all of it
}

const (
	// end is how many entries the history has.
	end = 8
	// backedUp is how many of them were in the backup.
	backedUp = 4
)

// tell makes the history, by people on both platforms and at the console.
func tell(t *testing.T, on dialect) *history {
	t.Helper()
	h := &history{served: servedOf(t, platforms{on: on})}
	must(t, h.slack, mia, mute("alice", "2h", "group", "spamming links"))
	must(t, h.discord, mia, mute("bob", "3h", "c2c", "flooding"))
	h.delivered(h.sides()...)
	exit, _, stderr := h.modbot("", "audit", "checkpoint", "--post", "-c", "modbot.yaml")
	require.Equal(t, exitOK, exit, "%s", stderr)
	for _, s := range h.sides() {
		eventuallyEvery(t, lookEvery, soon, "a full checkpoint on "+s.name(), func() bool { return slices.ContainsFunc(s.posts(), isCheckpoint) })
	}
	h.stop()
	h.backup = h.ledger.copied(t)
	h.console = h.elsewhere(t, h.ledger) // its audit channel is the terminal
	h.console.done("mia", "mute dave 1h group insults")
	h.start()
	noted := say(h.slack, mia, typed("case 2 note seen by two of us", "case"))
	require.Equal(t, "Done", noted.state(), "%s", noted.text)
	h.delivered(h.sides()...)
	h.stop()
	h.console.run("jun", "mute carol 7d group")
	require.Equal(t, []string{"intent", "outcome done", "intent", "outcome done", "intent", "outcome done", "note", "refused"}, kinds(h.entries(), 0))
	h.keep()
	return h
}

// keep copies what people see, and takes a checkpoint in both forms.
func (h *history) keep() {
	h.t.Helper()
	h.kept = map[string]string{}
	for _, s := range h.sides() {
		for _, m := range s.posts() {
			h.kept[s.name()] += m.text + "\n\n"
		}
	}
	for _, p := range h.console.posts() {
		h.kept["console"] += p.Text + "\n"
	}
	exit, lines, stderr := h.modbot("", "audit", "checkpoint", "-c", "modbot.yaml")
	require.Equal(h.t, exitOK, exit, "%s", stderr)
	h.full = strings.Join(lines, "\n") + "\n"
	require.True(h.t, strings.HasPrefix(h.full, "acceptance.example/modbot\n8\n"), "%s", h.full)
	h.kept["audit checkpoint"] = h.full
	short := shortForm.FindAllString(h.kept["console"], -1)
	h.kept["a line of a post"] = short[len(short)-1]
	require.Contains(h.t, h.kept["a line of a post"], "size 8 ")
}

// rows alters a copy of the ledger row by row.
func rows(statements ...string) func(*testing.T, *history) store {
	return func(t *testing.T, h *history) store {
		t.Helper()
		s := h.ledger.copied(t)
		s.alter(t, statements...)
		return s
	}
}

// rewritten goes on from a ledger as whoever has taken the store and the
// signing key can: modbot itself writes other entries.
func (h *history) rewritten(t *testing.T, from store, commands ...string) store {
	t.Helper()
	w := h.elsewhere(t, from)
	for _, command := range commands {
		w.done("ada", command)
	}
	return from
}

// elsewhere is the world with another ledger, and the same keys.
func (h *history) elsewhere(t *testing.T, at store) *world {
	t.Helper()
	w := h.in(t)
	w.dir, w.ledger, w.more = t.TempDir(), at, ""
	w.roles = rolesOf("cli: { users: [jun] }", "cli: { users: [mia] }", "cli: { users: [ada] }")
	for _, name := range []string{"tencent.key", "ledger.key"} {
		key, err := os.ReadFile(h.path(name))
		require.NoError(t, err)
		w.write(name, string(key))
	}
	w.configure()
	return w
}

// found says what finds an alteration.
type found int

const (
	never    found = iota // it is none
	alone                 // the ledger contradicts itself
	compared              // only what somebody has kept contradicts it
)

// untold is that no entry can be named.
const untold int64 = 0

// Whoever changes the ledger is found, and the first bad entry is named. What
// agrees with itself is found by whoever kept any message of any channel.
func TestAcceptance_15_AlteredRows(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		alter func(*testing.T, *history) store
		by    found
		first int64
	}{
		"nothing": {rows(), never, untold},
		"an entry is erased as the law wants it": {
			func(t *testing.T, h *history) store {
				t.Helper()
				s := h.ledger.copied(t)
				exit, _, stderr := h.elsewhere(t, s).modbot("", "audit", "redact", "8", "--why", "request 17", "--as", "ada", "--yes", "-c", "modbot.yaml")
				require.Equal(t, exitOK, exit, "%s", stderr)
				return s
			}, never, untold,
		},

		"an entry's body is edited": {
			rows(`UPDATE entry SET body = replace(body, '"term":7200', '"term":1') WHERE seq = 1`), alone, 1,
		},
		"an entry's body is edited and its leaf is left out of sight": {
			rows(`UPDATE entry SET body = body || ' ' WHERE seq = 4`), alone, 4,
		},
		"a column of an entry is edited": {rows(`UPDATE entry SET kind = 'late' WHERE seq = 2`), alone, 2},
		"an entry's time is edited":      {rows(`UPDATE entry SET at = at + 1 WHERE seq = 6`), alone, 6},
		"a reason is edited":             {rows(`UPDATE personal SET reason = 'nothing' WHERE seq = 3`), alone, 3},
		"an actor is edited":             {rows(`UPDATE personal SET actor = 'cli:mo' WHERE seq = 1`), alone, 1},
		"a note is edited":               {rows(`UPDATE personal SET note = 'never seen' WHERE seq = 7`), alone, 7},
		"an entry is erased without the entry that says so": {
			rows(`DELETE FROM personal WHERE seq = 8`), alone, 8,
		},
		"an entry is deleted": {rows(`DELETE FROM personal WHERE seq = 3`, `DELETE FROM entry WHERE seq = 3`), alone, 3},
		"an entry is deleted and the rest moves up": {
			rows(
				`DELETE FROM personal WHERE seq = 4`, `DELETE FROM entry WHERE seq = 4`,
				`UPDATE personal SET seq = 1 - seq WHERE seq > 4`, `UPDATE entry SET seq = 1 - seq WHERE seq > 4`,
				`UPDATE personal SET seq = -seq WHERE seq < 0`, `UPDATE entry SET seq = -seq WHERE seq < 0`,
			), alone, 4,
		},
		"the head is made to hide that one is missing": {
			rows(`DELETE FROM personal WHERE seq = 8`, `DELETE FROM entry WHERE seq = 8`, `UPDATE head SET size = 7`), alone, untold,
		},
		"two entries change places": {
			rows(
				`UPDATE entry SET seq = 1003 WHERE seq = 3`, `UPDATE entry SET seq = 3 WHERE seq = 5`, `UPDATE entry SET seq = 5 WHERE seq = 1003`,
				`UPDATE personal SET seq = 1003 WHERE seq = 3`, `UPDATE personal SET seq = 3 WHERE seq = 5`, `UPDATE personal SET seq = 5 WHERE seq = 1003`,
			), alone, 3,
		},
		"the last entries are cut off": {
			rows(`DELETE FROM personal WHERE seq > 6`, `DELETE FROM entry WHERE seq > 6`), alone, 7,
		},
		"an entry is added": {
			rows(`INSERT INTO entry SELECT seq + 1, ref || 'X', at, kind, acct, case_no, body, leaf FROM entry WHERE seq = 8`), alone, end + 1,
		},
		"an entry is put between two": {
			rows(
				`UPDATE personal SET seq = -1 - seq WHERE seq > 3`, `UPDATE entry SET seq = -1 - seq WHERE seq > 3`,
				`UPDATE personal SET seq = -seq WHERE seq < 0`, `UPDATE entry SET seq = -seq WHERE seq < 0`,
				`INSERT INTO entry SELECT 4, 'X', at, kind, acct, case_no, body, leaf FROM entry WHERE seq = 5`,
			), alone, 4,
		},
		// What follows from the log is named by the entry that it follows from.
		"a mute is taken off the list": {rows(`DELETE FROM mute WHERE case_no = 2`), alone, 4},
		"a case is made another":       {rows(`UPDATE cases SET deadline = deadline + 3600000000 WHERE number = 2`), alone, 4},
		"the head has another root":    {rows(`UPDATE head SET frontier = (SELECT leaf FROM entry WHERE seq = 1)`), alone, untold},

		"an old backup is put in its place": {
			func(t *testing.T, h *history) store { t.Helper(); return h.backup.copied(t) }, compared, backedUp + 1,
		},
		"an old backup is put in its place, and goes on": {
			func(t *testing.T, h *history) store {
				t.Helper()
				return h.rewritten(t, h.backup.copied(t), "mute u01 1h group", "mute u02 1h group", "mute u03 1h group")
			}, compared, untold,
		},
		"all of it is written anew": {
			func(t *testing.T, h *history) store {
				t.Helper()
				return h.rewritten(t, emptyStore(t, h.ledger.on, t.TempDir()), "mute u05,u06,u07,u08 1h group")
			}, compared, untold,
		},
	}
	onBoth(t, func(t *testing.T, on dialect) {
		h := tell(t, on)
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				at := tt.alter(t, h)
				requireFound(t, h.in(t), at, "", tt.by == alone, tt.first)
				switch tt.by {
				case alone: // no need for anything else
				case compared:
					for _, text := range h.kept {
						requireFound(t, h.in(t), at, text, true, tt.first)
					}
				case never:
					all := strings.Join(slices.Collect(maps.Values(h.kept)), "\n")
					requireFound(t, h.in(t), at, all, false, untold)
				}
			})
		}
		// A checkpoint that somebody made up does not pass either.
		t.Run("a checkpoint is forged", func(t *testing.T) {
			t.Parallel()
			forged := strings.Replace(h.full, "\n8\n", "\n7\n", 1)
			require.NotEqual(t, h.full, forged)
			exit, v := verifyAt(h.in(t), h.ledger.copied(t), forged, "--checkpoint", "-")
			require.Equal(t, exitAltered, exit, "%+v", v)
		})
	})
}

// requireFound requires what `audit verify` says of a ledger, with what
// somebody pasted, or alone.
func requireFound(t *testing.T, w *world, at store, pasted string, altered bool, first int64) {
	t.Helper()
	var flags []string
	if pasted != "" {
		flags = []string{"--checkpoint", "-"}
	}
	exit, v := verifyAt(w, at, pasted, flags...)
	if !altered {
		require.Equal(t, exitOK, exit, "%+v", v)
		require.True(t, v.OK)
		return
	}
	require.Equal(t, exitAltered, exit, "%+v\n%s", v, pasted)
	require.False(t, v.OK)
	require.NotEmpty(t, v.Problem)
	if first == untold {
		require.Nil(t, v.FirstBad, "%+v", v)
		return
	}
	require.NotNil(t, v.FirstBad, "%+v", v)
	require.Equal(t, first, *v.FirstBad, "%+v", v)
}

// in is the world for a subtest.
func (w *world) in(t *testing.T) *world {
	t.Helper()
	here := *w
	here.t, here.runs = t, nil
	return &here
}
