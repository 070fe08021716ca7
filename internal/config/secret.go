package config

import "fmt"

const redacted = "[redacted]"

// Secret is a value that nobody may read in a log, an error or a dump. Every
// way to print or encode it gives "[redacted]", or nothing when it is not set;
// only Reveal gives the text. The text is held by a closure because fmt, spew
// and the differs of test libraries walk into unexported fields, but not into a
// function.
type Secret struct {
	reveal func() string
	file   string // where the value is to be read from, until it has been
}

// NewSecret makes a Secret; the empty text makes one that is not set.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{reveal: func() string { return text }}
}

// Reveal is the secret itself, empty when not set. Call it where the secret is
// used, not before.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsZero reports whether the secret is not set.
func (s Secret) IsZero() bool { return s.reveal == nil && s.file == "" }

// String never shows the secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// GoString never shows the secret.
func (s Secret) GoString() string { return s.String() }

// Format never shows the secret, whatever the verb and flags.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText never shows the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON never shows the secret.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// MarshalYAML never shows the secret.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }
