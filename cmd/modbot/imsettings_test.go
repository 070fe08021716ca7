package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/im/imwire"
)

func TestIMUserSig(t *testing.T) {
	a := newAppUnderTest(t)
	got := a.im(t, "usersig", "--validity", "1h", "--json")
	require.Zero(t, got.code, got.err)
	var made sigView
	require.NoError(t, json.Unmarshal([]byte(got.out), &made))
	_, err := imwire.Verify(imwire.NewSecretKey("k"), 1400000001, "root", made.UserSig, time.Now())
	require.NoError(t, err)
	require.InDelta(t, time.Now().Add(time.Hour).Unix(), made.Expires, 60)
	require.Equal(t, "root", made.Identifier)

	plain := a.im(t, "usersig")
	require.Equal(t, 1, strings.Count(plain.out, "\n"), "the signature alone")

	verify := func(sig string, args ...string) (verdictView, ran) {
		t.Helper()
		got := a.im(t, append([]string{"usersig", "--json", "--verify", sig}, args...)...)
		var v verdictView
		require.NoError(t, json.Unmarshal([]byte(got.out), &v), got.out+got.err)
		require.Empty(t, got.err)
		require.Equal(t, v.Valid, got.code == exitOK)
		return v, got
	}
	v, _ := verify(made.UserSig)
	require.True(t, v.Valid)
	require.Nil(t, v.Problem)
	require.Equal(t, made.Expires, *v.Expires)
	require.Equal(t, "root", *v.Identifier)

	for sig, want := range map[string]string{"": "70003", "garbage": "70003", made.UserSig[:len(made.UserSig)-8]: "70003"} {
		v, got := verify(sig)
		require.Contains(t, *v.Problem, want)
		require.Nil(t, v.Identifier)
		require.Equal(t, exitFailed, got.code)
	}
	v, _ = verify(made.UserSig, "--key", "other")
	require.Contains(t, *v.Problem, "70009")
	v, _ = verify(made.UserSig, "--identifier", "alice")
	require.Contains(t, *v.Problem, "70013")
	v, _ = verify(made.UserSig, "--sdk-app-id", "5")
	require.Contains(t, *v.Problem, "70014")
	old, err := imwire.Sign(imwire.NewSecretKey("k"), imwire.Claims{
		Identifier: "root", SDKAppID: 1400000001, Issued: time.Now().Add(-2 * time.Hour), Validity: time.Hour,
	})
	require.NoError(t, err)
	v, _ = verify(old)
	require.Contains(t, *v.Problem, "70001")
	require.NotNil(t, v.Expires, "an expired signature verifies otherwise")

	text := a.im(t, "usersig", "--verify", old)
	require.Equal(t, exitFailed, text.code)
	require.Regexp(t, `^not good: it expired at .*\n  issued  .*\n  expires .*\n$`, text.out)
}

// A flag wins over the environment, a file serves as well as a value, and half
// a configuration never falls back to the simulator.
func TestIMSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, []byte("from a file\n"), 0o600))
	resolve := func(vars map[string]string, c connection) (imConfigView, error) {
		env := &environment{lookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }}
		cfg, simulated, err := c.resolve(env)
		sig, sigErr := imwire.Sign(cfg.SecretKey, imwire.Claims{Identifier: "x", SDKAppID: 1, Issued: time.Unix(1, 0), Validity: time.Hour})
		if sigErr != nil {
			sig = ""
		}
		return imConfigView{cfg.Host, cfg.Region, cfg.SDKAppID, cfg.Identifier, sig, simulated}, err
	}
	signedWith := func(key string) string {
		sig, err := imwire.Sign(imwire.NewSecretKey(key), imwire.Claims{Identifier: "x", SDKAppID: 1, Issued: time.Unix(1, 0), Validity: time.Hour})
		require.NoError(t, err)
		return sig
	}
	for name, tc := range map[string]struct {
		vars map[string]string
		c    connection
		want imConfigView
	}{
		"nothing is the simulator": {
			nil,
			connection{},
			imConfigView{"http://127.0.0.1:14000", "", 1400000000, "administrator", signedWith("simulator"), true},
		},
		"an identifier alone is still the simulator": {
			nil,
			connection{identifier: "root"},
			imConfigView{"http://127.0.0.1:14000", "", 1400000000, "root", signedWith("simulator"), true},
		},
		"a region alone is not": {
			map[string]string{envRegion: "china"},
			connection{},
			imConfigView{"", "china", 0, "administrator", "", false},
		},
		"a key alone is not": {
			nil,
			connection{key: "k"},
			imConfigView{"", "", 0, "administrator", signedWith("k"), false},
		},
		"the environment": {
			map[string]string{envRegion: "china", envSDKAppID: "7", envIdentifier: "root", envSecretKey: "k"},
			connection{},
			imConfigView{"", "china", 7, "root", signedWith("k"), false},
		},
		"flags win": {
			map[string]string{envRegion: "china", envSDKAppID: "7", envIdentifier: "root", envSecretKey: "k"},
			connection{region: "seoul", sdkAppID: "8", identifier: "me", key: "mine"},
			imConfigView{"", "seoul", 8, "me", signedWith("mine"), false},
		},
		"a host outdoes a region of the environment": {
			map[string]string{envRegion: "china", envSDKAppID: "7", envSecretKey: "k"},
			connection{host: "https://h"},
			imConfigView{"https://h", "", 7, "administrator", signedWith("k"), false},
		},
		"a region outdoes a host of the environment": {
			map[string]string{envHost: "https://h", envSDKAppID: "7", envSecretKey: "k"},
			connection{region: "seoul"},
			imConfigView{"", "seoul", 7, "administrator", signedWith("k"), false},
		},
		"a key file of the environment": {
			map[string]string{envHost: "https://h", envSecretKey + "_FILE": file},
			connection{},
			imConfigView{"https://h", "", 0, "administrator", signedWith("from a file"), false},
		},
		"a key file by flag": {
			map[string]string{envHost: "https://h", envSecretKey: "k"},
			connection{keyFile: file},
			imConfigView{"https://h", "", 0, "administrator", signedWith("from a file"), false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := resolve(tc.vars, tc.c)
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}

// imConfigView is a resolved configuration that can be compared: its key shows
// itself by what it signs.
type imConfigView struct {
	host, region string
	sdkAppID     uint64
	identifier   string
	signature    string
	simulated    bool
}
