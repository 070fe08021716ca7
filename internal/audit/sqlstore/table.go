package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

// table says how the rows of one table go into statements and come out.
type table[R any] struct {
	name string
	cols []string
	// key is how many of the columns, from the first, are the primary key; 0
	// where rows are only ever added.
	key int
	// fixed is how many columns after the key never change in a row: an index
	// on them is then left alone when the row is replaced.
	fixed int
	args  func(args []any, r R) []any
	scan  func(rows *sql.Rows, r *R) error

	// inserts are the statements that write as many rows as chunks has.
	inserts [len(chunks)]string
}

// chunks are the numbers of rows that one statement writes. There are few, so
// that there are few statements to prepare.
var chunks = [...]int{64, 16, 4, 1} //nolint:gochecknoglobals // a constant, which Go has no arrays of

// chunk is the largest of the chunks that n rows fill, and which one it is.
func chunk(n int) (size, which int) {
	for i, size := range chunks {
		if n >= size {
			return size, i
		}
	}
	return 1, len(chunks) - 1
}

// ready makes the statements of a table.
func ready[R any](t table[R]) *table[R] {
	for i, n := range chunks {
		t.inserts[i] = t.insert(n)
	}
	return &t
}

// tables are the tables of a store.
type tables struct {
	entry      *table[audit.EntryRow]
	ref        *table[audit.EntryRef]
	personal   *table[personalOf]
	checkpoint *table[audit.CheckpointRow]
	cases      *table[audit.CaseRow]
	account    *table[audit.AccountRow]
	mute       *table[audit.MuteRow]
	link       *table[audit.LinkRow]
	lease      *table[audit.LeaseRow]
	sink       *table[audit.SinkRow]
	posting    *table[audit.PostingRow]
	worker     *table[audit.WorkerRow]
}

func newTables() *tables {
	return &tables{
		entry: ready(entryTable()), ref: ready(refTable()), personal: ready(personalTable()), checkpoint: ready(checkpointTable()),
		cases: ready(casesTable()), account: ready(accountTable()), mute: ready(muteTable()),
		link: ready(linkTable()), lease: ready(leaseTable()), sink: ready(sinkTable()), posting: ready(postingTable()), worker: ready(workerTable()),
	}
}

// list is the columns for a SELECT, each with the prefix.
func (t *table[R]) list(prefix string) string {
	return prefix + strings.Join(t.cols, ", "+prefix)
}

// insert is the statement that writes n rows.
func (t *table[R]) insert(n int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + t.name + " (" + t.list("") + ") VALUES ")
	row := "(" + params(len(t.cols)) + ")"
	b.WriteString(strings.Repeat(row+", ", n-1) + row)
	if t.key == 0 {
		return b.String()
	}
	b.WriteString(" ON CONFLICT (" + strings.Join(t.cols[:t.key], ", ") + ") DO UPDATE SET ")
	for i, c := range t.cols[t.key+t.fixed:] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c + " = excluded." + c)
	}
	return b.String()
}

// params is n parameters in a row.
func params(n int) string { return strings.Repeat("?, ", n-1) + "?" }

// all reads the rows of a query.
func (t *table[R]) all(ctx context.Context, r *reader, q string, args ...any) ([]R, error) {
	var out []R
	err := r.sess.each(ctx, q, args, func(rows *sql.Rows) error {
		var row R
		if err := t.scan(rows, &row); err != nil {
			return err
		}
		out = append(out, row)
		return nil
	})
	return out, r.store.explain(err)
}

func casesTable() table[audit.CaseRow] {
	return table[audit.CaseRow]{
		name: "cases", key: 1, fixed: 2,
		cols: []string{
			"number", "acct", "first", "status", "verb", "scope", "term", "deadline", "began",
			"asked", "intent", "last", "batch", "planned", "expires",
		},
		args: func(a []any, r audit.CaseRow) []any {
			return append(a, r.Number, r.Acct, r.First, codeOf(r.Status), r.Verb, int64(r.Scope), r.Term, r.Deadline, r.Began,
				r.Asked, r.Intent, r.Last, r.Batch, r.Planned, r.Expires)
		},
		scan: func(s *sql.Rows, r *audit.CaseRow) error {
			var status int64
			err := s.Scan(&r.Number, &r.Acct, &r.First, &status, &r.Verb, (*uint8)(&r.Scope), &r.Term, &r.Deadline, &r.Began,
				&r.Asked, &r.Intent, &r.Last, &r.Batch, &r.Planned, &r.Expires)
			if err == nil {
				r.Status, err = statusOf(status)
			}
			return err
		},
	}
}

// statuses are the statuses of a case by their number in the database: the
// open ones first, because an index is over those alone.
func statuses() []audit.Status {
	return []audit.Status{
		1: audit.StatusWaiting, 2: audit.StatusInFlight, 3: audit.StatusUnknown,
		4: audit.StatusDone, 5: audit.StatusFailed, 6: audit.StatusPartial, 7: audit.StatusUnverified,
		8: audit.StatusRefused, 9: audit.StatusDeclined, 10: audit.StatusVoid, 11: audit.StatusLapsed,
	}
}

func codeOf(s audit.Status) int64 { return int64(max(0, slices.Index(statuses(), s))) }

func statusOf(code int64) (audit.Status, error) {
	all := statuses()
	if code < 1 || code >= int64(len(all)) {
		return "", fmt.Errorf("%d is no status of a case", code)
	}
	return all[code], nil
}

func accountTable() table[audit.AccountRow] {
	return table[audit.AccountRow]{
		name: "account", key: 1, cols: []string{"acct", "version", "last", "prior"},
		args: func(a []any, r audit.AccountRow) []any { return append(a, r.Acct, r.Version, r.Last, r.Prior) },
		scan: func(s *sql.Rows, r *audit.AccountRow) error { return s.Scan(&r.Acct, &r.Version, &r.Last, &r.Prior) },
	}
}

func muteTable() table[audit.MuteRow] {
	return table[audit.MuteRow]{
		name: "mute", key: 2, cols: []string{"acct", "field", "case_no", "until", "since", "drifted"},
		args: func(a []any, r audit.MuteRow) []any {
			var drifted int64
			if r.Drifted {
				drifted = 1
			}
			return append(a, r.Acct, int64(r.Field), r.Case, r.Until, r.Since, drifted)
		},
		scan: func(s *sql.Rows, r *audit.MuteRow) error {
			return s.Scan(&r.Acct, (*uint8)(&r.Field), &r.Case, &r.Until, &r.Since, &r.Drifted)
		},
	}
}

func muteKey(k audit.MuteKey) []any { return []any{k.Acct, int64(k.Field)} }

func linkTable() table[audit.LinkRow] {
	return table[audit.LinkRow]{
		name: "link", key: 1, cols: []string{"seq", "acct", "case_no"},
		args: func(a []any, r audit.LinkRow) []any { return append(a, r.Seq, r.Acct, r.Case) },
		scan: func(s *sql.Rows, r *audit.LinkRow) error { return s.Scan(&r.Seq, &r.Acct, &r.Case) },
	}
}

func leaseTable() table[audit.LeaseRow] {
	return table[audit.LeaseRow]{
		name: "lease", key: 1, cols: []string{"acct", "case_no", "fence", "state", "until", "late", "late_until"},
		args: func(a []any, r audit.LeaseRow) []any {
			return append(a, r.Acct, r.Case, r.Fence, string(r.State), r.Until, r.Late, r.LateUntil)
		},
		scan: func(s *sql.Rows, r *audit.LeaseRow) error {
			return s.Scan(&r.Acct, &r.Case, &r.Fence, (*string)(&r.State), &r.Until, &r.Late, &r.LateUntil)
		},
	}
}

func sinkTable() table[audit.SinkRow] {
	return table[audit.SinkRow]{
		name: "sink", key: 1,
		cols: []string{
			"name", "cursor", "posted_at", "error", "failed_at", "first", "last", "nonce", "body", "started",
			"messages", "said", "saying", "due", "full_size", "full_at",
		},
		args: func(a []any, r audit.SinkRow) []any {
			body := r.Body
			if body == nil {
				body = []byte{} // NULL is not the empty body
			}
			return append(a, r.Name, r.Cursor, r.PostedAt, r.Error, r.FailedAt, r.First, r.Last, r.Nonce, body, r.Started,
				r.Messages, r.Said, r.Saying, r.Due, r.FullSize, r.FullAt)
		},
		scan: func(s *sql.Rows, r *audit.SinkRow) error {
			return s.Scan(&r.Name, &r.Cursor, &r.PostedAt, &r.Error, &r.FailedAt, &r.First, &r.Last, &r.Nonce, &r.Body, &r.Started,
				&r.Messages, &r.Said, &r.Saying, &r.Due, &r.FullSize, &r.FullAt)
		},
	}
}

func postingTable() table[audit.PostingRow] {
	return table[audit.PostingRow]{
		name: "posting", cols: []string{"sink", "first", "last", "channel", "message", "link", "at"},
		args: func(a []any, r audit.PostingRow) []any {
			return append(a, r.Sink, r.First, r.Last, r.Channel, r.Message, r.Link, r.At)
		},
		scan: func(s *sql.Rows, r *audit.PostingRow) error {
			return s.Scan(&r.Sink, &r.First, &r.Last, &r.Channel, &r.Message, &r.Link, &r.At)
		},
	}
}

func workerTable() table[audit.WorkerRow] {
	return table[audit.WorkerRow]{
		name: "worker", key: 1, cols: []string{"name", "holder", "until", "place", "goes_on"},
		args: func(a []any, r audit.WorkerRow) []any { return append(a, r.Name, r.Holder, r.Until, r.Place, r.GoesOn) },
		scan: func(s *sql.Rows, r *audit.WorkerRow) error {
			return s.Scan(&r.Name, &r.Holder, &r.Until, &r.Place, &r.GoesOn)
		},
	}
}

func checkpointTable() table[audit.CheckpointRow] {
	return table[audit.CheckpointRow]{
		name: "checkpoint", cols: []string{"size", "note"},
		args: func(a []any, r audit.CheckpointRow) []any { return append(a, r.Size, r.Note) },
		scan: func(s *sql.Rows, r *audit.CheckpointRow) error { return s.Scan(&r.Size, &r.Note) },
	}
}

// fields is a scope's fields as stored.
func fields(s mute.Scope) []any {
	var out []any
	for _, f := range s.Fields() {
		out = append(out, int64(f))
	}
	return out
}
