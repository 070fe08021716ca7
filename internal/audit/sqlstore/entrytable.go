package sqlstore

import (
	"database/sql"
	"fmt"

	"modbot/internal/audit"
	"modbot/internal/mute"
)

func entryTable() table[audit.EntryRow] {
	return table[audit.EntryRow]{
		name: "entry", cols: []string{"seq", "ref", "at", "kind", "acct", "case_no", "body", "leaf"},
		args: func(a []any, r audit.EntryRow) []any {
			var ref any // NULL, of which there may be many, where there is none
			if r.Ref != "" {
				ref = r.Ref
			}
			return append(a, r.Seq, ref, r.At, string(r.Kind), r.Acct, r.Case, r.Body, r.Leaf[:])
		},
		scan: scanEntry,
	}
}

// personalOf is a side row with the seq of its entry.
type personalOf struct {
	seq int64
	row *audit.PersonalRow
}

func personalTable() table[personalOf] {
	return table[personalOf]{
		name: "personal",
		cols: []string{"seq", "account", "actor", "actor_name", "member", "note", "reason", "snapshot", "salts", "began"},
		args: func(a []any, r personalOf) []any {
			p := r.row
			return append(a, r.seq, string(p.Account), p.Actor, p.ActorName, p.Member, p.Note, p.Reason, p.Snapshot, p.Salts, p.Began)
		},
	}
}

// scanEntry reads an entry joined with its side row. The seq is set even when
// the rest of the row does not fit, so that the error can name it.
func scanEntry(s *sql.Rows, r *audit.EntryRow) error {
	var ref sql.NullString
	var leaf, salts sql.RawBytes
	var personal, began sql.NullInt64
	var text [7]sql.NullString
	err := s.Scan(&r.Seq, &ref, &r.At, (*string)(&r.Kind), &r.Acct, &r.Case, &r.Body, &leaf,
		&personal, &text[0], &text[1], &text[2], &text[3], &text[4], &text[5], &text[6], &salts, &began)
	if err != nil {
		return &audit.RowError{Seq: r.Seq, Err: err}
	}
	r.Ref = ref.String
	if len(leaf) != len(r.Leaf) {
		return &audit.RowError{Seq: r.Seq, Err: fmt.Errorf("its leaf has %d bytes", len(leaf))}
	}
	copy(r.Leaf[:], leaf)
	if !personal.Valid {
		return nil
	}
	r.Personal = &audit.PersonalRow{
		Personal: audit.Personal{
			Account: mute.Account(text[0].String), Actor: text[1].String, ActorName: text[2].String,
			Member: text[3].String, Note: text[4].String, Reason: text[5].String, Snapshot: text[6].String,
		},
		Salts: append([]byte(nil), salts...), Began: began.Int64,
	}
	return nil
}

// refTable is the part of the entry table that an append has to know.
func refTable() table[audit.EntryRef] {
	return table[audit.EntryRef]{name: "entry", cols: []string{"seq", "ref", "kind", "case_no"}, scan: scanRef}
}

// scanRef reads what an append has to know of an entry.
func scanRef(s *sql.Rows, r *audit.EntryRef) error {
	return s.Scan(&r.Seq, &r.Ref, (*string)(&r.Kind), &r.Case)
}
