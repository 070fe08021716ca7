package audit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/mute"
)

// TestPanicInAChange: a mistake in one change takes nobody else down.
func TestPanicInAChange(t *testing.T) {
	t.Parallel()
	e := newErasure(t)
	require.ErrorContains(t, e.Panics(t.Context()), "a mistake")
	e.act("mute", mute.Permanent())
	r := e.verify()
	require.True(t, r.OK, r.Problem)
	require.EqualValues(t, 2, r.Entries)
}
