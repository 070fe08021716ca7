package im

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imwire"
)

func TestClassify(t *testing.T) {
	at := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	no := &APIError{API: imwire.SetNoSpeaking, Code: 130005, Class: imwire.ClassNo, Meaning: "the account in the change is invalid", Info: "internal words"}
	tests := []struct {
		name string
		err  error
		want Classification
	}{
		{"yes", nil, Classification{VerdictDone, 0, time.Time{}, "Tencent confirmed it."}},
		{"no", no, Classification{VerdictNo, 130005, time.Time{}, "Tencent said no: the account in the change is invalid (code 130005)."}},
		{"unknown", &OutcomeUnknownError{LiveUntil: at, Code: 60008, Cause: errors.New("x")}, Classification{VerdictUnknown, 60008, at, "Tencent gave no clear answer; it will be read back."}},
		{"unknown that ended in a no", &OutcomeUnknownError{LiveUntil: at, Cause: no}, Classification{VerdictUnknown, 0, at, "Tencent gave no clear answer; it will be read back."}},
		{"unknown that ended unsent", &OutcomeUnknownError{LiveUntil: at, Cause: &NotSentError{ErrDeadlinePassed}}, Classification{VerdictUnknown, 0, at, "Tencent gave no clear answer; it will be read back."}},
		{"paused", &NotSentError{&BreakerOpenError{Until: at, Code: 70050}}, Classification{VerdictNo, 70050, time.Time{}, "Nothing was sent: Tencent does not accept the app's credentials, and calls are paused until 06:00:00 UTC."}},
		{"unreachable", &NotSentError{&TransportError{What: "dial tcp 10.0.0.1: refused"}}, Classification{VerdictNo, 0, time.Time{}, "Nothing was sent: Tencent could not be reached."}},
		{"too late", &NotSentError{ErrDeadlinePassed}, Classification{VerdictNo, 0, time.Time{}, "Nothing was sent: the mute's end has come."}},
		{"no rate", &NotSentError{fmt.Errorf("%w: %w", ErrSlots, context.DeadlineExceeded)}, Classification{VerdictNo, 0, time.Time{}, "Nothing was sent: the ledger cannot be reached."}},
		{"queue", &NotSentError{ErrRateWait}, Classification{VerdictNo, 0, time.Time{}, "Nothing was sent: too many calls are waiting."}},
		{"held up", &NotSentError{ErrGuardExpired}, Classification{VerdictNo, 0, time.Time{}, "Nothing was sent: modbot was held up for too long."}},
		{"given up", &NotSentError{context.Canceled}, Classification{VerdictNo, 0, time.Time{}, "Nothing was sent: the command ended before its turn came."}},
		{"guard", &NotSentError{errors.New("row of replica 7 is gone")}, Classification{VerdictNo, 0, time.Time{}, "Nothing was sent: modbot may not send it now."}},
		{"nobody", ErrNoSuchAccount, Classification{VerdictNo, 0, time.Time{}, "Tencent knows no such account."}},
		{"query", &TransportError{Sent: true, What: "HTTP 502"}, Classification{VerdictNo, 0, time.Time{}, "Tencent gave no clear answer to the question; nothing was changed."}},
		{"not ours", errors.New("disk full"), Classification{VerdictUnknown, 0, time.Time{}, "Whether it was done is unknown; it will be read back."}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, Classify(tt.err))
			if tt.err != nil {
				require.Equal(t, tt.want, Classify(fmt.Errorf("muting: %w", tt.err)))
			}
		})
	}
	for _, v := range []Verdict{VerdictDone, VerdictNo, VerdictUnknown} {
		require.NotContains(t, v.String(), "Verdict")
	}
	require.Equal(t, "Verdict(9)", Verdict(9).String())
}
