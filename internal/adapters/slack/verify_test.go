package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The example of Slack's documentation: docs.slack.dev, "Verifying requests from
// Slack". These are published values, and no secrets.
const (
	vectorSecret    = "8f742231b10e8888abcd99yyyzzz85a5" // gitleaks:allow: published
	vectorTimestamp = 1531420618
	vectorSignature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
	vectorBody      = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar" +
		"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=" +
		"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN" +
		"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)

func headers(timestamp, signature string) http.Header {
	h := http.Header{}
	h.Set(headerTimestamp, timestamp)
	h.Set(headerSignature, signature)
	return h
}

// sign is Slack's side, written down once more.
func sign(secret, timestamp, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte("v0:" + timestamp + ":" + body))
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

func at(unix int64) func() time.Time { return func() time.Time { return time.Unix(unix, 0) } }

func TestVerify_OfficialVector(t *testing.T) {
	s := newSeals(vectorSecret, at(vectorTimestamp+2))
	h := headers(strconv.Itoa(vectorTimestamp), vectorSignature)
	require.NoError(t, s.verify(h, []byte(vectorBody)))
	require.ErrorIs(t, s.verify(h, []byte(vectorBody)), errReplay)
}

func TestVerify_Window(t *testing.T) {
	for name, c := range map[string]struct {
		apart time.Duration
		want  error
	}{
		"now":                    {0, nil},
		"five minutes late":      {window, nil},
		"five minutes early":     {-window, nil},
		"a second too late":      {window + time.Second, errStale},
		"a second too early":     {-window - time.Second, errStale},
		"a year late":            {365 * 24 * time.Hour, errStale},
		"from before there was ": {56 * 365 * 24 * time.Hour, errStale},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSeals(vectorSecret, func() time.Time { return time.Unix(vectorTimestamp, 0).Add(c.apart) })
			require.ErrorIs(t, s.verify(headers(strconv.Itoa(vectorTimestamp), vectorSignature), []byte(vectorBody)), c.want)
		})
	}
}

func TestVerify_Refuses(t *testing.T) {
	stamp := strconv.Itoa(vectorTimestamp)
	for name, c := range map[string]struct {
		timestamp, signature, body, secret string
	}{
		"another body":              {stamp, vectorSignature, vectorBody + "&x=1", vectorSecret},
		"another secret":            {stamp, vectorSignature, vectorBody, "another"},
		"another time":              {strconv.Itoa(vectorTimestamp + 1), vectorSignature, vectorBody, vectorSecret},
		"no headers":                {"", "", vectorBody, vectorSecret},
		"no signature":              {stamp, "", vectorBody, vectorSecret},
		"no scheme":                 {stamp, strings.TrimPrefix(vectorSignature, "v0="), vectorBody, vectorSecret},
		"another scheme":            {stamp, "v1=" + strings.TrimPrefix(vectorSignature, "v0="), vectorBody, vectorSecret},
		"a short signature":         {stamp, vectorSignature[:len(vectorSignature)-2], vectorBody, vectorSecret},
		"a long signature":          {stamp, vectorSignature + "00", vectorBody, vectorSecret},
		"no hex":                    {stamp, "v0=" + strings.Repeat("zz", 32), vectorBody, vectorSecret},
		"a time with a sign":        {"+" + stamp, sign(vectorSecret, "+"+stamp, vectorBody), vectorBody, vectorSecret},
		"a negative time":           {"-1", sign(vectorSecret, "-1", vectorBody), vectorBody, vectorSecret},
		"a time beyond all time":    {"18446744073709551615", sign(vectorSecret, "18446744073709551615", vectorBody), vectorBody, vectorSecret},
		"an empty secret":           {stamp, sign("", stamp, vectorBody), vectorBody, ""},
		"a time that is a fraction": {stamp + ".5", sign(vectorSecret, stamp+".5", vectorBody), vectorBody, vectorSecret},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSeals(c.secret, at(vectorTimestamp))
			require.ErrorIs(t, s.verify(headers(c.timestamp, c.signature), []byte(c.body)), errSignature)
		})
	}
}

// A forgery must not use up the place of the real one.
func TestVerify_ForgeryDoesNotBlockTheRealOne(t *testing.T) {
	s := newSeals(vectorSecret, at(vectorTimestamp))
	h := headers(strconv.Itoa(vectorTimestamp), vectorSignature)
	require.ErrorIs(t, s.verify(h, []byte("forged")), errSignature)
	require.NoError(t, s.verify(h, []byte(vectorBody)))
}

func FuzzVerify(f *testing.F) {
	f.Add(strconv.Itoa(vectorTimestamp), vectorSignature, []byte(vectorBody))
	f.Add("-9223372036854775808", "v0=", []byte(nil))
	f.Add("99999999999999999999", "v0=00", []byte("x"))
	s := newSeals(vectorSecret, at(vectorTimestamp))
	f.Fuzz(func(t *testing.T, timestamp, signature string, body []byte) {
		if s.verify(headers(timestamp, signature), body) == nil {
			require.Equal(t, sign(vectorSecret, timestamp, string(body)), strings.ToLower(signature), "a forgery was believed")
		}
	})
}
