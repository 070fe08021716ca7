package web

import (
	"sync"
	"unicode/utf8"
)

const (
	// labelMost is how many different values a label may take. The verbs, states
	// and results that there are come to about a dozen each; who counts more
	// than this has let something from outside in.
	labelMost = 48
	// labelBytes is how long a value may be.
	labelBytes = 64
	// labelOther stands for every value beyond.
	labelOther = "other"
)

// label keeps the values of one label few: each new value of a label is a time
// series in the memory of this process and on the disk of whoever scrapes it.
// The first values that come stay; all that come later are "other".
type label struct {
	mu   sync.RWMutex
	seen map[string]struct{}
}

// of is the value to count under.
func (l *label) of(value string) string {
	l.mu.RLock()
	_, known := l.seen[value]
	full := len(l.seen) >= labelMost
	l.mu.RUnlock()
	switch {
	case known:
		return value
	case full, value == "", len(value) > labelBytes, !utf8.ValidString(value):
		return labelOther
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[string]struct{}{}
	}
	if _, known := l.seen[value]; !known && len(l.seen) >= labelMost {
		return labelOther // others were faster
	}
	l.seen[value] = struct{}{}
	return value
}
