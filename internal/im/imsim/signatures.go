package imsim

import (
	"errors"
	"sync"
	"time"

	"modbot/internal/im/imwire"
)

// maxSignatures bounds how many verified signatures are remembered.
const maxSignatures = 256

// signatures verifies UserSigs and remembers the good ones, because a client
// sends the same one thousands of times and unpacking it costs more than the
// rest of a call. Only a signature made with the key is ever remembered, and
// who it is for and until when is checked every time.
type signatures struct {
	key      imwire.SecretKey
	sdkAppID uint64

	mu   sync.Mutex
	good map[string]imwire.Claims
}

func newSignatures(key imwire.SecretKey, sdkAppID uint64) *signatures {
	return &signatures{key: key, sdkAppID: sdkAppID, good: make(map[string]imwire.Claims)}
}

// verify is imwire.Verify, remembering.
func (v *signatures) verify(identifier, usersig string, now time.Time) error {
	v.mu.Lock()
	claims, known := v.good[usersig]
	v.mu.Unlock()
	if known {
		switch {
		case claims.Identifier != identifier:
			return imwire.ErrUserSigIdentifier
		case !now.Before(claims.Expires()):
			return imwire.ErrUserSigExpired
		}
		return nil
	}
	claims, err := imwire.Verify(v.key, v.sdkAppID, identifier, usersig, now)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.good) >= maxSignatures {
		clear(v.good)
	}
	v.good[usersig] = claims
	return nil
}

// refusalOf is the vendor's code for a UserSig that is not good.
func refusalOf(err error) *refusal {
	switch {
	case errors.Is(err, imwire.ErrUserSigExpired):
		return refuse(imwire.CodeSigExpired, "UserSig has expired")
	case errors.Is(err, imwire.ErrUserSigForged):
		return refuse(imwire.CodeSigWrongKey, "UserSig does not verify; was it made with the key of another SDKAppID?")
	case errors.Is(err, imwire.ErrUserSigIdentifier):
		return refuse(imwire.CodeSigIdentifier, "identifier is not the one in UserSig")
	case errors.Is(err, imwire.ErrUserSigSDKAppID):
		return refuse(imwire.CodeSigSDKAppID, "sdkappid is not the one in UserSig")
	default:
		return refuse(imwire.CodeSigIllegal, "UserSig cannot be read")
	}
}
