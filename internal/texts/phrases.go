package texts

import (
	"fmt"
	"strings"
	"time"

	"modbot/internal/mute"
)

// Join lists items as people write them: "a", "a and b", "a, b and c".
func Join(items []string, conjunction string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " " + conjunction + " " + items[last]
}

// FormatTerm is a term in a sentence: "2h", "1d12h", "permanently".
func FormatTerm(t mute.Term) string {
	if t.IsPermanent() {
		return "permanently"
	}
	return t.String()
}

// twoUnits is below how many of the larger unit the smaller one is told too.
const twoUnits = 10

// Relative is how far away a time is: "in 3 h", "in 1 h 30 min", "5 d ago". It
// is rounded to the smaller unit that is shown.
func Relative(d time.Duration) string {
	if d.Abs() < time.Second/2 {
		return "now"
	}
	if d < 0 {
		return distance(-d) + " ago"
	}
	return "in " + distance(d)
}

func distance(d time.Duration) string {
	const day = 24 * time.Hour
	if d = d.Round(time.Second); d < time.Minute {
		return fmt.Sprintf("%d s", d/time.Second)
	}
	if m := d.Round(time.Minute); m < twoUnits*time.Hour {
		return pair(m, time.Hour, "h", time.Minute, "min")
	}
	if h := d.Round(time.Hour); h < twoUnits*day {
		return pair(h, day, "d", time.Hour, "h")
	}
	return fmt.Sprintf("%d d", d.Round(day)/day)
}

// pair writes d in two units and leaves out the one that is zero.
func pair(d, large time.Duration, largeName string, small time.Duration, smallName string) string {
	var parts []string
	if n := d / large; n > 0 {
		parts = append(parts, fmt.Sprintf("%d %s", n, largeName))
	}
	if n := d % large / small; n > 0 {
		parts = append(parts, fmt.Sprintf("%d %s", n, smallName))
	}
	return strings.Join(parts, " ")
}
