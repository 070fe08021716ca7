package web

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestALabelHasFewValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l label
		values := map[string]bool{}
		for _, v := range rapid.SliceOf(rapid.String()).Draw(t, "values") {
			got := l.of(v)
			require.Contains(t, []string{v, labelOther}, got)
			require.True(t, got == labelOther || l.of(v) == got, "a value that is kept stays")
			values[got] = true
		}
		require.LessOrEqual(t, len(values), labelMost+1)
	})
}

func TestALabelIsWhatPrometheusTakes(t *testing.T) {
	var l label
	for value, want := range map[string]string{
		"command":                          "command",
		"":                                 labelOther,
		"\xff":                             labelOther,
		strings.Repeat("x", labelBytes):    strings.Repeat("x", labelBytes),
		strings.Repeat("x", labelBytes+1):  labelOther,
		"ok":                               "ok",
		"T0123/a workspace, quoted \" \n ": "T0123/a workspace, quoted \" \n ",
	} {
		require.Equal(t, want, l.of(value))
	}
}

// Many goroutines that bring new values at once leave no more than there may be.
func TestALabelIsSharedByGoroutines(t *testing.T) {
	var l label
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range labelMost {
				l.of(fmt.Sprintf("%d-%d", g, i))
			}
		})
	}
	all.Wait()
	require.Len(t, l.seen, labelMost)
}
