package adapters

import "github.com/rivo/uniseg"

// ellipsis says that text was cut.
const ellipsis = "…"

// Cut shortens text to at most limit, in the unit that size counts, by whole
// characters as people see them (grapheme clusters), and ends what it had to
// shorten with an ellipsis. size must be the same for a text as for the sum of
// its parts: bytes, runes, UTF-16 units, columns, or any of them after
// escaping.
func Cut(text string, limit int, size func(string) int) string {
	if size(text) <= limit {
		return text
	}
	room := limit - size(ellipsis)
	if room < 0 {
		return ""
	}
	end, state := 0, -1
	for rest := text; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if room -= size(cluster); room < 0 {
			break
		}
		end += len(cluster)
	}
	return text[:end] + ellipsis
}
