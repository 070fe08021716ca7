// Package mute holds the values of the domain: whom we mute (Account), where
// (Scope, made of Fields), for how long (Term, and Running once it has begun),
// and what Tencent says is in effect (State).
//
// The invariant that the package keeps for everybody else: a Term is between
// one second and 4294967294 seconds, or permanent. 0 (which unmutes) and
// 4294967295 (which is for ever) cannot be reached by arithmetic or by a
// mistake in parsing, because no maker of a Term lets them through.
//
// The package imports nothing but the standard library and does no I/O.
package mute

import (
	"errors"
	"fmt"
	"strings"
)

// MaxAccountBytes is the longest account id that Tencent accepts, in bytes.
const MaxAccountBytes = 32

// Account is the Tencent account being muted, exactly as the app knows it:
// case-sensitive, never normalised. Use ParseAccount to make one from input.
type Account string

// The ways in which a text is no account.
var (
	ErrAccountEmpty   = errors.New("account is empty")
	ErrAccountTooLong = fmt.Errorf("account is longer than %d bytes", MaxAccountBytes)
	ErrAccountChars   = errors.New("account has a character outside printable ASCII")
)

// ParseAccount accepts 1 to 32 bytes of printable ASCII (0x20 to 0x7e, space
// included), which is what the vendor's SDK documents for account ids. It
// changes nothing in the text.
func ParseAccount(s string) (Account, error) {
	if s == "" {
		return "", ErrAccountEmpty
	}
	for _, r := range s {
		if r < 0x20 || r > 0x7e {
			return "", ErrAccountChars
		}
	}
	if len(s) > MaxAccountBytes {
		return "", ErrAccountTooLong
	}
	return Account(s), nil
}

// Field is one of the two times that Tencent keeps for an account.
type Field uint8

// Tencent's two fields.
const (
	Group Field = iota + 1 // GroupmsgNospeakingTime: messages to groups
	C2C                    // C2CmsgNospeakingTime: one-to-one messages
)

// Fields lists both fields in the order in which they are shown.
func Fields() []Field { return []Field{Group, C2C} }

// String is the canonical name, as in the configuration and in JSON.
func (f Field) String() string {
	switch f {
	case Group:
		return "group"
	case C2C:
		return "c2c"
	default:
		return fmt.Sprintf("Field(%d)", uint8(f))
	}
}

// ParseField reads a canonical field name.
func ParseField(s string) (Field, error) {
	switch s {
	case "group":
		return Group, nil
	case "c2c":
		return C2C, nil
	}
	return 0, fmt.Errorf("field %q is neither group nor c2c", s)
}

// Scope says which fields a command names. The zero Scope names none.
type Scope uint8

// The three scopes; ScopeAll names both fields.
const (
	ScopeGroup Scope = 1 << iota
	ScopeC2C
	ScopeAll = ScopeGroup | ScopeC2C
)

// ScopeOf is the scope that names exactly the given fields.
func ScopeOf(fields ...Field) Scope {
	var s Scope
	for _, f := range fields {
		switch f {
		case Group:
			s |= ScopeGroup
		case C2C:
			s |= ScopeC2C
		}
	}
	return s
}

// Has reports whether the scope names the field.
func (s Scope) Has(f Field) bool { return s&ScopeOf(f) != 0 }

// Covers reports whether the scope names every field that other names.
func (s Scope) Covers(other Scope) bool { return s&other == other }

// Fields lists the fields that the scope names, in showing order.
func (s Scope) Fields() []Field {
	var out []Field
	for _, f := range Fields() {
		if s.Has(f) {
			out = append(out, f)
		}
	}
	return out
}

// String is the canonical name: group, c2c or all; "none" for the zero Scope.
func (s Scope) String() string {
	switch s {
	case ScopeGroup:
		return "group"
	case ScopeC2C:
		return "c2c"
	case ScopeAll:
		return "all"
	case 0:
		return "none"
	default:
		return fmt.Sprintf("Scope(%d)", uint8(s))
	}
}

// ParseScope reads a canonical scope name (group, c2c, all), as in the
// configuration and in the ledger. What people type is read by the grammar.
func ParseScope(s string) (Scope, error) {
	switch s {
	case "group":
		return ScopeGroup, nil
	case "c2c":
		return ScopeC2C, nil
	case "all":
		return ScopeAll, nil
	}
	return 0, fmt.Errorf("scope %q is none of group, c2c, all", s)
}

// CodePoints lists the code points of a text as U+XXXX, for errors about an
// account whose characters cannot be told apart by eye.
func CodePoints(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "U+%04X", r)
	}
	return b.String()
}
