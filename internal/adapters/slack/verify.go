package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Slack signs "v0:" + timestamp + ":" + body with the app's signing secret
// (docs.slack.dev/authentication/verifying-requests-from-slack).
const (
	headerSignature = "X-Slack-Signature"
	headerTimestamp = "X-Slack-Request-Timestamp"
	signatureScheme = "v0"
)

// window is how far Slack's clock and ours may be apart, either way, the journey
// included.
const window = 5 * time.Minute

// A signature made at the far end of the window is good for twice the window,
// so it is remembered for as long. maxSeals bounds how many: about 200 a second.
const maxSeals = 1 << 17

// Why a request is not believed. They are also the results that the meter
// counts.
var (
	errSignature = errors.New("signature")
	errStale     = errors.New("stale")
	errReplay    = errors.New("replay")
)

// seals tells Slack's requests from all others, each once.
type seals struct {
	secret []byte
	now    func() time.Time
	used   *recent[[sha256.Size]byte, struct{}]
	// macs are hash.Hash that have taken in the secret: half of the work.
	macs sync.Pool
}

func newSeals(secret string, now func() time.Time) *seals {
	s := &seals{secret: []byte(secret), now: now, used: newRecent[[sha256.Size]byte, struct{}](2*window, maxSeals)}
	s.macs.New = func() any { return hmac.New(sha256.New, s.secret) }
	return s
}

// sign is the signature of a body that Slack sends at a time.
func (s *seals) sign(stamp string, body []byte) []byte {
	mac, _ := s.macs.Get().(hash.Hash) // New makes nothing else
	defer s.macs.Put(mac)
	mac.Reset()
	mac.Write([]byte(signatureScheme + ":" + stamp + ":"))
	mac.Write(body)
	return mac.Sum(nil)
}

// verify believes a body, or says why not.
func (s *seals) verify(h http.Header, body []byte) error {
	if len(s.secret) == 0 { // an empty key would sign for anybody
		return errSignature
	}
	stamp := h.Get(headerTimestamp)
	given, err := hex.DecodeString(strings.TrimPrefix(h.Get(headerSignature), signatureScheme+"="))
	if err != nil || len(given) != sha256.Size || !strings.HasPrefix(h.Get(headerSignature), signatureScheme+"=") {
		return errSignature
	}
	seconds, err := strconv.ParseUint(stamp, 10, 40) // 40 bits of seconds don't overflow a time
	if err != nil {
		return errSignature
	}
	now := s.now()
	if now.Sub(time.Unix(int64(seconds), 0)).Abs() > window {
		return errStale
	}
	if !hmac.Equal(s.sign(stamp, body), given) {
		return errSignature
	}
	if _, first := s.used.claim(now, [sha256.Size]byte(given), struct{}{}); !first {
		return errReplay
	}
	return nil
}
