package imwire

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// Bounds on what Verify reads. A UserSig for REST has about 250 characters;
// only room tickets (userbuf) are longer.
const (
	MaxUserSigBytes  = 8 << 10  // the text
	maxUserSigDocLen = 16 << 10 // the document after decompression
)

const userSigVersion = "2.0"

// maxValidity is the longest validity that a UserSig may state. The vendor
// documents no maximum; this one keeps the arithmetic away from overflow.
const maxValidity = math.MaxUint32 * time.Second

// The ways in which a UserSig is not good. Verify's errors match exactly one.
var (
	ErrUserSigMalformed  = errors.New("UserSig is malformed")
	ErrUserSigIdentifier = errors.New("UserSig is for another identifier")
	ErrUserSigSDKAppID   = errors.New("UserSig is for another SDKAppID")
	ErrUserSigForged     = errors.New("UserSig does not verify with this secret key")
	ErrUserSigExpired    = errors.New("UserSig has expired")
)

// Claims is what a UserSig says: who may call for which app, and how long.
type Claims struct {
	Identifier string
	SDKAppID   uint64
	Issued     time.Time     // whole seconds
	Validity   time.Duration // whole seconds, at least one
	UserBuf    []byte        // only in room tickets; nil for REST
}

// Expires is the moment from which the UserSig is no longer good.
func (c Claims) Expires() time.Time { return c.Issued.Add(c.Validity) }

// The vendor's base64 is the standard alphabet with + / = written * - _ , which
// is not base64url.
func userSigEncoding() *base64.Encoding {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-"
	return base64.NewEncoding(alphabet).WithPadding('_').Strict()
}

// document is the JSON inside a UserSig. The order of its keys has no meaning.
type document struct {
	Version    string      `json:"TLS.ver"`
	Identifier *string     `json:"TLS.identifier"`
	SDKAppID   json.Number `json:"TLS.sdkappid"`
	Expire     json.Number `json:"TLS.expire"`
	Time       json.Number `json:"TLS.time"`
	UserBuf    *string     `json:"TLS.userbuf,omitempty"`
	Sig        string      `json:"TLS.sig"`
}

// Sign makes the UserSig of the claims: version 2.0, HMAC-SHA256. Fractions of
// a second are dropped from Issued and Validity. The result is a credential.
func Sign(key SecretKey, c Claims) (string, error) {
	c.Issued, c.Validity = c.Issued.Truncate(time.Second), c.Validity.Truncate(time.Second)
	switch {
	case key.IsZero():
		return "", errors.New("signing a UserSig: no secret key")
	case c.Identifier == "" || strings.ContainsFunc(c.Identifier, isControl):
		// A line break would let an identifier pose as the lines after it.
		return "", errors.New("signing a UserSig: the identifier is empty or has a control character")
	case c.SDKAppID == 0:
		return "", errors.New("signing a UserSig: no SDKAppID")
	case c.Issued.Unix() <= 0:
		return "", errors.New("signing a UserSig: the clock stands before 1970")
	case c.Validity < time.Second || c.Validity > maxValidity:
		return "", fmt.Errorf("signing a UserSig: a validity of %s is not between 1s and %s", c.Validity, maxValidity)
	}
	doc := document{
		Version:    userSigVersion,
		Identifier: &c.Identifier,
		SDKAppID:   json.Number(fmt.Sprint(c.SDKAppID)),
		Expire:     json.Number(fmt.Sprint(int64(c.Validity / time.Second))),
		Time:       json.Number(fmt.Sprint(c.Issued.Unix())),
		Sig:        base64.StdEncoding.EncodeToString(c.mac(key)),
	}
	if c.UserBuf != nil {
		doc.UserBuf = new(base64.StdEncoding.EncodeToString(c.UserBuf))
	}
	return doc.pack()
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

// mac is the HMAC of the claims. Every line ends with a line feed, the last
// one too; the classic mistake is to leave that out.
func (c Claims) mac(key SecretKey) []byte {
	h := hmac.New(sha256.New, key.bytes()) // a hash never fails to write
	_, _ = fmt.Fprintf(h, "TLS.identifier:%s\nTLS.sdkappid:%d\nTLS.time:%d\nTLS.expire:%d\n",
		c.Identifier, c.SDKAppID, c.Issued.Unix(), int64(c.Validity/time.Second))
	if c.UserBuf != nil {
		_, _ = fmt.Fprintf(h, "TLS.userbuf:%s\n", base64.StdEncoding.EncodeToString(c.UserBuf))
	}
	return h.Sum(nil)
}

func (d document) pack() (string, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("encoding a UserSig: %w", err)
	}
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	if _, err := w.Write(text); err != nil {
		return "", fmt.Errorf("compressing a UserSig: %w", err)
	}
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("compressing a UserSig: %w", err)
	}
	return userSigEncoding().EncodeToString(packed.Bytes()), nil
}

// Verify checks that usersig was made with key for this identifier and app and
// is good at now. The claims are returned with ErrUserSigExpired too; with
// every other error they are empty.
func Verify(key SecretKey, sdkAppID uint64, identifier, usersig string, now time.Time) (Claims, error) {
	doc, err := unpack(usersig)
	if err != nil {
		return Claims{}, fmt.Errorf("%w: %w", ErrUserSigMalformed, err)
	}
	c, sig, err := doc.claims()
	if err != nil {
		return Claims{}, fmt.Errorf("%w: %w", ErrUserSigMalformed, err)
	}
	switch {
	case c.Identifier != identifier:
		return Claims{}, ErrUserSigIdentifier
	case c.SDKAppID != sdkAppID:
		return Claims{}, ErrUserSigSDKAppID
	case key.IsZero() || !hmac.Equal(sig, c.mac(key)):
		return Claims{}, ErrUserSigForged
	case !now.Before(c.Expires()):
		return c, ErrUserSigExpired
	}
	return c, nil
}

func unpack(usersig string) (document, error) {
	if len(usersig) > MaxUserSigBytes {
		return document{}, fmt.Errorf("over %d bytes", MaxUserSigBytes)
	}
	if strings.ContainsAny(usersig, "\r\n") { // base64 would skip them
		return document{}, errors.New("a line break inside")
	}
	packed, err := userSigEncoding().DecodeString(usersig)
	if err != nil {
		return document{}, errors.New("not the vendor's base64")
	}
	src := bytes.NewReader(packed)
	z, err := zlib.NewReader(src)
	if err != nil {
		return document{}, errors.New("not zlib")
	}
	text, err := io.ReadAll(io.LimitReader(z, maxUserSigDocLen+1))
	switch {
	case err != nil:
		return document{}, errors.New("not zlib")
	case len(text) > maxUserSigDocLen:
		return document{}, fmt.Errorf("a document of over %d bytes", maxUserSigDocLen)
	case src.Len() > 0:
		return document{}, errors.New("bytes after the document")
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return document{}, errors.New("not the vendor's JSON")
	}
	return d, nil
}

func (d document) claims() (Claims, []byte, error) {
	if d.Version != userSigVersion {
		return Claims{}, nil, fmt.Errorf("version is not %s", userSigVersion)
	}
	if d.Identifier == nil {
		return Claims{}, nil, errors.New("no identifier")
	}
	app, err1 := d.SDKAppID.Int64()
	expire, err2 := d.Expire.Int64()
	issued, err3 := d.Time.Int64()
	sig, err4 := base64.StdEncoding.Strict().DecodeString(d.Sig)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return Claims{}, nil, errors.New("a field is missing or has the wrong type")
	}
	if app <= 0 || expire < 1 || expire > math.MaxUint32 || issued < 0 || issued > math.MaxUint32*4 {
		return Claims{}, nil, errors.New("a number is out of range")
	}
	c := Claims{
		Identifier: *d.Identifier,
		SDKAppID:   uint64(app),
		Issued:     time.Unix(issued, 0),
		Validity:   time.Duration(expire) * time.Second,
	}
	if d.UserBuf != nil {
		if c.UserBuf, err1 = base64.StdEncoding.Strict().DecodeString(*d.UserBuf); err1 != nil {
			return Claims{}, nil, errors.New("the userbuf is not base64")
		}
	}
	return c, sig, nil
}
