package imsim

import "time"

// rateWindow is the length of the window in which calls are counted.
const rateWindow = time.Second

// window admits at most len(admitted) calls of one API in any one second. It
// remembers when each of the last len(admitted) calls was admitted, so the
// limit holds in every second that one may look at, not only in those that
// begin with a tick. Calls that it refuses do not count.
type window struct {
	admitted []time.Time
	oldest   int // index in admitted
}

func newWindow(perSecond int) *window {
	return &window{admitted: make([]time.Time, perSecond)}
}

// admit reports whether one more call at now is within the limit, and counts
// it if so. A window of no calls limits nothing.
func (w *window) admit(now time.Time) bool {
	if len(w.admitted) == 0 {
		return true
	}
	last := w.admitted[w.oldest]
	if !last.IsZero() && now.Sub(last) < rateWindow {
		return false
	}
	w.admitted[w.oldest] = now
	w.oldest = (w.oldest + 1) % len(w.admitted)
	return true
}
