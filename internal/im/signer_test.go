package im

import (
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/im/imwire"
)

func testSigner(now func() time.Time) *signer {
	return newSigner(zap.NewNop(), now, Config{
		SDKAppID: testApp, Identifier: testAdmin, SecretKey: imwire.NewSecretKey(testKey), SigValidity: 4 * time.Hour,
	})
}

func TestUserSigIsMadeOnceAndRenewedAheadOfItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testSigner(time.Now)
		first, err := s.current()
		require.NoError(t, err)
		require.Equal(t, 4*time.Hour, verified(t, first.usersig).Validity)

		pass(3*time.Hour - time.Second)
		same, err := s.current()
		require.NoError(t, err)
		require.Same(t, first, same)

		pass(time.Second)
		second, err := s.current()
		require.NoError(t, err)
		require.NotSame(t, first, second)
		verified(t, first.usersig) // still good: nobody was ever without one
		require.Equal(t, time.Now().Unix(), verified(t, second.usersig).Issued.Unix())
	})
}

func TestRenewalHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testSigner(time.Now)
		first, err := s.current()
		require.NoError(t, err)
		pass(3 * time.Hour)
		s.mu.Lock() // somebody is making the next one
		got, err := s.current()
		require.NoError(t, err)
		require.Same(t, first, got)
		s.mu.Unlock()
	})
}

func TestUserSigAfterTheClockWasSetBack(t *testing.T) {
	now := time.Now()
	s := testSigner(func() time.Time { return now })
	first, err := s.current()
	require.NoError(t, err)
	now = now.Add(-24 * time.Hour)
	second, err := s.current()
	require.NoError(t, err)
	require.NotSame(t, first, second)
	require.Equal(t, now.Unix(), second.issued)
}

func TestUserSigWithAClockBefore1970(t *testing.T) {
	s := testSigner(func() time.Time { return time.Time{} })
	_, err := s.current()
	require.ErrorContains(t, err, "clock")
}

func TestRefreshReplacesOnlyWhatWasRefused(t *testing.T) {
	now := time.Now()
	s := testSigner(func() time.Time { return now })
	first, err := s.current()
	require.NoError(t, err)
	second, err := s.refresh(first)
	require.NoError(t, err)
	require.NotSame(t, first, second)
	again, err := s.refresh(first) // refused to a slower call
	require.NoError(t, err)
	require.Same(t, second, again)
	current, err := s.current()
	require.NoError(t, err)
	require.Same(t, second, current)
}

func TestUserSigIsSharedByConcurrentCalls(t *testing.T) {
	s := testSigner(time.Now)
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[*credential]bool{}
	for range 32 {
		wg.Go(func() {
			for i := range 50 {
				cred, err := s.current()
				require.NoError(t, err)
				if i%10 == 9 {
					cred, err = s.refresh(cred)
					require.NoError(t, err)
				}
				q, err := url.ParseQuery(cred.query + "1")
				require.NoError(t, err)
				require.Equal(t, cred.usersig, q.Get("usersig"))
				mu.Lock()
				seen[cred] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for cred := range seen {
		verified(t, cred.usersig)
	}
}

func TestScrub(t *testing.T) {
	s := testSigner(time.Now)
	cred, err := s.current()
	require.NoError(t, err)
	tests := []struct{ name, text, want string }{
		{"nothing to hide", "connection refused", "connection refused"},
		{"the UserSig", "sig " + cred.usersig + " bad", "sig [redacted] bad"},
		{"the UserSig as in a URL", url.QueryEscape(cred.usersig), "[redacted]"},
		{"the key", "key=" + testKey, "key=[redacted]"},
		{"another UserSig in a URL", "POST https://h/v4/a?usersig=eJyo*-_&random=1: EOF", "POST [redacted] EOF"},
		{"two URLs", `"?usersig=a" '?usersig=b'`, `"[redacted]" '[redacted]'`},
		{"at the end", "in usersig=abc", "in [redacted]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, s.scrub(tt.text, cred))
		})
	}
	require.Equal(t, "plain", s.scrub("plain", nil))
}
