package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

var sleeps = regexp.MustCompile(`\btime\.Sleep\(`)

// A test that sleeps in real time is slow on a fast machine and wrong on a slow
// one. In a bubble of testing/synctest, sleeping costs nothing and is exact.
func TestOnlyTestsOfBubblesSleep(t *testing.T) {
	dir := root(t)
	for _, f := range load(t, dir) {
		text, err := os.ReadFile(filepath.Join(dir, f.String()))
		require.NoError(t, err)
		if f.pkg == "internal/archtest" || !sleeps.Match(text) {
			continue
		}
		require.True(t, f.test(), "%s sleeps: wait for what it waits for, with a bound", f)
		require.True(t, slices.Contains(f.imports, "testing/synctest"), "%s sleeps outside of a bubble", f)
	}
}
