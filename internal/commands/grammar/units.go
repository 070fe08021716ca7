package grammar

import (
	"slices"

	"github.com/agnivade/levenshtein"
)

// unit is a unit of time. Larger units have larger values, which is the order
// in which a term names them, backwards.
type unit uint8

const (
	second unit = iota + 1
	minute
	hour
	day
	week
	month
	year
)

// seconds is how long the unit is. A month is 30 days and a year 365,
// wherever in the calendar it falls.
func (u unit) seconds() int64 {
	const d = 24 * 60 * 60
	switch u {
	case second:
		return 1
	case minute:
		return 60
	case hour:
		return 60 * 60
	case day:
		return d
	case week:
		return 7 * d
	case month:
		return 30 * d
	case year:
		return 365 * d
	}
	return 0
}

// unitNames are what each unit may be called, the shortest first and the plural
// last.
var unitNames = [...][]string{
	second: {"s", "sec", "secs", "second", "seconds"},
	minute: {"m", "min", "mins", "minute", "minutes"},
	hour:   {"h", "hr", "hrs", "hour", "hours"},
	day:    {"d", "day", "days"},
	week:   {"w", "wk", "wks", "week", "weeks"},
	month:  {"mo", "month", "months"},
	year:   {"y", "yr", "yrs", "year", "years"},
}

func (u unit) short() string { return unitNames[u][0] }

func (u unit) plural() string {
	names := unitNames[u]
	return names[len(names)-1]
}

// units lists the units from the smallest.
func units() [7]unit { return [...]unit{second, minute, hour, day, week, month, year} }

// unitOf finds a unit by any of its names, in any letter case.
func unitOf(name string) (unit, bool) {
	name = fold(name)
	for _, u := range units() {
		if slices.Contains(unitNames[u], name) {
			return u, true
		}
	}
	return 0, false
}

// nearUnits lists the units that a misspelt name may mean. One letter is too
// little to guess from, and a guess is at most one edit away, or two in a long
// word.
func nearUnits(name string) []unit {
	name = fold(name)
	const long = 6
	best := 1
	if len(name) >= long {
		best = 2
	}
	var near []unit
	if len(name) < 2 || !guessable(name) {
		return nil
	}
	for _, u := range units() {
		for _, n := range unitNames[u] {
			d := levenshtein.ComputeDistance(name, n)
			if d > best {
				continue
			}
			if d < best {
				best, near = d, nil
			}
			if !slices.Contains(near, u) {
				near = append(near, u)
			}
		}
	}
	return near
}

// permanent reports whether a word says that a mute has no end.
func permanent(word string) bool {
	return slices.Contains(permanentWords[:], fold(word))
}

var permanentWords = [...]string{"permanent", "permanently", "forever", "perm"}
