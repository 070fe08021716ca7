package audit

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
)

// Lengths of prints, in characters of base64url: a button has room for no more.
// 66 bits tell ledgers apart, 96 the entries of one ledger.
const (
	originPrint = 11
	entryPrint  = 16
)

// OriginPrint is a short print of a ledger's name, for buttons.
func OriginPrint(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:originPrint]
}

// Print is a short print of the entry's leaf, for buttons.
func (e *Entry) Print() string {
	return base64.RawURLEncoding.EncodeToString(e.Hash[:])[:entryPrint]
}

// OriginPrint is the short print of this ledger's name.
func (l *Log) OriginPrint() string { return OriginPrint(l.origin) }

// Printed finds the entry of a case by its print, or says ErrNoEntry: then the
// print was made by another ledger, or by this one in a history that a restored
// backup does not have.
func (l *Log) Printed(ctx context.Context, n int64, short string) (Entry, error) {
	if n <= 0 || len(short) != entryPrint {
		return Entry{}, ErrNoEntry
	}
	for after := int64(0); ; {
		found, err := l.entries(ctx, EntryQuery{Case: n, After: after, Limit: pageMost})
		if err != nil {
			return Entry{}, err
		}
		for _, e := range found {
			if e.Print() == short {
				return e, nil
			}
		}
		if len(found) < pageMost {
			return Entry{}, ErrNoEntry
		}
		after = found[len(found)-1].Seq
	}
}
