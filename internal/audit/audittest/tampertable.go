package audittest

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
)

// leafOf is the tree's leaf of a body (RFC 6962).
func leafOf(body string) []byte {
	sum := sha256.Sum256(append([]byte{0}, body...))
	return sum[:]
}

// known is one way to alter a ledger.
type known struct {
	name string
	sql  []string
	// first is the entry that must be named; 0 where none can be.
	first int64
	words string
}

// knownTampering are the ways, on the ledger that history makes.
func knownTampering() []known {
	return []known{
		{"a body is edited", []string{`UPDATE entry SET body = replace(body, '7200', '3600') WHERE seq = 3`}, 3, "was altered"},
		{"a leaf is edited", []string{`UPDATE entry SET leaf = (SELECT leaf FROM entry WHERE seq = 4) WHERE seq = 3`}, 3, "hash"},
		{"a column is edited", []string{`UPDATE entry SET kind = 'note' WHERE seq = 3`}, 3, "kind"},
		{"a key is removed", []string{`UPDATE entry SET ref = NULL WHERE seq = 5`}, 5, "ref"},
		{"a time is edited", []string{`UPDATE entry SET at = at + 1 WHERE seq = 5`}, 5, "time"},
		{"a reason is edited", []string{`UPDATE personal SET reason = 'x' WHERE seq = 3`}, 3, "reason"},
		{"an actor is exchanged", []string{`UPDATE personal SET actor = 'console:ada' WHERE seq = 7`}, 7, "actor"},
		{"a mute is hidden from its moderator's", []string{`UPDATE personal SET began = 0 WHERE seq = 3`}, 3, "begun case"},
		{"a name is emptied", []string{`UPDATE personal SET actor_name = '' WHERE seq = 7`}, 7, "actor_name"},
		{"a note is added", []string{`UPDATE personal SET note = 'x' WHERE seq = 7`}, 7, "note"},
		{"salts are edited", []string{`UPDATE personal SET salts = (SELECT salts FROM personal WHERE seq = 5) WHERE seq = 7`}, 7, "commits"},
		{"personal values go without a word", []string{`DELETE FROM personal WHERE seq = 7`}, 7, "erased"},
		{"personal values of no entry", []string{
			`INSERT INTO personal SELECT 9999, account, actor, actor_name, note, reason, snapshot, salts, member, began FROM personal WHERE seq = 7`,
		}, 0, "rows of personal values"},
		{"an entry is deleted", []string{`DELETE FROM entry WHERE seq = 4`}, 4, "missing"},
		{"the first entry is deleted", []string{`DELETE FROM entry WHERE seq = 1`}, 1, "missing"},
		{"two entries are exchanged", []string{
			`UPDATE entry SET seq = -1 WHERE seq = 4`, `UPDATE entry SET seq = 4 WHERE seq = 6`, `UPDATE entry SET seq = 6 WHERE seq = -1`,
		}, 4, "number"},
		{"an entry is inserted before the first", []string{
			`INSERT INTO entry SELECT 0, 'x', at, kind, acct, case_no, body, leaf FROM entry WHERE seq = 2`,
		}, 1, "before"},
		{"an entry is appended", []string{
			`INSERT INTO entry SELECT (SELECT max(seq) + 1 FROM entry), 'x', at, kind, acct, case_no, body, leaf FROM entry WHERE seq = 2`,
		}, 36, "beyond the head"},
		{"the end is cut off", []string{`DELETE FROM entry WHERE seq > 20`}, 21, "missing"},
		{"a case's row is edited", []string{`UPDATE cases SET status = 4 WHERE number = 7`}, 14, "case 7"},
		{"a case's row is deleted", []string{`DELETE FROM cases WHERE number = 7`}, 14, "case 7"},
		{"a case is invented", []string{`INSERT INTO cases SELECT 99, acct, first, status, verb, scope, term, deadline, began, asked, intent, last,
			batch, planned, expires FROM cases WHERE number = 1`}, 0, "case 99"},
		{"a mute is edited", []string{`UPDATE mute SET until = until + 1000000 WHERE case_no = 2 AND field = 1`}, 4, "case 2"},
		{"a mute is deleted", []string{`DELETE FROM mute WHERE case_no = 2 AND field = 1`}, 4, "case 2"},
		{"a mute is invented", []string{`INSERT INTO mute SELECT 999, field, case_no, until, since, drifted FROM mute WHERE case_no = 2 AND field = 1`}, 0, "case 2"},
		{"an account's version is edited", []string{`UPDATE account SET version = version + 1 WHERE acct = 3`}, 14, "account 3"},
		{"an account's row is deleted", []string{`DELETE FROM account WHERE acct = 3`}, 14, "account 3"},
		{"a link is turned to another account", []string{`UPDATE link SET acct = 1 WHERE seq = 33`}, 33, "link of case"},
		{"a link is deleted", []string{`DELETE FROM link WHERE seq = 33`}, 33, "link of case"},
		{"a link is invented", []string{`INSERT INTO link SELECT 31, acct, case_no FROM link WHERE seq = 33`}, 0, "link of case"},
		{"a member is exchanged", []string{`UPDATE personal SET member = 'slack:T1/U9' WHERE seq = 33`}, 33, "member"},
		{"the head is moved back", []string{`UPDATE head SET size = size - 1`}, 0, ""},
		{"the head's frontier is edited", []string{`UPDATE head SET frontier = (SELECT leaf FROM entry WHERE seq = 1)`}, 0, ""},
		{"the head's cases are edited", []string{`UPDATE head SET cases = cases + 1`}, 0, "cases"},
		{"the head's origin is edited", []string{`UPDATE head SET origin = 'example.net/x'`}, 0, "not genuine"},
		{"the head's key is written another way", []string{"UPDATE head SET verifier = verifier || '\n'"}, 0, "the ledger's head was altered"},
		{"the head is gone", []string{`DELETE FROM head`}, 0, "0 heads"},
		{"a checkpoint is deleted", []string{`DELETE FROM checkpoint WHERE size > 0`}, 0, "kept checkpoints"},
		{"all checkpoints are deleted, and uncounted", []string{`DELETE FROM checkpoint`, `UPDATE head SET checkpoints = 0`}, 0, "began with"},
		{"a checkpoint is edited", []string{`UPDATE checkpoint SET note = replace(note, '— ', '—  ') WHERE size > 0`}, 0, "not genuine"},
		{"a checkpoint is moved", []string{`UPDATE checkpoint SET size = size + 1 WHERE size > 0`}, 0, ""},
	}
}

func testKnownTampering(t *testing.T, open Open) {
	b := newBench(t, open)
	b.history()
	good := map[string]rows{}
	for _, table := range verified() {
		good[table] = b.read(table)
	}
	for _, k := range knownTampering() {
		t.Run(k.name, func(t *testing.T) {
			b := b.in(t)
			for _, q := range k.sql {
				b.exec(q)
			}
			r := b.altered()
			for _, table := range verified() {
				require.NoError(t, b.put(table, good[table]))
			}
			if k.first != 0 {
				require.NotNil(t, r.FirstBad, r.Problem)
				require.Equal(t, k.first, *r.FirstBad, r.Problem)
			}
			require.Contains(t, r.Problem, k.words)
		})
	}
	b.sound()
	t.Run("a restored old copy is found against a checkpoint from outside", func(t *testing.T) {
		old := newBench(t, open)
		old.act(head("alice"), audit.OutcomeDone)
		copied := map[string]rows{}
		for _, table := range append(verified(), "lease") {
			copied[table] = old.read(table)
		}
		old.act(head("bob"), audit.OutcomeDone)
		size, root, err := old.Head(t.Context())
		require.NoError(t, err)
		for table, r := range copied {
			require.NoError(t, old.put(table, r))
		}
		old.sound()
		r, err := audit.Verify(t.Context(), old.Store, audit.VerifyOptions{Checkpoint: audit.ShortCheckpoint(size, root)})
		require.NoError(t, err)
		require.False(t, r.OK)
		require.Contains(t, r.Problem, "truncated")
		require.EqualValues(t, 3, *r.FirstBad)
		old.act(head("mallory"), audit.OutcomeDone)
		r, err = audit.Verify(t.Context(), old.Store, audit.VerifyOptions{Checkpoint: audit.ShortCheckpoint(size, root)})
		require.NoError(t, err)
		require.False(t, r.OK, "another history of the same length is none")
	})
}
