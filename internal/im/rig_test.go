package im

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// rig is a client in front of a scripted service, in a bubble of fake time.
type rig struct {
	*service
	client *Client
	logs   *observer.ObservedLogs
}

// inBubble runs a scenario. Configuration may be changed before the client is
// made.
func inBubble(t *testing.T, scenario func(r *rig), change ...func(*Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		server := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
		served := make(chan struct{})
		go func() { _ = server.Serve(s); close(served) }()

		core, logs := observer.New(zap.DebugLevel)
		cfg := Config{
			Host: "http://localhost", SDKAppID: testApp, Identifier: testAdmin,
			SecretKey: imwire.NewSecretKey(testKey), Dial: s.dial,
		}
		for _, c := range change {
			c(&cfg)
		}
		client, err := New(zap.New(core), cfg)
		require.NoError(t, err)
		r := &rig{service: s, client: client, logs: logs}
		defer func() {
			client.Close()
			_ = server.Close()
			<-served
			s.hangUp()
			s.busy.Wait()
			client.Close() // of what was dialled meanwhile
			synctest.Wait()
		}()
		scenario(r)
	})
}

func (r *rig) muteAlice(ctx context.Context, opts ...Option) (Receipt, error) {
	term, err := mute.Seconds(7200)
	require.NoError(r.t, err)
	return r.client.Mute(ctx, "alice", mute.ScopeGroup, term.From(time.Now()), opts...)
}

// verified checks a UserSig as the service would.
func verified(t *testing.T, usersig string) imwire.Claims {
	t.Helper()
	claims, err := imwire.Verify(imwire.NewSecretKey(testKey), testApp, testAdmin, usersig, time.Now())
	require.NoError(t, err)
	return claims
}

// requireNoSecrets looks for credentials in a text, plain and as in a URL.
func requireNoSecrets(t *testing.T, text string, sigs ...string) {
	t.Helper()
	require.NotContains(t, text, testKey)
	for _, sig := range sigs {
		require.NotContains(t, text, sig)
		require.NotContains(t, text, url.QueryEscape(sig))
		require.NotContains(t, text, sig[:40])
	}
}
