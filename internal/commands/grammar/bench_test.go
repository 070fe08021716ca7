package grammar

import (
	"strings"
	"testing"
)

// BenchmarkParse measures a usual line, a usual mistake, and the lines that
// take longest for their kind.
func BenchmarkParse(b *testing.B) {
	p := New(specs())
	for name, typed := range map[string]string{
		"mute":          "/mod mute alice, bob 1d12h group spamming links",
		"misspelt":      "mute alice 2hrss group spamming",
		"many mistakes": "mute " + strings.Repeat("@a,", MaxAccounts) + "@b 2hrss grup spam",
		"longest":       "mute alice " + strings.Repeat("30M", (MaxLineBytes-20)/3),
	} {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			for b.Loop() {
				_, _ = p.Parse(typed)
			}
		})
	}
}
