//go:build unix

package acceptance

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// witness is what somebody outside kept of a ledger.
type witness struct {
	full  string // signed checkpoint
	short string // as `audit checkpoint --json` says it
	post  string // as a post in the audit channel ended with it
	size  int64
}

// shortForm is what every post says of the ledger first.
var shortForm = regexp.MustCompile(`size \d+ [A-Za-z0-9+/]{22}`)

// checkpoint takes a checkpoint of the world's ledger as it is.
func (w *world) checkpoint() witness {
	w.t.Helper()
	exit, lines, stderr := w.modbot("", "audit", "checkpoint", "-c", "modbot.yaml")
	require.Equal(w.t, exitOK, exit, "%s", stderr)
	kept := witness{full: strings.Join(lines, "\n") + "\n"}
	exit, lines, stderr = w.modbot("", "audit", "checkpoint", "--json", "-c", "modbot.yaml")
	require.Equal(w.t, exitOK, exit, "%s", stderr)
	var out struct {
		Origin, Root, Short, Checkpoint string
		Entries                         int64
	}
	require.NoError(w.t, json.Unmarshal([]byte(strings.Join(lines, "\n")), &out))
	require.Equal(w.t, kept.full, out.Checkpoint, "the same head is the same checkpoint")
	require.Equal(w.t, "acceptance.example/modbot", out.Origin)
	kept.short, kept.size = out.Short, out.Entries
	posts := w.posts()
	kept.post = shortForm.FindString(posts[len(posts)-1].Text)
	require.NotEmpty(w.t, kept.post, "%s", posts[len(posts)-1].Text)
	return kept
}

// Whoever changes rows is found, and the first bad entry is named.
func TestAcceptance_15_AlteredRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.done("mia", "mute alice 2h group spamming links")
	w.done("mia", "mute bob 3h c2c flooding")
	older := w.checkpoint()
	before := copyTo(t, w.db, w.path("before.db"))
	w.done("mia", "unmute alice group")
	w.done("mia", "case 2 note seen by two of us")
	w.run("jun", "mute carol 7d group")
	newer := w.checkpoint()
	w.sound()
	log := w.entries()
	require.Equal(t, []string{"intent", "outcome done", "intent", "outcome done", "intent", "outcome done", "note", "refused"}, kinds(log, 0))

	const end = 8
	tests := map[string]struct {
		statements []string
		first      int64 // the first bad entry; 0 where it cannot be told
	}{
		"an entry's body is edited": {
			[]string{`UPDATE entry SET body = replace(body, '"term":7200', '"term":1') WHERE seq = 1`}, 1,
		},
		"an entry's body is edited and its leaf is left out of sight": {
			[]string{`UPDATE entry SET body = body || ' ' WHERE seq = 4`}, 4,
		},
		"a column of an entry is edited": {[]string{`UPDATE entry SET kind = 'late' WHERE seq = 2`}, 2},
		"an entry's time is edited":      {[]string{`UPDATE entry SET at = at + 1 WHERE seq = 6`}, 6},
		"a reason is edited":             {[]string{`UPDATE personal SET reason = 'nothing' WHERE seq = 3`}, 3},
		"an actor is edited":             {[]string{`UPDATE personal SET actor = 'cli:mo' WHERE seq = 1`}, 1},
		"a note is edited":               {[]string{`UPDATE personal SET note = 'never seen' WHERE seq = 7`}, 7},
		"personal fields are deleted":    {[]string{`DELETE FROM personal WHERE seq = 3`}, 3},
		"an entry is deleted":            {[]string{`DELETE FROM personal WHERE seq = 3`, `DELETE FROM entry WHERE seq = 3`}, 3},
		"an entry is deleted and the rest moves up": {
			[]string{
				`DELETE FROM personal WHERE seq = 4`, `DELETE FROM entry WHERE seq = 4`,
				`UPDATE personal SET seq = seq - 1 WHERE seq > 4`, `UPDATE entry SET seq = seq - 1 WHERE seq > 4`,
			}, 4,
		},
		"the head is made to hide that one is missing": {
			[]string{`DELETE FROM personal WHERE seq = 8`, `DELETE FROM entry WHERE seq = 8`, `UPDATE head SET size = 7`}, 0,
		},
		"two entries change places": {
			[]string{
				`UPDATE entry SET seq = 1003 WHERE seq = 3`, `UPDATE entry SET seq = 3 WHERE seq = 5`, `UPDATE entry SET seq = 5 WHERE seq = 1003`,
				`UPDATE personal SET seq = 1003 WHERE seq = 3`, `UPDATE personal SET seq = 3 WHERE seq = 5`, `UPDATE personal SET seq = 5 WHERE seq = 1003`,
			}, 3,
		},
		"the last entries are cut off": {
			[]string{`DELETE FROM personal WHERE seq > 6`, `DELETE FROM entry WHERE seq > 6`}, 7,
		},
		"an entry is added": {
			[]string{`INSERT INTO entry SELECT seq + 1, ref || 'X', at, kind, acct, case_no, body, leaf FROM entry WHERE seq = 8`}, end + 1,
		},
		// What follows from the log is named by the entry that it follows from.
		"a mute is taken off the list": {[]string{`DELETE FROM mute`}, 4},
		"a case is made another":       {[]string{`UPDATE cases SET deadline = deadline + 3600000000 WHERE number = 2`}, 4},
		"the head has another root":    {[]string{`UPDATE head SET frontier = zeroblob(length(frontier))`}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := copyTo(t, w.db, filepath.Join(t.TempDir(), "altered.db"))
			alter(t, db, tt.statements...)
			exit, v := verifyAt(w.in(t), db, "")
			require.Equal(t, exitAltered, exit, "%+v", v)
			require.False(t, v.OK)
			require.NotEmpty(t, v.Problem)
			if tt.first == 0 {
				require.Nil(t, v.FirstBad, "%+v", v)
				return
			}
			require.NotNil(t, v.FirstBad, "%+v", v)
			require.Equal(t, tt.first, *v.FirstBad, "%+v", v)
		})
	}

	// A ledger that went back as a whole agrees with itself. Whoever kept a
	// checkpoint of a later head finds it, in every form.
	t.Run("everything is rolled back", func(t *testing.T) {
		t.Parallel()
		db := copyTo(t, w.db, filepath.Join(t.TempDir(), "rolled-back.db"))
		rollBack(t, db, before)
		here := w.in(t)
		exit, v := verifyAt(here, db, "")
		require.Equal(t, exitOK, exit, "%+v", v)
		require.Equal(t, older.size, v.Entries)
		for form, text := range map[string]string{"full": newer.full, "short": newer.short, "from a post": newer.post} {
			exit, v := verifyAt(here, db, text, "--checkpoint", "-")
			require.Equal(t, exitAltered, exit, "%s: %+v", form, v)
			require.False(t, v.OK, form)
			require.NotNil(t, v.FirstBad, "%s: %+v", form, v)
			require.Equal(t, older.size+1, *v.FirstBad, form)
			require.NotEmpty(t, v.Problem)
		}
	})

	// The checkpoints of then and now hold for what was not altered.
	t.Run("nothing is altered", func(t *testing.T) {
		t.Parallel()
		here := w.in(t)
		for _, kept := range []witness{older, newer} {
			for _, text := range []string{kept.full, kept.short, kept.post} {
				exit, v := verifyAt(here, w.db, text, "--checkpoint", "-")
				require.Equal(t, exitOK, exit, "%s: %+v", text, v)
				require.True(t, v.OK)
			}
		}
	})

	// A checkpoint that somebody made up does not pass either.
	t.Run("a checkpoint is forged", func(t *testing.T) {
		t.Parallel()
		here := w.in(t)
		forged := strings.Replace(newer.full, "\n8\n", "\n7\n", 1)
		require.NotEqual(t, newer.full, forged)
		exit, v := verifyAt(here, w.db, forged, "--checkpoint", "-")
		require.Equal(t, exitAltered, exit, "%+v", v)
	})
}

// in is the world for a subtest.
func (w *world) in(t *testing.T) *world {
	t.Helper()
	here := *w
	here.t, here.runs = t, nil
	return &here
}
