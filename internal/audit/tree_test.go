package audit

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// stored keeps every hash of a tree, as tlog's own functions want them.
type stored []tlog.Hash

func (s *stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, 0, len(indexes))
	for _, i := range indexes {
		out = append(out, (*s)[i])
	}
	return out, nil
}

func leaf(n int64) tlog.Hash {
	return tlog.RecordHash(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

// TestFrontierIsTheTree compares the frontier with the tree that keeps all its
// hashes, at every size.
func TestFrontierIsTheTree(t *testing.T) {
	var all stored
	var f Frontier
	for n := range int64(600) {
		want, err := tlog.TreeHash(n, &all)
		require.NoError(t, err)
		require.Equal(t, want, f.root(), "root of %d", n)
		parsed, err := ParseFrontier(n, f.Bytes())
		require.NoError(t, err)
		require.Equal(t, f, parsed)
		hashes, err := tlog.StoredHashesForRecordHash(n, leaf(n), &all)
		require.NoError(t, err)
		all = append(all, hashes...)
		f = f.Add(n, leaf(n))
	}
}

func TestFrontierOfAnySize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(0, 1<<47).Draw(t, "size")
		bytes := rapid.SliceOfN(rapid.Byte(), 0, 64*tlog.HashSize).Draw(t, "bytes")
		f, err := ParseFrontier(size, bytes)
		if err != nil {
			require.ErrorIs(t, err, ErrRow)
			return
		}
		require.Equal(t, bytes, f.Bytes())
		next := f.Add(size, leaf(1))
		_, err = ParseFrontier(size+1, next.Bytes())
		require.NoError(t, err)
	})
}

func TestFrontierOfAnImpossibleSize(t *testing.T) {
	for _, size := range []int64{-1, 1 << 48, 1<<63 - 1} {
		_, err := ParseFrontier(size, nil)
		require.ErrorIs(t, err, ErrRow)
	}
}
