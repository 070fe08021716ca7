package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const plainSecret = "hunter2-hunter2"

// Every way to print or encode that we know of, on the secret itself, behind a
// pointer, and inside of what holds it.
func TestASecretIsNeverShown(t *testing.T) {
	s := NewSecret(plainSecret)
	type unexported struct{ inner Secret }
	for name, holder := range map[string]any{
		"itself":      s,
		"pointer":     &s,
		"struct":      Tencent{SecretKey: s},
		"config":      &Config{Tencent: Tencent{SecretKey: s}, Slack: &Slack{BotToken: s}},
		"unexported":  unexported{inner: s},
		"slice":       []Secret{s},
		"map":         map[string]Secret{"k": s},
		"as a method": s.Format,
	} {
		t.Run(name, func(t *testing.T) {
			var shown strings.Builder
			for verb := range strings.SplitSeq("vsdqxXoObtcUeEfFgGpTw", "") {
				for _, flags := range []string{"", "+", "#", "-20", "020.3", " "} {
					fmt.Fprintf(&shown, "%"+flags+verb+"\n", holder)
				}
			}
			fmt.Fprintln(&shown, holder)
			differ := &transcript{}
			require.Equal(differ, "something else", holder)
			require.NotEmpty(t, differ.String())
			shown.WriteString(differ.String())
			if name != "as a method" {
				j, err := json.Marshal(holder)
				require.NoError(t, err)
				shown.Write(j)
				y, err := yaml.Marshal(holder)
				require.NoError(t, err)
				shown.Write(y)
				shown.WriteString(logged(t, zap.Any("secret", holder), zap.Reflect("again", holder)))
			}
			require.NotContains(t, shown.String(), plainSecret)
			require.NotContains(t, shown.String(), fmt.Sprintf("%x", plainSecret))
			require.NotContains(t, shown.String(), fmt.Sprintf("%X", plainSecret))
		})
	}
	require.Equal(t, plainSecret, s.Reveal())
	require.Contains(t, logged(t, zap.Stringer("s", s), zap.String("t", s.String())), redacted)
}

// transcript is a test that fails into a text, where the test library's differ
// writes what it found by reflection.
type transcript struct{ strings.Builder }

func (t *transcript) Errorf(format string, args ...any) { _, _ = fmt.Fprintf(t, format, args...) }
func (t *transcript) FailNow()                          {}

// logged is what zap's two encoders make of fields.
func logged(t *testing.T, fields ...zap.Field) string {
	t.Helper()
	var out strings.Builder
	for _, enc := range []zapcore.Encoder{
		zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()),
		zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()),
	} {
		buf, err := enc.EncodeEntry(zapcore.Entry{}, fields)
		require.NoError(t, err)
		out.WriteString(buf.String())
	}
	return out.String()
}

func TestASecretThatIsNotSetShowsNothing(t *testing.T) {
	var s Secret
	require.True(t, s.IsZero())
	require.True(t, NewSecret("").IsZero())
	require.Empty(t, s.Reveal())
	require.Empty(t, fmt.Sprintf("%v%+v%#v%s", s, s, s, s))
}

func TestSecretsFromFiles(t *testing.T) {
	withKey := strings.Replace(minimal, "secret_key: k", "secret_key_file: tencent.key", 1)

	t.Run("the folder of the file counts, and the space around the secret does not", func(t *testing.T) {
		dir := in(t, map[string]string{"modbot.yaml": withKey, "tencent.key": "\n  " + plainSecret + "\r\n"})
		c, err := Load(filepath.Join(dir, "modbot.yaml"), testOptions())
		require.NoError(t, err)
		require.Equal(t, plainSecret, c.Tencent.SecretKey.Reveal())
		require.Empty(t, c.Warnings)
	})
	t.Run("a file that everybody may read is a warning", func(t *testing.T) {
		dir := in(t, map[string]string{"modbot.yaml": withKey, "tencent.key": plainSecret})
		key := filepath.Join(dir, "tencent.key")
		require.NoError(t, os.Chmod(key, 0o644))
		c, err := Load(filepath.Join(dir, "modbot.yaml"), testOptions())
		require.NoError(t, err)
		require.Len(t, c.Warnings, 1)
		require.Equal(t, "tencent.secret_key_file", c.Warnings[0].Path)
		require.Equal(t, 4, c.Warnings[0].Line)
		require.Contains(t, c.Warnings[0].Message, "is open to every user of this machine (mode 0644)")
		require.Equal(t, "chmod 600 "+key, c.Warnings[0].Fix)
	})
	t.Run("a file without a secret", func(t *testing.T) {
		dir := in(t, map[string]string{"modbot.yaml": withKey, "tencent.key": " \n"})
		_, err := Load(filepath.Join(dir, "modbot.yaml"), testOptions())
		require.ErrorContains(t, err, "is empty")
		require.Len(t, items(t, err), 1, "and not missing as well")
	})
	t.Run("a file that may not be read", func(t *testing.T) {
		if os.Geteuid() == 0 {
			t.Skip("root may read everything")
		}
		dir := in(t, map[string]string{"modbot.yaml": withKey, "tencent.key": plainSecret})
		require.NoError(t, os.Chmod(filepath.Join(dir, "tencent.key"), 0))
		_, err := Load(filepath.Join(dir, "modbot.yaml"), testOptions())
		require.ErrorContains(t, err, "may not be read by this user")
	})
	t.Run("a file beyond measure", func(t *testing.T) {
		dir := in(t, map[string]string{"modbot.yaml": withKey, "tencent.key": strings.Repeat("k", maxValueBytes+1)})
		_, err := Load(filepath.Join(dir, "modbot.yaml"), testOptions())
		require.ErrorContains(t, err, "is larger than 64 KiB")
	})
	t.Run("the secret itself where its file's name belongs", func(t *testing.T) {
		key := "5f2e8a1b" + strings.Repeat("0123456789abcdef", 4)
		_, err := LoadBytes("modbot.yaml", []byte(strings.Replace(withKey, "tencent.key", key, 1)), testOptions())
		require.ErrorContains(t, err, "looks like the secret itself")
		require.NotContains(t, err.Error(), "5f2e8a1b")

		_, err = LoadBytes("modbot.yaml", []byte(minimal), testOptions("MODBOT_TENCENT_SECRET_KEY_FILE="+key))
		require.ErrorContains(t, err, "looks like the secret itself")
		require.NotContains(t, err.Error(), "5f2e8a1b")
	})
}
