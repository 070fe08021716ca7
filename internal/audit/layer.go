package audit

import "slices"

// layer is the rows of one table as a write transaction sees them: what it
// has read, under what it has written. Nothing reaches the store before the
// whole group does, and what one caller wrote can be taken back alone.
type layer[K comparable, R any] struct {
	cells map[K]cell[R]
	// touched are the keys that were ever written, in order.
	touched []K
	// undo is what the current caller's writes replaced.
	undo []replaced[K, R]
	// times is how often everything was written to the store.
	times int
}

type cell[R any] struct {
	row R
	ok  bool // the row exists
	// changed is layer.times + 1 when the row was changed; the change is in the
	// store once times has passed that.
	changed int
}

type replaced[K comparable, R any] struct {
	key   K
	cell  cell[R]
	known bool
}

// fill notes what the store has, unless the layer knows better.
func (l *layer[K, R]) fill(k K, row R, ok bool) {
	if _, known := l.cells[k]; !known {
		l.set(k, cell[R]{row: row, ok: ok})
	}
}

// get is the row; known says whether anybody looked for it.
func (l *layer[K, R]) get(k K) (row R, ok, known bool) {
	c, known := l.cells[k]
	return c.row, c.ok, known
}

func (l *layer[K, R]) put(k K, row R) { l.write(k, cell[R]{row: row, ok: true, changed: l.times + 1}) }

func (l *layer[K, R]) remove(k K) { l.write(k, cell[R]{changed: l.times + 1}) }

// dirty reports whether a cell is not as in the store.
func (l *layer[K, R]) dirty(c cell[R]) bool { return c.changed > l.times }

func (l *layer[K, R]) write(k K, c cell[R]) {
	old, known := l.cells[k]
	l.undo = append(l.undo, replaced[K, R]{key: k, cell: old, known: known})
	if !l.dirty(old) {
		l.touched = append(l.touched, k)
	}
	l.set(k, c)
}

func (l *layer[K, R]) set(k K, c cell[R]) {
	if l.cells == nil {
		l.cells = make(map[K]cell[R])
	}
	l.cells[k] = c
}

// forget drops what is known of a row.
func (l *layer[K, R]) forget(k K) { delete(l.cells, k) }

// mark begins a caller's turn.
func (l *layer[K, R]) mark() { l.undo = l.undo[:0] }

// changed reports whether the current caller wrote anything.
func (l *layer[K, R]) changed() bool { return len(l.undo) > 0 }

// back takes the current caller's writes back.
func (l *layer[K, R]) back() {
	for _, u := range slices.Backward(l.undo) {
		if u.known {
			l.cells[u.key] = u.cell
		} else {
			delete(l.cells, u.key)
		}
	}
	l.undo = l.undo[:0]
}

// written forgets what had to be written, when it is.
func (l *layer[K, R]) written() {
	l.times++
	l.touched, l.undo = l.touched[:0], l.undo[:0]
}

// size is how many keys the layer knows about.
func (l *layer[K, R]) size() int { return len(l.cells) }

// changes lists what the store has to be told.
func (l *layer[K, R]) changes() (put []R, gone []K) {
	if len(l.touched) == 0 {
		return nil, nil
	}
	seen := make(map[K]struct{}, len(l.touched))
	for _, k := range l.touched {
		c, known := l.cells[k]
		if _, twice := seen[k]; twice || !known || !l.dirty(c) {
			continue
		}
		seen[k] = struct{}{}
		if c.ok {
			put = append(put, c.row)
		} else {
			gone = append(gone, k)
		}
	}
	return put, gone
}
