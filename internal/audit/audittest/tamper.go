package audittest

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"pgregory.net/rapid"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

func quiet() *zap.Logger { return zap.NewNop() }

// history fills a ledger with some of everything.
func (b *bench) history() {
	b.t.Helper()
	for i := range 6 {
		h := head(mute.Account(fmt.Sprint("user", i)))
		h.Scope = mute.ScopeAll
		h.Key = fmt.Sprint("key", i)
		b.act(h, audit.OutcomeDone)
		b.clock.Advance(time.Minute)
	}
	b.act(head("user1"), audit.OutcomeFailed)
	permanent := head("user2")
	permanent.Term = mute.Permanent()
	b.act(permanent, audit.OutcomeDone)
	_, err := b.Refuse(b.t.Context(), head("user3"))
	require.NoError(b.t, err)
	_, err = b.Note(b.t.Context(), 2, head(""), "a correction")
	require.NoError(b.t, err)
	b.ask("q1", "user4", "user5")
	b.ask("q2", "nobody1", "nobody2")
	_, err = b.CloseBatch(b.t.Context(), 10, head(""), audit.OutcomeDeclined, "keep")
	require.NoError(b.t, err)
	begun := b.begin(head("user0"))
	b.finish(begun, audit.OutcomeUnknown)
	b.begin(head("nobody1"))
	v, err := b.Account(b.t.Context(), "user5")
	require.NoError(b.t, err)
	_, err = b.Observe(b.t.Context(), audit.Observation{
		Kind: audit.KindDrift, Account: "user5", Version: v.Version, Case: 6, Scope: mute.ScopeGroup, After: reading(100),
	})
	require.NoError(b.t, err)
	_, err = b.Checkpoint(b.t.Context())
	require.NoError(b.t, err)
	b.act(head("user3"), audit.OutcomeDone)
	b.link("slack:T1/U1", "user1")
	b.link("slack:T1/U2", "user2")
	b.link("slack:T1/U1", "new")
	b.unlink("slack:T1/U2")
	b.link("discord:1/2", "user2")
}

func testVerify(t *testing.T, open Open) {
	t.Run("an empty ledger and a full one are sound", func(t *testing.T) {
		b := newBench(t, open)
		require.Zero(t, b.sound().Entries)
		b.history()
		r := b.sound()
		size, root, err := b.Head(t.Context())
		require.NoError(t, err)
		require.Equal(t, size, r.Entries)
		require.Equal(t, root, r.Root)
		require.Nil(t, r.FirstBad)
	})
	t.Run("a checkpoint from outside is extended, in both forms", func(t *testing.T) {
		b := newBench(t, open)
		b.act(head("alice"), audit.OutcomeDone)
		signed, err := b.Checkpoint(t.Context())
		require.NoError(t, err)
		size, root, err := b.Head(t.Context())
		require.NoError(t, err)
		short := audit.ShortCheckpoint(size, root)
		b.act(head("bob"), audit.OutcomeDone)
		for _, text := range []string{signed, short, "size " + short + "\n", strings.ReplaceAll(signed, "\n", "\r\n"), "0 " + emptyRoot} {
			r, err := audit.Verify(t.Context(), b.Store, audit.VerifyOptions{Checkpoint: text})
			require.NoError(t, err)
			require.True(t, r.OK, "%q: %s", text, r.Problem)
		}
		for _, text := range []string{
			strings.Replace(short, "2 ", "1 ", 1), strings.Replace(short, "2 ", "3 ", 1), strings.Replace(short, "2 ", "5 ", 1),
			strings.Replace(signed, "\n2\n", "\n1\n", 1),
		} {
			r, err := audit.Verify(t.Context(), b.Store, audit.VerifyOptions{Checkpoint: text})
			require.NoError(t, err)
			require.False(t, r.OK, text)
		}
		for _, text := range []string{"nonsense", "2", "2 short", "x\ny\nz\n", "-1 " + emptyRoot} {
			_, err := audit.Verify(t.Context(), b.Store, audit.VerifyOptions{Checkpoint: text})
			require.ErrorIs(t, err, audit.ErrCheckpoint, text)
		}
	})
	t.Run("another key's checkpoints do not pass", func(t *testing.T) {
		b := newBench(t, open)
		other, err := audit.NewKey(origin)
		require.NoError(t, err)
		r, err := audit.Verify(t.Context(), b.Store, audit.VerifyOptions{Verifier: other.Verifier()})
		require.NoError(t, err)
		require.False(t, r.OK)
	})
	t.Run("kept checkpoints bracket a change that was hashed anew", func(t *testing.T) {
		b := newBench(t, open)
		for i := range 10 {
			b.act(head(mute.Account(fmt.Sprint("user", i))), audit.OutcomeFailed)
			if i == 3 || i == 6 {
				_, err := b.Checkpoint(t.Context())
				require.NoError(t, err)
			}
		}
		b.exec("UPDATE entry SET body = replace(body, '\"attempts\":1', '\"attempts\":2') WHERE seq = 10")
		var body string
		require.NoError(t, b.DB.QueryRowContext(t.Context(), "SELECT body FROM entry WHERE seq = 10").Scan(&body))
		leaf := leafOf(body)
		b.exec("UPDATE entry SET leaf = $1 WHERE seq = 10", leaf)
		r := b.altered()
		require.Nil(t, r.FirstBad)
		require.Contains(t, r.Problem, "entries 9 to 14")
	})
	t.Run("a progress is told and a reader that goes away ends it", func(t *testing.T) {
		b := newBench(t, open)
		b.history()
		var last int64
		_, err := audit.Verify(t.Context(), b.Store, audit.VerifyOptions{Progress: func(n int64) { last = n }})
		require.NoError(t, err)
		require.Equal(t, b.sound().Entries, last)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = audit.Verify(ctx, b.Store, audit.VerifyOptions{})
		require.Error(t, err)
	})
}

// emptyRoot is how the root of no entries begins.
const emptyRoot = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

// exec runs a statement beside the ledger.
func (b *bench) exec(q string, args ...any) {
	b.t.Helper()
	_, err := b.DB.ExecContext(context.Background(), q, args...)
	require.NoError(b.t, err, q)
}

// beside writes past the store, as another connection may.
func (b *bench) beside(q string) {
	b.t.Helper()
	b.exec(q)
	if b.Wrote != "" {
		b.exec(b.Wrote)
	}
}

// altered verifies the ledger, which must be found altered.
func (b *bench) altered() audit.Report {
	b.t.Helper()
	r, err := b.verify(audit.VerifyOptions{})
	require.NoError(b.t, err)
	require.False(b.t, r.OK)
	require.NotEmpty(b.t, r.Problem)
	return r
}

// verified are the tables that Verify answers for.
func verified() []string {
	return []string{"head", "entry", "personal", "checkpoint", "cases", "account", "mute", "link"}
}

// rows is a table's content.
type rows struct {
	cols []string
	rows [][]any
}

// read reads a whole table in order of its first columns.
func (b *bench) read(table string) rows {
	b.t.Helper()
	found, err := b.DB.QueryContext(context.Background(), "SELECT * FROM "+table+" ORDER BY 1, 2")
	require.NoError(b.t, err)
	defer found.Close() //nolint:errcheck // read to the end
	var out rows
	out.cols, err = found.Columns()
	require.NoError(b.t, err)
	for found.Next() {
		row := make([]any, len(out.cols))
		dest := make([]any, len(row))
		for i := range row {
			dest[i] = &row[i]
		}
		require.NoError(b.t, found.Scan(dest...))
		out.rows = append(out.rows, row)
	}
	require.NoError(b.t, found.Err())
	return out
}

// put replaces a table's content. It returns an error where the database
// itself refuses it.
func (b *bench) put(table string, r rows) error {
	tx, err := b.DB.BeginTx(context.Background(), &sql.TxOptions{})
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing
	if _, err := tx.ExecContext(context.Background(), "DELETE FROM "+table); err != nil {
		return err
	}
	for _, row := range r.rows {
		params := make([]string, len(row))
		for i := range params {
			params[i] = fmt.Sprintf("$%d", i+1)
		}
		q := "INSERT INTO " + table + " (" + strings.Join(r.cols, ", ") + ") VALUES (" + strings.Join(params, ", ") + ")"
		if _, err := tx.ExecContext(context.Background(), q, row...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func testTampering(t *testing.T, open Open) {
	t.Run("each way to alter the ledger is found", func(t *testing.T) { testKnownTampering(t, open) })
	t.Run("every random change of a row is found", func(t *testing.T) {
		b := newBench(t, open)
		b.history()
		good := map[string]rows{}
		for _, table := range verified() {
			good[table] = b.read(table)
		}
		rapid.Check(t, func(rt *rapid.T) {
			table := rapid.SampledFrom(verified()).Draw(rt, "table")
			bad := tampered(rt, good[table])
			if same(bad, good[table]) {
				rt.Skip("nothing changed")
			}
			if b.put(table, bad) != nil {
				rt.Skip("the database refuses it")
			}
			hold := rapid.SampledFrom([]int{0, 1}).Draw(rt, "hold")
			r, err := audit.Verify(context.Background(), b.Store, audit.VerifyOptions{Hold: hold})
			require.NoError(t, b.put(table, good[table]))
			if err != nil || r.OK {
				rt.Fatalf("not found: %v %+v\nwas %v\nis  %v", err, r, good[table], bad)
			}
		})
		b.sound()
	})
}

// tampered is a table's content after one random change.
func tampered(t *rapid.T, r rows) rows {
	out := rows{cols: r.cols}
	for _, row := range r.rows {
		out.rows = append(out.rows, slices.Clone(row))
	}
	i := rapid.IntRange(0, len(out.rows)-1).Draw(t, "row")
	j := rapid.IntRange(0, len(out.rows)-1).Draw(t, "other row")
	col := rapid.IntRange(0, len(r.cols)-1).Draw(t, "column")
	switch rapid.SampledFrom([]string{"edit", "delete", "truncate", "swap column", "swap rows", "insert"}).Draw(t, "change") {
	case "edit":
		out.rows[i][col] = edited(t, out.rows[i][col])
	case "delete":
		out.rows = slices.Delete(out.rows, i, i+1)
	case "truncate":
		out.rows = out.rows[:i]
	case "swap column":
		out.rows[i][col], out.rows[j][col] = out.rows[j][col], out.rows[i][col]
	case "swap rows": // all but the key
		for c := 1; c < len(r.cols); c++ {
			out.rows[i][c], out.rows[j][c] = out.rows[j][c], out.rows[i][c]
		}
	case "insert":
		row := slices.Clone(out.rows[i])
		row[0] = edited(t, row[0])
		out.rows = append(out.rows, row)
	}
	return out
}

// edited is another value of the same type.
func edited(t *rapid.T, v any) any {
	switch v := v.(type) {
	case int64:
		return v + rapid.OneOf(rapid.Int64Range(-3, 3), rapid.Int64()).Draw(t, "difference")
	case string:
		return string(editedBytes(t, []byte(v)))
	case []byte:
		return editedBytes(t, slices.Clone(v))
	case nil:
		return "not null"
	default:
		t.Fatalf("a column holds %T", v)
		return nil
	}
}

func editedBytes(t *rapid.T, b []byte) []byte {
	at := rapid.IntRange(0, len(b)).Draw(t, "at")
	if at == len(b) || rapid.Bool().Draw(t, "longer") {
		return slices.Insert(b, at, 'x')
	}
	if rapid.Bool().Draw(t, "shorter") {
		return slices.Delete(b, at, at+1)
	}
	b[at] ^= 1 << rapid.IntRange(0, 6).Draw(t, "bit")
	return b
}

// same reports whether two contents hold the same rows, in whatever order.
func same(a, b rows) bool {
	lines := func(r rows) []string {
		var out []string
		for _, row := range r.rows {
			out = append(out, fmt.Sprint(row))
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(lines(a), lines(b))
}
