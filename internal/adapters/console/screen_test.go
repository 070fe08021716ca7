package console

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// screen is a terminal of the plainest kind: it obeys the few escapes that a
// line editor needs, and remembers what a person would see.
type screen struct {
	width int

	mu      sync.Mutex
	rows    [][]rune
	x, y    int
	pending bool // the last column is filled, and the next character wraps
	odd     []string
	changed chan struct{}
}

func newScreen(width int) *screen {
	return &screen{width: width, changed: make(chan struct{})}
}

// Write obeys and shows.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for rest := p; len(rest) > 0; {
		if rest[0] == 0x1b {
			rest = rest[s.escape(rest):]
			continue
		}
		r, n := utf8.DecodeRune(rest)
		rest = rest[n:]
		switch {
		case r == '\r':
			s.x, s.pending = 0, false
		case r == '\n':
			s.y, s.pending = s.y+1, false
		case r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x202e:
			s.odd = append(s.odd, string(r))
		default:
			s.put(r)
		}
	}
	close(s.changed)
	s.changed = make(chan struct{})
	return len(p), nil
}

// escape obeys one escape sequence and returns its length.
func (s *screen) escape(p []byte) int {
	end := bytes.IndexFunc(p[1:], func(r rune) bool { return r >= '@' && r <= '~' && r != '[' })
	if end < 0 || p[1] != '[' {
		s.odd = append(s.odd, string(p))
		return len(p)
	}
	arg, final := string(p[2:1+end]), p[1+end]
	n := 0
	for _, r := range arg {
		if r >= '0' && r <= '9' {
			n = n*10 + int(r-'0')
		}
	}
	s.pending = false
	switch final {
	case 'A':
		s.y -= max(n, 1)
	case 'B':
		s.y += max(n, 1)
	case 'C':
		s.x += max(n, 1)
	case 'D':
		s.x -= max(n, 1)
	case 'K':
		if row := s.row(); s.x < len(*row) {
			*row = (*row)[:s.x]
		}
	case 'm':
	case 'h', 'l':
		if arg != "?2004" {
			s.odd = append(s.odd, arg+string(final))
		}
	default:
		s.odd = append(s.odd, arg+string(final))
	}
	return end + 2
}

func (s *screen) row() *[]rune {
	for len(s.rows) <= s.y {
		s.rows = append(s.rows, nil)
	}
	return &s.rows[s.y]
}

func (s *screen) put(r rune) {
	if s.pending {
		s.x, s.y, s.pending = 0, s.y+1, false
	}
	row := s.row()
	for len(*row) <= s.x {
		*row = append(*row, ' ')
	}
	(*row)[s.x] = r
	if s.x == s.width-1 {
		s.pending = true
	} else {
		s.x++
	}
}

// text is what is on the screen.
func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for _, r := range s.rows {
		lines = append(lines, strings.TrimRight(string(r), " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// await waits until the screen shows just that.
func (s *screen) await(t *testing.T, want string) {
	t.Helper()
	want = strings.TrimPrefix(want, "\n")
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if s.text() == want {
			s.mu.Lock()
			defer s.mu.Unlock()
			require.Empty(t, s.odd, "the terminal was told to do something else")
			return
		}
		select {
		case <-changed:
		case <-timeout.C:
			require.Equal(t, want, s.text())
			return
		}
	}
}
