package mute_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"modbot/internal/mute"
)

func TestParseAccount(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want error
	}{
		"ordinary":               {"alice", nil},
		"one character":          {"a", nil},
		"as long as can be":      {strings.Repeat("x", 32), nil},
		"a space is printable":   {"al ice", nil},
		"case is kept":           {"AlIcE", nil},
		"every kind of sign":     {"!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~", nil},
		"empty":                  {"", mute.ErrAccountEmpty},
		"a byte too long":        {strings.Repeat("x", 33), mute.ErrAccountTooLong},
		"a control character":    {"al\x00ice", mute.ErrAccountChars},
		"a tab":                  {"al\tice", mute.ErrAccountChars},
		"delete":                 {"alice\x7f", mute.ErrAccountChars},
		"another script":         {"аlice", mute.ErrAccountChars}, // the first letter is Cyrillic
		"a byte that is no rune": {"a\xff", mute.ErrAccountChars},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := mute.ParseAccount(c.in)
			require.ErrorIs(t, err, c.want)
			if c.want == nil {
				require.Equal(t, mute.Account(c.in), got, "an account is never changed")
			}
		})
	}
}

func TestScope(t *testing.T) {
	for _, c := range []struct {
		scope  mute.Scope
		name   string
		fields []mute.Field
	}{
		{mute.ScopeGroup, "group", []mute.Field{mute.Group}},
		{mute.ScopeC2C, "c2c", []mute.Field{mute.C2C}},
		{mute.ScopeAll, "all", []mute.Field{mute.Group, mute.C2C}},
	} {
		require.Equal(t, c.name, c.scope.String())
		require.Equal(t, c.fields, c.scope.Fields())
		require.Equal(t, c.scope, mute.ScopeOf(c.fields...))
		parsed, err := mute.ParseScope(c.name)
		require.NoError(t, err)
		require.Equal(t, c.scope, parsed)
		require.True(t, mute.ScopeAll.Covers(c.scope))
		require.Equal(t, c.scope == mute.ScopeAll, c.scope.Covers(mute.ScopeAll))
	}
	require.Empty(t, mute.Scope(0).Fields())
	for _, bad := range []string{"", "none", "Group", "both"} {
		_, err := mute.ParseScope(bad)
		require.Error(t, err, bad)
	}
}

func TestField(t *testing.T) {
	for _, f := range mute.Fields() {
		parsed, err := mute.ParseField(f.String())
		require.NoError(t, err)
		require.Equal(t, f, parsed)
	}
	_, err := mute.ParseField("all")
	require.Error(t, err)
}

func TestState_FieldsAreIndependent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		group := mute.ReadingOf(rapid.Uint32().Draw(t, "group"))
		c2c := mute.ReadingOf(rapid.Uint32().Draw(t, "c2c"))
		s := mute.State{}.With(mute.Group, group).With(mute.C2C, c2c)
		require.Equal(t, group, s.Of(mute.Group))
		require.Equal(t, c2c, s.Of(mute.C2C))
		for _, r := range []mute.Reading{group, c2c} {
			left, finite := r.Left()
			require.Equal(t, r.Muted() && !r.Permanent(), finite)
			if finite {
				require.InDelta(t, float64(r.Wire()), left.Seconds(), 0)
			}
		}
	})
}

func TestCodePoints(t *testing.T) {
	require.Equal(t, "U+0061 U+202E U+1F469", mute.CodePoints("a\u202e👩"))
	require.Empty(t, mute.CodePoints(""))
}
