package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"modbot/internal/audit"
	"modbot/internal/commands"
	"modbot/internal/im"
	"modbot/internal/im/imwire"
)

func TestTrouble_NoAnswerIsNoRefusal(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		code string
	}{
		"sent, and no answer":   {&im.TransportError{API: imwire.GetNoSpeaking, Sent: true, What: "no answer"}, "tencent_unreachable"},
		"no connection":         {&im.TransportError{API: imwire.GetNoSpeaking, What: "refused"}, "tencent_unreachable"},
		"out of time":           {context.DeadlineExceeded, "tencent_unreachable"},
		"no rate to be had":     {fmt.Errorf("%w: %w", im.ErrSlots, context.DeadlineExceeded), "no_record"},
		"a wrong configuration": {im.ErrConfiguration, "tencent_configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			var told *commands.TroubleError
			require.ErrorAs(t, trouble(fmt.Errorf("reading: %w", c.err)), &told)
			require.Equal(t, c.code, told.Code)
			require.NotEmpty(t, told.Why)
			require.ErrorIs(t, told, c.err)
		})
	}
}

// What keeps the rate from being read is the ledger's trouble, and told as that;
// a doubt about the rate is none about any order.
func TestTrouble_OfTheRateIsTheLedgers(t *testing.T) {
	var told *commands.TroubleError
	lost := fmt.Errorf("%w: %w: the disk is full", im.ErrSlots, audit.ErrStore)
	require.NotErrorAs(t, trouble(lost), &told)
	require.ErrorIs(t, trouble(lost), audit.ErrStore)
	require.ErrorAs(t, trouble(fmt.Errorf("%w: %w", lost, audit.ErrUncertain)), &told)
	require.Equal(t, "no_record", told.Code)
}
