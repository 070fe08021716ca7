package audit

import (
	"errors"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// frontierLevels bounds the tree at 2^48 entries, more than any ledger gets.
const frontierLevels = 48

// Frontier is the right edge of the tree (RFC 6962) over a number of entries:
// the roots of its perfect subtrees, the largest first. It is all that is
// needed to append and to tell the root; no inner hash is stored. It is a
// value: copies share nothing.
type Frontier struct {
	hashes [frontierLevels]tlog.Hash
	n      int
}

// Add returns the frontier with one more leaf; size is the number before.
func (f Frontier) Add(size int64, leaf tlog.Hash) Frontier {
	for ; size&1 == 1; size >>= 1 {
		f.n--
		leaf = tlog.NodeHash(f.hashes[f.n], leaf)
		f.hashes[f.n] = tlog.Hash{}
	}
	f.hashes[f.n] = leaf
	f.n++
	return f
}

// root is the root of the tree.
func (f Frontier) root() tlog.Hash {
	if f.n == 0 {
		// The hash of no leaves (RFC 6962, section 2.1). TreeHash reads no
		// hash for it, so it cannot fail.
		empty, _ := tlog.TreeHash(0, nil)
		return empty
	}
	h := f.hashes[f.n-1]
	for i := f.n - 2; i >= 0; i-- {
		h = tlog.NodeHash(f.hashes[i], h)
	}
	return h
}

// Bytes is the frontier as stored: its hashes one after the other.
func (f Frontier) Bytes() []byte {
	out := make([]byte, 0, f.n*tlog.HashSize)
	for i := range f.n {
		out = append(out, f.hashes[i][:]...)
	}
	return out
}

// ParseFrontier reads a stored frontier of a tree of the given size.
func ParseFrontier(size int64, b []byte) (Frontier, error) {
	if size < 0 || size >= 1<<frontierLevels {
		return Frontier{}, fmt.Errorf("%w: a tree cannot have %d entries", ErrRow, size)
	}
	want := bits.OnesCount64(uint64(size))
	if len(b) != want*tlog.HashSize {
		return Frontier{}, fmt.Errorf("%w: the frontier of %d entries has %d hashes, not %d bytes", ErrRow, size, want, len(b))
	}
	var f Frontier
	for f.n < want {
		f.n += copy(f.hashes[f.n][:], b[f.n*tlog.HashSize:]) / tlog.HashSize
	}
	return f, nil
}

// leafHash is the tree's leaf of a body.
func leafHash(body string) tlog.Hash { return tlog.RecordHash([]byte(body)) }

// rootChars is how much of a root's base64 the short form shows: 132 bits.
const rootChars = 22

// ShortCheckpoint is a checkpoint short enough for a chat message: the number
// of entries and the first 22 characters of the root in base64.
func ShortCheckpoint(size int64, root tlog.Hash) string {
	return fmt.Sprintf("%d %s", size, root.String()[:rootChars])
}

// ErrCheckpoint says that a text is no checkpoint in either form.
var ErrCheckpoint = errors.New("this is no checkpoint")
