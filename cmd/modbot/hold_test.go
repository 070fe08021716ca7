package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHoldLedger(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "modbot.db")
	first, err := holdLedger(url, false)
	require.NoError(t, err)
	second, err := holdLedger(url, false)
	require.NoError(t, err, "runs share a ledger")

	_, err = holdLedger(url, true)
	var refused *commandError
	require.ErrorAs(t, err, &refused, "who needs it alone waits for nobody")
	require.Equal(t, exitConfig, refused.exit)
	require.Equal(t, "ledger_in_use", refused.Code)

	require.NoError(t, first())
	require.NoError(t, second())
	alone, err := holdLedger(url, true)
	require.NoError(t, err)
	_, err = holdLedger(url, false)
	require.Error(t, err)
	require.NoError(t, alone())
}
