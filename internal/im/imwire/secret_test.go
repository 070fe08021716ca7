package imwire

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// transcript collects what an assertion would print.
type transcript struct{ strings.Builder }

func (tr *transcript) Errorf(format string, args ...any) { _, _ = fmt.Fprintf(tr, format, args...) }

func (tr *transcript) FailNow() {}

func TestSecretKeyIsNeverShown(t *testing.T) {
	const text = "5bd2850fff3ecb11d7c805251c51ee46"
	key := NewSecretKey(text)
	type config struct {
		Key    SecretKey
		Ptr    *SecretKey
		hidden SecretKey
	}
	cfg := config{Key: key, Ptr: &key, hidden: key}

	var shown []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown = append(shown, fmt.Sprintf(verb, key), fmt.Sprintf(verb, &key), fmt.Sprintf(verb, cfg), fmt.Sprintf(verb, &cfg))
	}
	shown = append(shown, key.String(), key.GoString(), fmt.Errorf("with %v", key).Error())
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal} {
		b, err := marshal(map[string]any{"key": key, "config": cfg})
		require.NoError(t, err)
		shown = append(shown, string(b))
	}
	b, err := xml.Marshal(key)
	require.NoError(t, err)
	shown = append(shown, string(b))

	line, err := zapcore.NewJSONEncoder(zap.NewDevelopmentEncoderConfig()).EncodeEntry(zapcore.Entry{},
		[]zapcore.Field{zap.Any("key", key), zap.Any("config", cfg), zap.Stringer("s", key), zap.Reflect("r", cfg)})
	require.NoError(t, err)
	shown = append(shown, line.String())

	// A failed assertion of a test is a log too.
	var tr transcript
	require.Equal(&tr, config{}, cfg)
	require.ElementsMatch(&tr, []config{cfg}, []config{})
	require.NotEmpty(t, tr.String())
	shown = append(shown, tr.String())

	for _, s := range shown {
		require.NotContains(t, s, text)
		require.NotContains(t, s, fmt.Sprintf("%x", text))
	}
	require.Equal(t, `a [redacted] b`, key.Redact("a "+text+" b"))
}

func TestNoSecretKey(t *testing.T) {
	require.True(t, SecretKey{}.IsZero())
	require.True(t, NewSecretKey("").IsZero())
	require.False(t, NewSecretKey("k").IsZero())
	require.Equal(t, "unchanged", SecretKey{}.Redact("unchanged"))
}
