package grammar

import (
	"errors"
	"slices"
	"strings"

	"modbot/internal/mute"
	"modbot/internal/texts"
)

// fault is what is wrong with one piece of a command, and what could stand in
// its place, the likeliest first.
type fault struct {
	problem *texts.Problem
	fixes   []string
}

// ParseTerm reads a length of time that stands in a field of its own. The
// suggestions of its problems are terms, not commands.
func ParseTerm(s string) (mute.Term, *texts.Problem) {
	s = field(s)
	term, err := parseTerm(s)
	if err == nil {
		return term, nil
	}
	f := explainTerm(s, err)
	return mute.Term{}, f.problem.SuggestValue(f.fixes...)
}

// FormatTerm is the short form that ParseTerm reads back as the same term.
func FormatTerm(t mute.Term) string { return t.String() }

// part is one <number><unit> of a term.
type part struct {
	whole    string // digits before the point
	fraction string // digits behind it
	unit     unit
	name     string // the unit as typed
}

// String is the part with the unit's short name.
func (p part) String() string {
	if p.fraction != "" {
		return p.whole + "." + p.fraction + p.unit.short()
	}
	return p.whole + p.unit.short()
}

// formatParts is parts as one word.
func formatParts(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.String())
	}
	return b.String()
}

// The ways in which parts are no term. What a text is instead of parts
// (a clock, a date, words) is found by explainTerm.
var (
	errUnreadable  = errors.New("not a length of time")
	errNumber      = errors.New("a number that is not digits with one point between them")
	errNoUnit      = errors.New("a number without a unit")
	errTail        = errors.New("a separator with no part behind it")
	errLoneM       = errors.New("a capital M alone")
	errRepeated    = errors.New("a unit twice")
	errOrder       = errors.New("units out of order")
	errTwoDecimals = errors.New("two decimal points")
	errFraction    = errors.New("not whole seconds")
	errZero        = errors.New("no time at all")
	errTooLong     = errors.New("longer than the service holds")
)

// parseTerm reads a whole text as a term.
func parseTerm(s string) (mute.Term, error) {
	if permanent(s) {
		return mute.Permanent(), nil
	}
	parts, _, err := splitTerm(s)
	if err != nil {
		return mute.Term{}, err
	}
	if err := checkParts(parts); err != nil {
		return mute.Term{}, err
	}
	seconds, exact, ok := total(parts)
	switch {
	case !ok:
		return mute.Term{}, errTooLong
	case !exact:
		return mute.Term{}, errFraction
	case seconds == 0:
		return mute.Term{}, errZero
	}
	term, err := mute.Seconds(seconds)
	if err != nil {
		return mute.Term{}, errTooLong
	}
	return term, nil
}

// isTerm reports whether a whole text is a term.
func isTerm(s string) bool {
	_, err := parseTerm(s)
	return err == nil
}

// maxParts is how many parts are looked at. Each unit may come once, so more are
// no term, and not even a near miss.
const maxParts = 16

// splitTerm cuts a text into parts, whatever their order and size. Beside an
// error it returns the parts before it and the text from where it is.
func splitTerm(s string) (parts []part, rest string, err error) {
	for rest = s; rest != ""; {
		if len(parts) == maxParts {
			return parts, rest, errUnreadable
		}
		if len(parts) > 0 {
			if rest = separator(rest); rest == "" {
				return parts, rest, errTail
			}
		}
		p, after, err := readPart(rest)
		if err != nil {
			return parts, rest, err
		}
		parts, rest = append(parts, p), after
	}
	if len(parts) == 0 {
		return nil, rest, errUnreadable
	}
	return parts, rest, nil
}

// separator skips what may stand between two parts: spaces, one comma, and the
// word "and".
func separator(s string) string {
	rest := strings.TrimLeft(s, " ")
	rest = strings.TrimLeft(strings.TrimPrefix(rest, ","), " ")
	if rest == s { // nothing between: the parts touch
		return s
	}
	const and = "and "
	if len(rest) > len(and) && fold(rest[:len(and)]) == and {
		return strings.TrimLeft(rest[len(and):], " ")
	}
	return rest
}

// readPart reads one part from the start of s.
func readPart(s string) (p part, rest string, err error) {
	p.whole, rest = run(s, isDigit)
	point := strings.HasPrefix(rest, ".")
	if point {
		p.fraction, rest = run(rest[1:], isDigit)
	}
	switch {
	case p.whole == "" && p.fraction == "":
		return p, s, errUnreadable
	case p.whole == "", point && p.fraction == "", strings.HasPrefix(rest, "."):
		return p, s, errNumber
	}
	p.name, rest = run(rest, isLetter)
	if p.name == "" && (rest == "" || rest[0] == ' ' || rest[0] == ',') {
		return p, rest, errNoUnit
	}
	var known bool
	if p.unit, known = unitOf(p.name); !known {
		return p, rest, errUnreadable
	}
	return p, rest, nil
}

func run(s string, in func(byte) bool) (head, rest string) {
	i := 0
	for i < len(s) && in(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// loneM reports whether the unit is a capital M alone.
func (p part) loneM() bool { return p.name == "M" }

// checkParts refuses parts that cannot stand together.
func checkParts(parts []part) error {
	if slices.ContainsFunc(parts, part.loneM) {
		return errLoneM
	}
	decimals := 0
	var err error
	for i, p := range parts {
		if p.fraction != "" {
			decimals++
		}
		for _, earlier := range parts[:i] {
			if earlier.unit == p.unit {
				return errRepeated
			}
			if earlier.unit < p.unit {
				err = errOrder
			}
		}
	}
	if err == nil && decimals > 1 {
		return errTwoDecimals
	}
	return err
}

// Bounds that keep the arithmetic inside an int64: a part is at most 10^10 of
// 31536000 seconds, which is under 2^59, and total stops at maxTotal.
const (
	maxDigits         = 10
	maxFractionDigits = 9
	maxTotal          = 1 << 60
)

// total adds parts up in seconds, rounded down. ok is false when the sum is
// far beyond any term; exact, when nothing was rounded.
func total(parts []part) (seconds int64, exact, ok bool) {
	exact = true
	for _, p := range parts {
		n, e, ok := p.seconds()
		if seconds += n; !ok || seconds > maxTotal {
			return 0, false, false
		}
		exact = exact && e
	}
	return seconds, exact, true
}

// seconds is how long the part is.
func (p part) seconds() (n int64, exact, ok bool) {
	whole, ok := number(p.whole, maxDigits)
	if !ok {
		return 0, false, false
	}
	n = whole * p.unit.seconds()
	// No unit is divisible by 10^9, so digits beyond the ninth never make a
	// whole second.
	fraction := strings.TrimRight(p.fraction, "0")
	exact = len(fraction) <= maxFractionDigits
	fraction = fraction[:min(len(fraction), maxFractionDigits)]
	numerator, _ := number(fraction, maxFractionDigits)
	denominator := int64(1)
	for range fraction {
		denominator *= 10
	}
	share := numerator * p.unit.seconds()
	return n + share/denominator, exact && share%denominator == 0, true
}

// number reads digits of which at most n are significant.
func number(digits string, n int) (v int64, ok bool) {
	digits = strings.TrimLeft(digits, "0")
	if len(digits) > n {
		return 0, false
	}
	for _, d := range []byte(digits) {
		v = v*10 + int64(d-'0')
	}
	return v, true
}
