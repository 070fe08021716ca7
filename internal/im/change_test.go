package im

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

func TestWhatIsSent(t *testing.T) {
	term := func(n int64) mute.Term {
		term, err := mute.Seconds(n)
		require.NoError(t, err)
		return term
	}
	tests := []struct {
		name string
		do   func(ctx context.Context, c *Client) (Receipt, error)
		want string
	}{
		{"groups", func(ctx context.Context, c *Client) (Receipt, error) {
			return c.Mute(ctx, "alice", mute.ScopeGroup, term(7200).From(time.Now()))
		}, `setnospeaking {"Set_Account":"alice","GroupmsgNospeakingTime":7200}`},
		{"one-to-one", func(ctx context.Context, c *Client) (Receipt, error) {
			return c.Mute(ctx, "alice", mute.ScopeC2C, term(1).From(time.Now()))
		}, `setnospeaking {"Set_Account":"alice","C2CmsgNospeakingTime":1}`},
		{"both, the longest term", func(ctx context.Context, c *Client) (Receipt, error) {
			return c.Mute(ctx, "alice", mute.ScopeAll, term(mute.MaxSeconds).From(time.Now()))
		}, `setnospeaking {"Set_Account":"alice","C2CmsgNospeakingTime":4294967294,"GroupmsgNospeakingTime":4294967294}`},
		{"permanently", func(ctx context.Context, c *Client) (Receipt, error) {
			return c.Mute(ctx, "alice", mute.ScopeAll, mute.Permanent().From(time.Now()))
		}, `setnospeaking {"Set_Account":"alice","C2CmsgNospeakingTime":4294967295,"GroupmsgNospeakingTime":4294967295}`},
		{"unmute sends the zero", func(ctx context.Context, c *Client) (Receipt, error) {
			return c.Unmute(ctx, "alice", mute.ScopeGroup)
		}, `setnospeaking {"Set_Account":"alice","GroupmsgNospeakingTime":0}`},
		{"an account that needs quoting", func(ctx context.Context, c *Client) (Receipt, error) {
			return c.Unmute(ctx, `a "b"\ c`, mute.ScopeC2C)
		}, `setnospeaking {"Set_Account":"a \"b\"\\ c","C2CmsgNospeakingTime":0}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(r *rig) {
				t := r.t
				rec, err := tt.do(t.Context(), r.client)
				require.NoError(t, err)
				require.Equal(t, Receipt{Attempts: 1}, rec)
				require.Equal(t, []string{tt.want}, r.happened())
			})
		})
	}
}

func TestQueryOfTheURL(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		var got *http.Request
		r.then(func(w http.ResponseWriter, req *http.Request) {
			got = req
			says(`{"ErrorCode":0}`)(w, req)
		})
		_, err := r.muteAlice(t.Context())
		require.NoError(t, err)
		require.Equal(t, http.MethodPost, got.Method)
		require.Equal(t, "/v4/openconfigsvr/setnospeaking", got.URL.Path)
		require.Equal(t, "application/json", got.Header.Get("Content-Type"))
		q := got.URL.Query()
		require.Len(t, q, 5)
		require.Equal(t, "1400000000", q.Get("sdkappid"))
		require.Equal(t, "an admin&co", q.Get("identifier"))
		require.Equal(t, "json", q.Get("contenttype"))
		require.Regexp(t, `^[0-9]{1,10}$`, q.Get("random"))
		_, err = imwire.Verify(imwire.NewSecretKey(testKey), testApp, "an admin&co", q.Get("usersig"), time.Now())
		require.NoError(t, err)
	}, func(c *Config) { c.Identifier = "an admin&co" })
}

func TestWhatIsRefusedBeforeAnyCall(t *testing.T) {
	inBubble(t, func(r *rig) {
		t := r.t
		running := mute.Permanent().From(time.Now())
		for name, do := range map[string]func() error{
			"no account": func() error { _, err := r.client.Mute(t.Context(), "", mute.ScopeAll, running); return err },
			"long account": func() error {
				_, err := r.client.Unmute(t.Context(), mute.Account(strings.Repeat("a", 33)), mute.ScopeAll)
				return err
			},
			"no scope":         func() error { _, err := r.client.Mute(t.Context(), "alice", 0, running); return err },
			"no term":          func() error { _, err := r.client.Mute(t.Context(), "alice", mute.ScopeAll, mute.Running{}); return err },
			"state of nobody":  func() error { _, err := r.client.State(t.Context(), ""); return err },
			"control in check": func() error { _, err := r.client.CheckAccounts(t.Context(), "a", "b\n"); return err },
		} {
			err := do()
			require.Error(t, err, name)
			require.Equal(t, VerdictNo, Classify(err).Verdict, name)
			require.NotErrorIs(t, err, ErrDeadlinePassed, name)
		}
		require.Zero(t, r.calls())
	})
}

func TestSecondsAreThoseLeftWhenTheRequestLeaves(t *testing.T) {
	t.Run("connecting takes time", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.dialling(dialTakes(3 * time.Second))
			term, err := mute.Seconds(102)
			require.NoError(t, err)
			rec, err := r.client.Mute(t.Context(), "alice", mute.ScopeAll, term.From(time.Now()))
			require.NoError(t, err)
			require.Equal(t, 1, rec.Attempts)
			require.Equal(t, []string{`setnospeaking {"Set_Account":"alice","C2CmsgNospeakingTime":99,"GroupmsgNospeakingTime":99}  `}, r.happened(),
				"white space keeps the declared length")
		})
	})
	t.Run("under a second is left once connected", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.dialling(dialTakes(1500 * time.Millisecond))
			term, err := mute.Seconds(2)
			require.NoError(t, err)
			rec, err := r.client.Mute(t.Context(), "alice", mute.ScopeAll, term.From(time.Now()))
			require.ErrorIs(t, err, ErrDeadlinePassed)
			require.Equal(t, VerdictNo, Classify(err).Verdict)
			require.Equal(t, Receipt{Attempts: 1}, rec)
			pass(time.Minute)
			require.Empty(t, r.happened(), "not one byte of it arrived")
		})
	})
	t.Run("under a second is left to begin with", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			term, err := mute.Seconds(2)
			require.NoError(t, err)
			rec, err := r.client.Mute(t.Context(), "alice", mute.ScopeAll, term.From(time.Now().Add(-1001*time.Millisecond)))
			require.ErrorIs(t, err, ErrDeadlinePassed)
			require.Zero(t, rec)
			require.Zero(t, r.calls())
		})
	})
	t.Run("under a second is left after an unclear answer", func(t *testing.T) {
		inBubble(t, func(r *rig) {
			t := r.t
			r.then(after(1500*time.Millisecond, code(60008)))
			term, err := mute.Seconds(2)
			require.NoError(t, err)
			_, err = r.client.Mute(t.Context(), "alice", mute.ScopeAll, term.From(time.Now()))
			require.ErrorIs(t, err, ErrOutcomeUnknown)
			require.ErrorIs(t, err, ErrDeadlinePassed)
			require.Equal(t, VerdictUnknown, Classify(err).Verdict)
			require.Equal(t, 1, r.calls())
		})
	})
}

// A repeated attempt moves the end of the mute by less than a second, however
// long connections and answers take.
func TestRetriesKeepTheDeadline(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		term, err := mute.Seconds(rapid.Int64Range(1, 30).Draw(rt, "term"))
		require.NoError(rt, err)
		ms := rapid.IntRange(0, 2900)
		dials := rapid.SliceOfN(ms, 3, 3).Draw(rt, "dials")
		answers := rapid.SliceOfN(ms, 2, 2).Draw(rt, "answers")
		inBubble(t, func(r *rig) {
			t := r.t
			var troubles []func(context.Context) error
			for _, d := range dials {
				troubles = append(troubles, dialTakes(time.Duration(d)*time.Millisecond))
			}
			r.dialling(troubles...)
			for _, d := range answers {
				r.then(after(time.Duration(d)*time.Millisecond, func(w http.ResponseWriter, req *http.Request) {
					w.Header().Set("Connection", "close")
					code(60008)(w, req)
				}))
			}
			began := time.Now()
			whole, _ := term.Duration()
			deadline := began.Add(whole)
			_, _ = r.client.Mute(t.Context(), "alice", mute.ScopeGroup, term.From(began))
			for i, line := range r.happened() {
				var req imwire.SetRequest
				require.NoError(rt, json.Unmarshal([]byte(strings.TrimPrefix(line, "setnospeaking ")), &req))
				seconds := *req.GroupmsgNospeakingTime
				require.Positive(rt, seconds)
				require.Less(rt, seconds, uint32(math.MaxUint32))
				end := r.times()[i].Add(time.Duration(seconds) * time.Second)
				require.False(rt, end.Before(deadline), "never shorter")
				require.Less(rt, end.Sub(deadline), time.Second)
			}
		})
	})
}
