package grammar

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"modbot/internal/mute"
	"modbot/internal/texts"
)

// someTerm stands in for a length of time where nothing typed says which.
const someTerm = "2h"

// explainTerm says what is wrong with a text that parseTerm refused with err.
// It always offers at least one fix, and every fix is a term.
func explainTerm(s string, err error) *fault {
	f := foreignTerm(s)
	if f == nil {
		f = wrongParts(s, err)
	}
	f.fixes = terms(f.fixes...)
	if len(f.fixes) == 0 {
		f.fixes = []string{someTerm}
	}
	return f
}

// terms keeps those of the texts that are terms, once each.
func terms(candidates ...string) []string {
	var out []string
	for _, c := range candidates {
		if isTerm(c) && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// wrongParts explains a text that is made of parts, or nearly.
func wrongParts(s string, err error) *fault {
	parts, rest, _ := splitTerm(s)
	switch {
	case errors.Is(err, errLoneM):
		fixes := readings(parts)
		return &fault{texts.TermLoneM(s, fixes), fixes}
	case errors.Is(err, errRepeated):
		return repeated(s, parts)
	case errors.Is(err, errOrder):
		sorted := formatParts(sortParts(parts))
		return &fault{texts.TermOrder(s, sorted), []string{sorted}}
	case errors.Is(err, errTwoDecimals):
		return &fault{texts.TermTwoPoints(s), []string{roundedUp(parts)}}
	case errors.Is(err, errFraction):
		return &fault{texts.TermFraction(s), []string{roundedUp(parts)}}
	case errors.Is(err, errZero):
		return &fault{texts.TermZero(s), nil}
	case errors.Is(err, errTooLong):
		return tooLong(s)
	case errors.Is(err, errNumber):
		return &fault{texts.TermDecimalForm(s), []string{mendPoint(s)}}
	case errors.Is(err, errTail):
		return &fault{texts.TermTail(s, formatParts(parts)), []string{formatParts(parts)}}
	case errors.Is(err, errNoUnit):
		return withoutUnit(s, parts, rest)
	}
	return &fault{texts.TermUnreadable(s), guesses(s, parts, rest)}
}

func tooLong(s string) *fault {
	fixes := []string{mute.Permanent().String()}
	if longest, err := mute.Seconds(mute.MaxSeconds); err == nil {
		fixes = append(fixes, longest.String())
	}
	return &fault{texts.TermTooLong(s), fixes}
}

// sortParts puts the largest unit first.
func sortParts(parts []part) []part {
	return slices.SortedStableFunc(slices.Values(parts), func(a, b part) int { return int(b.unit) - int(a.unit) })
}

// readings are the terms that a lone M may make: minutes and months, where both
// can stand at their place.
func readings(parts []part) []string {
	var out []string
	for _, u := range []unit{minute, month} {
		reading := slices.Clone(parts)
		for i := range reading {
			if reading[i].loneM() {
				reading[i].unit, reading[i].name = u, u.short()
			}
		}
		out = append(out, terms(formatParts(reading))...)
	}
	if len(out) == 0 {
		return []string{"30m", "30mo"}
	}
	return out
}

// repeated offers the sum, and each unit once.
func repeated(s string, parts []part) *fault {
	var once []part
	var twice unit
	for _, p := range parts {
		if slices.ContainsFunc(once, func(o part) bool { return o.unit == p.unit }) {
			twice = p.unit
			continue
		}
		once = append(once, p)
	}
	return &fault{
		texts.TermRepeated(s, twice.plural()),
		[]string{roundedUp(parts), formatParts(sortParts(once))},
	}
}

// roundedUp is the sum of parts up to the next whole second; empty when that
// is no term.
func roundedUp(parts []part) string {
	seconds, exact, ok := total(parts)
	if ok && !exact {
		seconds++
	}
	term, err := mute.Seconds(seconds)
	if err != nil {
		return ""
	}
	return term.String()
}

// Numbers that nearly are ones.
var (
	pointFirst  = regexp.MustCompile(`(^|[^0-9])\.([0-9])`)
	pointLast   = regexp.MustCompile(`([0-9])\.([^0-9]|$)`)
	spaceInPart = regexp.MustCompile(`([0-9]) +([A-Za-z])`)
)

// mendPoint puts digits on both sides of each decimal point.
func mendPoint(s string) string {
	s = pointFirst.ReplaceAllString(s, "${1}0.$2")
	return pointLast.ReplaceAllString(s, "$1$2")
}

// withoutUnit explains a number that has no unit: apart from its unit, alone,
// or at the end. The number stands at the start of rest.
func withoutUnit(s string, parts []part, rest string) *fault {
	if joined := joinNumbers(s); isTerm(joined) {
		together, _, _ := splitTerm(joined)
		joined = formatParts(together)
		return &fault{texts.TermSpace(s, joined), []string{joined}}
	}
	nameless, _, _ := readPart(rest)
	n := nameless.whole
	if nameless.fraction != "" {
		n += "." + nameless.fraction
	}
	if len(parts) > 0 {
		last := parts[len(parts)-1].unit
		before := formatParts(parts)
		return &fault{texts.TermPartNoUnit(s, n), []string{before + n + last.below().short(), before}}
	}
	if strings.Trim(n, "0.") == "" {
		return &fault{texts.TermZero(s), nil}
	}
	fixes := terms(n+"m", n+"h", n+"d")
	if len(fixes) == 0 {
		return tooLong(s)
	}
	return &fault{texts.TermNoUnit(s, fixes), fixes}
}

// joinNumbers takes out the spaces between numbers and units.
func joinNumbers(s string) string {
	return spaceInPart.ReplaceAllString(s, "$1$2")
}

// below is the unit that people mean by a number behind u: minutes behind
// hours, hours behind days.
func (u unit) below() unit {
	switch u {
	case year:
		return month
	case month, week:
		return day
	case day:
		return hour
	case hour:
		return minute
	case second, minute:
	}
	return second
}

// guesses are the terms that an unreadable text may have meant: without what
// ends a sentence, with a unit that is one slip away, or a word for permanent.
func guesses(s string, parts []part, rest string) []string {
	fixes := []string{strings.TrimRight(s, ".,;:!?)"), strings.Trim(s, "()[]*_'\"~")}
	if p, after, _ := readPart(rest); p.name != "" {
		for _, u := range nearUnits(p.name) {
			meant := p
			meant.unit = u
			fixes = append(fixes, formatParts(parts)+meant.String()+after)
		}
	}
	const slips = 2
	for _, w := range permanentWords {
		if len(w) > 2*slips && guessable(s) && levenshtein.ComputeDistance(fold(s), w) <= slips {
			fixes = append(fixes, mute.Permanent().String())
		}
	}
	return fixes
}
