package audit

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestLayerIsAMapThatCanBeTakenBack drives a layer over a store of a few keys
// beside two plain maps: what the store has, and what is seen.
func TestLayerIsAMapThatCanBeTakenBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := map[int]int{1: 10, 2: 20}
		seen := map[int]int{1: 10, 2: 20}
		before := map[int]int{1: 10, 2: 20}
		var l layer[int, int]
		key := rapid.IntRange(1, 4)
		load := func(k int) { v, ok := store[k]; l.fill(k, v, ok) }
		copyTo := func(dst, src map[int]int) {
			clear(dst)
			maps.Copy(dst, src)
		}
		t.Repeat(map[string]func(*rapid.T){
			"get": func(t *rapid.T) {
				k := key.Draw(t, "key")
				load(k)
				v, ok, known := l.get(k)
				want, exists := seen[k]
				require.True(t, known)
				require.Equal(t, exists, ok)
				require.Equal(t, want, v)
			},
			"put": func(t *rapid.T) {
				k, v := key.Draw(t, "key"), rapid.IntRange(0, 99).Draw(t, "value")
				l.put(k, v)
				seen[k] = v
			},
			"remove": func(t *rapid.T) {
				k := key.Draw(t, "key")
				l.remove(k)
				delete(seen, k)
			},
			"mark": func(*rapid.T) { l.mark(); copyTo(before, seen) },
			"back": func(*rapid.T) { l.back(); copyTo(seen, before) },
			"write": func(t *rapid.T) {
				put, gone := putByKey(&l)
				maps.Copy(store, put)
				for _, k := range gone {
					delete(store, k)
				}
				require.Equal(t, seen, store)
				l.written()
				put, gone = putByKey(&l)
				require.Empty(t, put)
				require.Empty(t, gone)
				copyTo(before, seen)
			},
		})
	})
}

// putByKey is changes with the keys of what is put.
func putByKey(l *layer[int, int]) (put map[int]int, gone []int) {
	put = map[int]int{}
	rows, gone := l.changes()
	for k, c := range l.cells {
		if c.ok && l.dirty(c) {
			put[k] = c.row
		}
	}
	if len(rows) != len(put) {
		panic("changes and cells differ")
	}
	return put, gone
}
