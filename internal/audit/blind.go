package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// blindSeed is signed to derive the secret of Blind. It is no checkpoint's
// text, and its signature is shown to nobody.
const blindSeed = "modbot blind v1"

// Blind is a print of a text that only holders of the ledger's signing key can
// make. It goes where a body has to find something personal again, such as the
// list of a batch, without a commitment that could be erased: nobody without
// the key can try out what it was made of.
func (l *Log) Blind(text string) (string, error) {
	if l.key == nil {
		return "", errReadOnly
	}
	// Ed25519 signatures are deterministic: it is the same on every replica.
	secret, err := l.key.signer.Sign([]byte(blindSeed))
	if err != nil {
		return "", fmt.Errorf("deriving the secret for prints: %w", err)
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:blindBytes]), nil
}

// blindBytes is enough that no two texts meet.
const blindBytes = 18
