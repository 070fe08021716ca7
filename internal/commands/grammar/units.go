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

// names are what a unit may be called, the shortest first and the plural last.
func (u unit) names() []string {
	switch u {
	case second:
		return []string{"s", "sec", "secs", "second", "seconds"}
	case minute:
		return []string{"m", "min", "mins", "minute", "minutes"}
	case hour:
		return []string{"h", "hr", "hrs", "hour", "hours"}
	case day:
		return []string{"d", "day", "days"}
	case week:
		return []string{"w", "wk", "wks", "week", "weeks"}
	case month:
		return []string{"mo", "month", "months"}
	case year:
		return []string{"y", "yr", "yrs", "year", "years"}
	}
	return nil
}

func (u unit) short() string { return u.names()[0] }

func (u unit) plural() string {
	names := u.names()
	return names[len(names)-1]
}

// units lists the units from the smallest.
func units() []unit { return []unit{second, minute, hour, day, week, month, year} }

// unitOf finds a unit by any of its names, in any letter case.
func unitOf(name string) (unit, bool) {
	name = fold(name)
	for _, u := range units() {
		if slices.Contains(u.names(), name) {
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
		for _, n := range u.names() {
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
	return slices.Contains(permanentWords(), fold(word))
}

func permanentWords() []string {
	return []string{"permanent", "permanently", "forever", "perm"}
}
