package im

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

func mustSeconds(t *testing.T, n int64) mute.Term {
	t.Helper()
	term, err := mute.Seconds(n)
	require.NoError(t, err)
	return term
}

func state(c2c, group string) step {
	return says(`{"ErrorCode":0,"ErrorInfo":"","C2CmsgNospeakingTime":` + c2c + `,"GroupmsgNospeakingTime":` + group + `}`)
}

func TestState(t *testing.T) {
	const get, check = `getnospeaking {"Get_Account":"alice"}`, `account_check {"CheckItem":[{"UserID":"alice"}]}`
	const permanent = "4294967295"
	perm := uint32(1<<32 - 1)
	tests := []struct {
		name       string
		c2c, group string
		missing    bool
		want       mute.State
		trace      []string
	}{
		{"not muted", "0", "0", false, mute.State{}, []string{get}},
		{"each field is its own", "5", "7196", false, mute.State{C2C: mute.ReadingOf(5), Group: mute.ReadingOf(7196)}, []string{get}},
		{"the longest that ends", "4294967294", "0", false, mute.State{C2C: mute.ReadingOf(perm - 1)}, []string{get}},
		{"permanent in one field is checked", "0", permanent, false, mute.State{Group: mute.ReadingOf(perm)}, []string{get, check}},
		{"permanent in both is checked", permanent, permanent, false, mute.State{C2C: mute.ReadingOf(perm), Group: mute.ReadingOf(perm)}, []string{get, check}},
		{"permanent in both of nobody", permanent, permanent, true, mute.State{}, []string{get, check}},
		{"permanent in one of nobody", permanent, "0", true, mute.State{}, []string{get, check}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(r *rig) {
				t := r.t
				r.then(state(tt.c2c, tt.group))
				r.missing["alice"] = tt.missing
				got, err := r.client.State(t.Context(), "alice")
				require.Equal(t, tt.trace, r.happened())
				require.Equal(t, tt.want, got)
				if !tt.missing {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, ErrNoSuchAccount)
				require.Equal(t, Classification{Verdict: VerdictNo, Text: "Tencent knows no such account."}, Classify(err))
			})
		})
	}
	t.Run("permanent is not believed when the check fails", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.then(state(permanent, permanent))
			r.then(times(MaxAttempts, status(502))...)
			got, err := r.client.State(t.Context(), "alice")
			require.ErrorContains(t, err, "account_check: HTTP 502")
			require.NotErrorIs(t, err, ErrNoSuchAccount)
			require.Zero(t, got)
		})
	})
	t.Run("the code for an unknown account", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.then(code(imwire.CodeNoSuchAccount))
			_, err := r.client.State(t.Context(), "alice")
			require.ErrorIs(t, err, ErrNoSuchAccount)
		})
	})
}

// A query changes nothing, so every fault is tried again, and none leaves
// anything unknown.
func TestQueriesAreAskedAgain(t *testing.T) {
	for name, fault := range faults() {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(r *rig) {
				t := r.t
				r.then(fault, fault, state("0", "60"))
				got, err := r.client.State(t.Context(), "alice")
				require.NoError(t, err)
				require.Equal(t, mute.State{Group: mute.ReadingOf(60)}, got)
				require.Equal(t, MaxAttempts, r.calls())

				r.then(times(MaxAttempts, fault)...)
				began := time.Now()
				_, err = r.client.State(t.Context(), "alice")
				var te *TransportError
				require.ErrorAs(t, err, &te)
				require.NotErrorIs(t, err, ErrOutcomeUnknown)
				require.NotErrorIs(t, err, ErrUnreachable)
				require.Equal(t, VerdictNo, Classify(err).Verdict)
				require.Equal(t, 2*MaxAttempts, r.calls())
				require.LessOrEqual(t, time.Since(began), MaxAttempts*AttemptTimeout+2*time.Second)
			})
		})
	}
}

func TestEveryCodeAfterAQuery(t *testing.T) {
	for _, info := range imwire.Codes()[1:] {
		t.Run(fmt.Sprintf("%d %s", info.Code, info.Class), func(t *testing.T) {
			inBubble(t, func(r *rig) {
				t := r.t
				r.then(times(MaxAttempts+1, code(info.Code))...)
				_, err := r.client.State(t.Context(), "alice")
				var apiErr *APIError
				require.ErrorAs(t, err, &apiErr)
				require.NotErrorIs(t, err, ErrOutcomeUnknown)
				require.Equal(t, VerdictNo, Classify(err).Verdict)
				want := 1
				switch info.Class {
				case imwire.ClassAnsweredUnclear, imwire.ClassThrottled:
					want = MaxAttempts
				case imwire.ClassRefreshOnce:
					want = 2
				case imwire.ClassNo, imwire.ClassUnanswered, imwire.ClassBreaker, imwire.ClassConfiguration, imwire.ClassNotFound:
				}
				require.Equal(t, want, r.calls())
			})
		})
	}
}

func TestCheckAccounts(t *testing.T) {
	t.Run("in the order asked, twins asked once", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.missing["bob"] = true
			got, err := r.client.CheckAccounts(t.Context(), "carol", "bob", "Bob", "carol", "a <b>&c")
			require.NoError(t, err)
			require.Equal(t, []Presence{{"carol", true}, {"bob", false}, {"Bob", true}, {"carol", true}, {"a <b>&c", true}}, got)
			require.Len(t, r.happened(), 1)
			require.Equal(t, 1, strings.Count(r.happened()[0], "carol"))
		})
	})
	t.Run("nobody", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			got, err := r.client.CheckAccounts(t.Context())
			require.NoError(t, err)
			require.Empty(t, got)
			require.Zero(t, r.calls())
		})
	})
	for _, n := range []int{100, 101, 250} {
		t.Run(fmt.Sprintf("%d accounts, 100 a call", n), func(t *testing.T) {
			inBubble(t, func(r *rig) {
				t := r.t
				var ids []mute.Account
				for i := range n {
					ids = append(ids, mute.Account(fmt.Sprintf("account-%d", i)))
				}
				r.missing["account-99"] = true
				got, err := r.client.CheckAccounts(t.Context(), ids...)
				require.NoError(t, err)
				require.Len(t, got, n)
				for i, p := range got {
					require.Equal(t, Presence{ids[i], i != 99}, p)
				}
				require.Equal(t, (n+99)/100, r.calls())
				for _, line := range r.happened() {
					require.LessOrEqual(t, strings.Count(line, "UserID"), 100)
				}
			})
		})
	}

	item := func(id, rest string) step {
		return says(`{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","ResultItem":[{"UserID":"` + id + `",` + rest + `}]}`)
	}
	tests := []struct {
		name  string
		step  step
		calls int
		want  func(t *testing.T, got []Presence, err error)
	}{
		{"an account with the code for unknown ones", item("alice", `"ResultCode":70107,"ResultInfo":"","AccountStatus":""`), 1, func(t *testing.T, got []Presence, err error) {
			t.Helper()
			require.NoError(t, err)
			require.Equal(t, []Presence{{"alice", false}}, got)
		}},
		{"an account that could not be checked", item("alice", `"ResultCode":70500,"ResultInfo":"busy"`), MaxAttempts, func(t *testing.T, got []Presence, err error) {
			t.Helper()
			var apiErr *APIError
			require.ErrorAs(t, err, &apiErr)
			require.Equal(t, imwire.CodeInternal, apiErr.Code)
			require.Nil(t, got)
		}},
		{"an answer about somebody else", item("Alice", `"ResultCode":0,"AccountStatus":"Imported"`), MaxAttempts, func(t *testing.T, _ []Presence, err error) {
			t.Helper()
			require.ErrorContains(t, err, "an account is missing in it")
		}},
		{"a status that is neither", item("alice", `"ResultCode":0,"AccountStatus":"Frozen"`), MaxAttempts, func(t *testing.T, _ []Presence, err error) {
			t.Helper()
			require.ErrorContains(t, err, "neither imported nor not")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(r *rig) {
				t := r.t
				r.then(times(MaxAttempts, tt.step)...)
				got, err := r.client.CheckAccounts(t.Context(), "alice")
				tt.want(t, got, err)
				require.Equal(t, tt.calls, r.calls())
			})
		})
	}
}

func TestQueryOfACallerWhoGaveUp(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		r.then(hangs)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := r.client.State(ctx, "alice")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, VerdictNo, Classify(err).Verdict)
		require.Equal(t, 1, r.calls())
	})
}
