package mute

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTerm_String(t *testing.T) {
	for seconds, want := range map[int64]string{
		1: "1s", 90: "1m30s", 3600: "1h", 129600: "1d12h", 7 * 24 * 3600: "7d", 86401: "1d1s",
		MaxSeconds: "49710d6h28m14s",
	} {
		term, err := Seconds(seconds)
		require.NoError(t, err)
		require.Equal(t, want, term.String())
	}
	require.Equal(t, "permanent", Permanent().String())
	require.Equal(t, "none", Term{}.String())
}
