package imwire

import (
	"fmt"
	"strings"
)

const redacted = "[redacted]"

// SecretKey is the app's secret key, with which UserSigs are made. It redacts
// itself wherever it could be printed or encoded. The text is kept behind a
// closure because fmt and the differs of test libraries walk into unexported
// fields and through pointers, but not into a function.
type SecretKey struct{ reveal func() string }

// NewSecretKey takes the key exactly as the vendor's console shows it. The
// vendor signs with the bytes of that text; it is never decoded from hex.
func NewSecretKey(text string) SecretKey {
	return SecretKey{reveal: func() string { return text }}
}

// IsZero reports whether there is no key.
func (k SecretKey) IsZero() bool { return k.reveal == nil || k.reveal() == "" }

// Redact replaces the key in a text that is about to be shown.
func (k SecretKey) Redact(text string) string {
	if k.IsZero() {
		return text
	}
	return strings.ReplaceAll(text, k.reveal(), redacted)
}

// bytes is what the vendor calls the key; only the signer asks.
func (k SecretKey) bytes() []byte {
	if k.reveal == nil {
		return nil
	}
	return []byte(k.reveal())
}

// String never shows the key.
func (SecretKey) String() string { return redacted }

// GoString never shows the key.
func (SecretKey) GoString() string { return redacted }

// Format never shows the key, whatever the verb.
func (SecretKey) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText never shows the key; it also serves JSON, YAML and zap.
func (SecretKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON never shows the key.
func (SecretKey) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
