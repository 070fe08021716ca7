package im

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"modbot/internal/im/imwire"
)

// credential is one UserSig with the query that carries it. It is never
// changed once made.
type credential struct {
	usersig string
	query   string // everything of the query but the random number
	issued  int64  // unix seconds, by the wall clock
	renew   int64  // from here on a new one is due
	expires int64
}

// signer caches the credential. Readers take the pointer and go on; signing,
// which is computation only, happens under the lock.
type signer struct {
	log      *zap.Logger
	now      func() time.Time
	key      imwire.SecretKey
	claims   imwire.Claims
	mu       sync.Mutex // held while signing, so that one caller does it
	latest   atomic.Pointer[credential]
	prefix   string // of the query, before the UserSig
	validity time.Duration
}

func newSigner(log *zap.Logger, now func() time.Time, cfg Config) *signer {
	return &signer{
		log:      log,
		now:      now,
		key:      cfg.SecretKey,
		claims:   imwire.Claims{Identifier: cfg.Identifier, SDKAppID: cfg.SDKAppID},
		validity: cfg.sigValidity(),
		prefix: imwire.ParamSDKAppID + "=" + strconv.FormatUint(cfg.SDKAppID, 10) +
			"&" + imwire.ParamIdentifier + "=" + url.QueryEscape(cfg.Identifier) +
			"&" + imwire.ParamContentType + "=" + imwire.ContentTypeJSON +
			"&" + imwire.ParamUserSig + "=",
	}
}

// current is a credential that is good now. When a new one is due but the old
// one is still good, one caller makes it and the others do not wait.
func (s *signer) current() (*credential, error) {
	now := s.now().Unix()
	cred := s.latest.Load()
	if cred.fresh(now) {
		return cred, nil
	}
	if cred.good(now) {
		if !s.mu.TryLock() {
			return cred, nil
		}
	} else {
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	if cred := s.latest.Load(); cred.fresh(now) { // made while we waited
		return cred, nil
	}
	return s.sign()
}

// refresh replaces a credential that the service did not accept. When it has
// been replaced already, the replacement is returned.
func (s *signer) refresh(refused *credential) (*credential, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cred := s.latest.Load(); cred != refused {
		return cred, nil
	}
	return s.sign()
}

// sign makes and publishes a credential; mu is held.
func (s *signer) sign() (*credential, error) {
	claims := s.claims
	claims.Issued, claims.Validity = s.now(), s.validity
	usersig, err := imwire.Sign(s.key, claims)
	if err != nil {
		return nil, fmt.Errorf("making a UserSig: %w", err)
	}
	issued, length := claims.Issued.Unix(), int64(claims.Validity/time.Second)
	cred := &credential{
		usersig: usersig,
		query:   s.prefix + url.QueryEscape(usersig) + "&" + imwire.ParamRandom + "=",
		issued:  issued,
		renew:   issued + length - length/4,
		expires: issued + length,
	}
	s.latest.Store(cred)
	s.log.Debug("made a UserSig", zap.Time("expires", time.Unix(cred.expires, 0).UTC()))
	return cred, nil
}

// good reports whether the service should accept the credential. One from the
// future was made before the clock was set back; what the service thinks of
// it is unknown, so a new one is made.
func (c *credential) good(now int64) bool { return c != nil && c.issued <= now && now < c.expires }

func (c *credential) fresh(now int64) bool { return c.good(now) && now < c.renew }

const redacted = "[redacted]"

// scrub takes credentials out of a text that came from outside and is about
// to be shown: the service, a proxy or a library may echo the URL.
func (s *signer) scrub(text string, cred *credential) string {
	text = s.key.Redact(text)
	if cred != nil {
		text = strings.ReplaceAll(text, cred.usersig, redacted)
		text = strings.ReplaceAll(text, url.QueryEscape(cred.usersig), redacted)
	}
	// Whatever else looks like the query of a call goes as a whole.
	const delimiters = " \t\r\n\"'<>\\"
	var b strings.Builder
	for {
		at := strings.Index(text, imwire.ParamUserSig+"=")
		if at < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:strings.LastIndexAny(text[:at], delimiters)+1])
		b.WriteString(redacted)
		end := strings.IndexAny(text[at:], delimiters)
		if end < 0 {
			return b.String()
		}
		text = text[at+end:]
	}
}
