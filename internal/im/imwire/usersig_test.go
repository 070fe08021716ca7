package imwire

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// vector is one UserSig made with the vendor's reference code.
type vector struct {
	Name       string  `json:"name"`
	SDKAppID   uint64  `json:"sdkappid"`
	SecretKey  string  `json:"secret_key"`
	Identifier string  `json:"identifier"`
	Expire     int64   `json:"expire"`
	Time       int64   `json:"time"`
	UserBuf    *string `json:"userbuf_base64"`
	Signed     string  `json:"signed_string"`
	Sig        string  `json:"tls_sig"`
	Go         string  `json:"usersig_go_default_compression"`
	Python     string  `json:"usersig_python"`
}

func (v vector) claims(tb testing.TB) Claims {
	tb.Helper()
	c := Claims{
		Identifier: v.Identifier,
		SDKAppID:   v.SDKAppID,
		Issued:     time.Unix(v.Time, 0),
		Validity:   time.Duration(v.Expire) * time.Second,
	}
	if v.UserBuf != nil {
		buf, err := base64.StdEncoding.DecodeString(*v.UserBuf)
		require.NoError(tb, err)
		c.UserBuf = buf
	}
	return c
}

func vectors(tb testing.TB) []vector {
	tb.Helper()
	text, err := os.ReadFile("testdata/usersig_vectors.json")
	require.NoError(tb, err)
	var vs []vector
	require.NoError(tb, json.Unmarshal(text, &vs))
	require.Len(tb, vs, 3)
	return vs
}

func TestSignAgreesWithTheVendorsReference(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			got, err := Sign(NewSecretKey(v.SecretKey), v.claims(t))
			require.NoError(t, err)
			require.NotContains(t, got, "+")
			require.NotContains(t, got, "/")
			require.NotContains(t, got, "=")

			// Compression differs between languages, so the decoded documents
			// are compared and never the strings.
			doc, err := unpack(got)
			require.NoError(t, err)
			require.Equal(t, v.Sig, doc.Sig)
			for _, theirs := range []string{v.Go, v.Python} {
				want, err := unpack(theirs)
				require.NoError(t, err)
				require.Equal(t, want, doc)
			}
		})
	}
}

func TestVerifyAcceptsTheVendorsReference(t *testing.T) {
	for _, v := range vectors(t) {
		for language, usersig := range map[string]string{"go": v.Go, "python": v.Python} {
			t.Run(v.Name+" "+language, func(t *testing.T) {
				key, want := NewSecretKey(v.SecretKey), v.claims(t)
				got, err := Verify(key, v.SDKAppID, v.Identifier, usersig, want.Issued)
				require.NoError(t, err)
				require.Equal(t, want, got)

				last := want.Expires().Add(-time.Nanosecond)
				_, err = Verify(key, v.SDKAppID, v.Identifier, usersig, last)
				require.NoError(t, err, "good until the last moment")

				got, err = Verify(key, v.SDKAppID, v.Identifier, usersig, want.Expires())
				require.ErrorIs(t, err, ErrUserSigExpired)
				require.Equal(t, want, got, "an expired one still says what it claimed")
			})
		}
	}
}

// packed makes a UserSig of any document text, for the refusals.
func packed(tb testing.TB, text string) string {
	tb.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(tb, err)
	require.NoError(tb, w.Close())
	return vendorBase64(b.Bytes())
}

func vendorBase64(b []byte) string {
	return strings.NewReplacer("+", "*", "/", "-", "=", "_").Replace(base64.StdEncoding.EncodeToString(b))
}

func TestVerifyRefuses(t *testing.T) {
	v := vectors(t)[0]
	key := NewSecretKey(v.SecretKey)
	doc := func(ver, identifier, app, expire, issued, sig string) string {
		return packed(t, fmt.Sprintf(
			`{"TLS.ver":%s,"TLS.identifier":%s,"TLS.sdkappid":%s,"TLS.expire":%s,"TLS.time":%s,"TLS.sig":%s}`,
			ver, identifier, app, expire, issued, sig))
	}
	sigOf := func(signed string) string {
		h := hmac.New(sha256.New, []byte(v.SecretKey))
		h.Write([]byte(signed))
		return `"` + base64.StdEncoding.EncodeToString(h.Sum(nil)) + `"`
	}
	good := sigOf(v.Signed)
	_, err := Verify(key, v.SDKAppID, v.Identifier, doc(`"2.0"`, `"xiaojun"`, "1400000000", "15552000", "1700000000", good), time.Unix(v.Time, 0))
	require.NoError(t, err, "the template itself is good")

	tests := []struct {
		name    string
		usersig string
		want    error
	}{
		{"signed without the final line feed", doc(`"2.0"`, `"xiaojun"`, "1400000000", "15552000", "1700000000", sigOf(strings.TrimSuffix(v.Signed, "\n"))), ErrUserSigForged},
		{"signed with two characters for a line feed", doc(`"2.0"`, `"xiaojun"`, "1400000000", "15552000", "1700000000", sigOf(strings.ReplaceAll(v.Signed, "\n", `\n`))), ErrUserSigForged},
		{"validity raised", doc(`"2.0"`, `"xiaojun"`, "1400000000", "15552001", "1700000000", good), ErrUserSigForged},
		{"time moved", doc(`"2.0"`, `"xiaojun"`, "1400000000", "15552000", "1700000001", good), ErrUserSigForged},
		{"no signature", doc(`"2.0"`, `"xiaojun"`, "1400000000", "15552000", "1700000000", `""`), ErrUserSigForged},
		{"signature that is not base64", doc(`"2.0"`, `"xiaojun"`, "1400000000", "15552000", "1700000000", `"%"`), ErrUserSigMalformed},
		{"another identifier", doc(`"2.0"`, `"Xiaojun"`, "1400000000", "15552000", "1700000000", good), ErrUserSigIdentifier},
		{"another app", doc(`"2.0"`, `"xiaojun"`, "1400000001", "15552000", "1700000000", good), ErrUserSigSDKAppID},
		{"old version", doc(`"1.0"`, `"xiaojun"`, "1400000000", "15552000", "1700000000", good), ErrUserSigMalformed},
		{"identifier of a wrong type", doc(`"2.0"`, `7`, "1400000000", "15552000", "1700000000", good), ErrUserSigMalformed},
		{"no identifier", doc(`"2.0"`, `null`, "1400000000", "15552000", "1700000000", good), ErrUserSigMalformed},
		{"fraction of an app", doc(`"2.0"`, `"xiaojun"`, "1.5", "15552000", "1700000000", good), ErrUserSigMalformed},
		{"validity of zero", doc(`"2.0"`, `"xiaojun"`, "1400000000", "0", "1700000000", good), ErrUserSigMalformed},
		{"validity that overflows", doc(`"2.0"`, `"xiaojun"`, "1400000000", "9223372036854775807", "1700000000", good), ErrUserSigMalformed},
		{"time that overflows", doc(`"2.0"`, `"xiaojun"`, "1400000000", "15552000", "9223372036854775807", good), ErrUserSigMalformed},
		{"JSON that is a list", packed(t, `[]`), ErrUserSigMalformed},
		{"not JSON", packed(t, `TLS.ver: 2.0`), ErrUserSigMalformed},
		{"empty", "", ErrUserSigMalformed},
		{"not base64", "????", ErrUserSigMalformed},
		{"ordinary base64", strings.NewReplacer("*", "+", "-", "/", "_", "=").Replace(v.Go), ErrUserSigMalformed},
		{"line break inside", v.Go[:10] + "\n" + v.Go[10:], ErrUserSigMalformed},
		{"not zlib", vendorBase64([]byte("plain text")), ErrUserSigMalformed},
		{"cut short", v.Go[:len(v.Go)/2], ErrUserSigMalformed},
		{"too long", strings.Repeat("A", MaxUserSigBytes+4), ErrUserSigMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Verify(key, v.SDKAppID, v.Identifier, tt.usersig, time.Unix(v.Time, 0))
			require.ErrorIs(t, err, tt.want)
			require.Zero(t, got)
			for _, other := range []error{ErrUserSigMalformed, ErrUserSigIdentifier, ErrUserSigSDKAppID, ErrUserSigForged, ErrUserSigExpired} {
				if other != tt.want { //nolint:errorlint // identity of sentinels is what is meant
					require.NotErrorIs(t, err, other)
				}
			}
			if tt.usersig != "" {
				require.NotContains(t, err.Error(), tt.usersig)
			}
		})
	}

	t.Run("bomb", func(t *testing.T) {
		bomb := packed(t, strings.Repeat(" ", 4<<20))
		require.Less(t, len(bomb), MaxUserSigBytes, "or it would not be tried at all")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Verify(key, v.SDKAppID, v.Identifier, bomb, time.Unix(v.Time, 0))
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, ErrUserSigMalformed)
		require.ErrorContains(t, err, "document of over")
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
	})
	t.Run("bytes after the document", func(t *testing.T) {
		raw, err := userSigEncoding().DecodeString(v.Go)
		require.NoError(t, err)
		_, err = Verify(key, v.SDKAppID, v.Identifier, vendorBase64(append(raw, 0)), time.Unix(v.Time, 0))
		require.ErrorIs(t, err, ErrUserSigMalformed)
	})
	t.Run("wrong key", func(t *testing.T) {
		_, err := Verify(NewSecretKey("another"), v.SDKAppID, v.Identifier, v.Go, time.Unix(v.Time, 0))
		require.ErrorIs(t, err, ErrUserSigForged)
	})
	t.Run("no key", func(t *testing.T) {
		_, err := Verify(SecretKey{}, v.SDKAppID, v.Identifier, v.Go, time.Unix(v.Time, 0))
		require.ErrorIs(t, err, ErrUserSigForged)
	})
	t.Run("room ticket without its userbuf", func(t *testing.T) {
		with, err := unpack(vectors(t)[2].Go)
		require.NoError(t, err)
		with.UserBuf = nil
		usersig, err := with.pack()
		require.NoError(t, err)
		_, err = Verify(key, v.SDKAppID, v.Identifier, usersig, time.Unix(v.Time, 0))
		require.ErrorIs(t, err, ErrUserSigForged)
	})
}

func TestSignRefuses(t *testing.T) {
	good := Claims{Identifier: "administrator", SDKAppID: 1400000000, Issued: time.Unix(1700000000, 0), Validity: time.Hour}
	key := NewSecretKey("key")
	tests := []struct {
		name   string
		key    SecretKey
		change func(*Claims)
	}{
		{"no key", SecretKey{}, func(*Claims) {}},
		{"empty key", NewSecretKey(""), func(*Claims) {}},
		{"no identifier", key, func(c *Claims) { c.Identifier = "" }},
		{"identifier that poses as more lines", key, func(c *Claims) { c.Identifier = "a\nTLS.sdkappid:1" }},
		{"no app", key, func(c *Claims) { c.SDKAppID = 0 }},
		{"no time", key, func(c *Claims) { c.Issued = time.Time{} }},
		{"validity under a second", key, func(c *Claims) { c.Validity = time.Second - 1 }},
		{"validity too long", key, func(c *Claims) { c.Validity = math.MaxInt64 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.change(&c)
			_, err := Sign(tt.key, c)
			require.Error(t, err)
		})
	}
}

func TestSignedIsVerified(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := NewSecretKey(rapid.StringN(1, 80, -1).Draw(t, "key"))
		want := Claims{
			Identifier: rapid.StringMatching(`[ -~]{1,32}`).Draw(t, "identifier"),
			SDKAppID:   rapid.Uint64Range(1, math.MaxInt64).Draw(t, "app"),
			Issued:     time.Unix(rapid.Int64Range(1, math.MaxUint32).Draw(t, "issued"), 0),
			Validity:   time.Duration(rapid.Int64Range(1, math.MaxUint32).Draw(t, "validity")) * time.Second,
		}
		if rapid.Bool().Draw(t, "room") {
			want.UserBuf = rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "userbuf")
		}
		usersig, err := Sign(key, want)
		require.NoError(t, err)
		got, err := Verify(key, want.SDKAppID, want.Identifier, usersig, want.Issued)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func FuzzVerify(f *testing.F) {
	text, err := os.ReadFile("testdata/usersig_vectors.json")
	require.NoError(f, err)
	var vs []vector
	require.NoError(f, json.Unmarshal(text, &vs))
	for _, v := range vs {
		f.Add(v.Go)
		f.Add(v.Python)
		f.Add(v.Go[:40])
	}
	f.Add(packed(f, `{"TLS.ver":"2.0"}`))
	f.Add("")
	v := vs[0]
	key := NewSecretKey(v.SecretKey)
	f.Fuzz(func(t *testing.T, usersig string) {
		c, err := Verify(key, v.SDKAppID, v.Identifier, usersig, time.Unix(v.Time, 0))
		if err != nil {
			return
		}
		// Whoever does not know the key cannot make another good one: what is
		// accepted says what the vectors say, in whatever packing.
		require.Equal(t, v.SDKAppID, c.SDKAppID)
		require.Equal(t, v.Identifier, c.Identifier)
		require.Equal(t, v.Time, c.Issued.Unix())
		require.Equal(t, time.Duration(v.Expire)*time.Second, c.Validity)
	})
}
