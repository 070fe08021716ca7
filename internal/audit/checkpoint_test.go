package audit

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
)

func TestCheckpointIsANoteThatAnybodyCanVerify(t *testing.T) {
	k, err := NewKey("example.org/modbot")
	require.NoError(t, err)
	signed, err := k.sign(1204, leaf(3))
	require.NoError(t, err)
	v, err := note.NewVerifier(k.Verifier())
	require.NoError(t, err)
	n, err := note.Open([]byte(signed), note.VerifierList(v))
	require.NoError(t, err)
	require.Equal(t, "example.org/modbot\n1204\n"+leaf(3).String()+"\n", n.Text)
	size, root, err := genuine(signed, k.Origin(), k.Verifier())
	require.NoError(t, err)
	require.EqualValues(t, 1204, size)
	require.Equal(t, leaf(3), root)
}

func TestPublicKeysHaveOneForm(t *testing.T) {
	const made = "example.org/modbot+bdbffb72+AakyLqWgpWNyd8kbq5l3RYmV0DInxWDPTR5O/O/Y36p3"
	require.NoError(t, wellWritten(made))
	for name, text := range map[string]string{
		"a hash in capitals":     strings.Replace(made, "+bd", "+Bd", 1),
		"a line's end":           made + "\n",
		"a line's end within":    strings.Replace(made, "Lq", "L\r\nq", 1),
		"another hash":           strings.Replace(made, "+bd", "+cd", 1),
		"another name":           "example.net" + strings.TrimPrefix(made, "example.org"),
		"a letter too many":      made + "x",
		"none":                   "",
		"something else instead": "nonsense",
	} {
		t.Run(name, func(t *testing.T) { require.Error(t, wellWritten(text)) })
	}
}

func TestCheckpointsThatAreNotGenuine(t *testing.T) {
	k, err := NewKey("example.org/modbot")
	require.NoError(t, err)
	other, err := NewKey("example.org/modbot")
	require.NoError(t, err)
	elsewhere, err := NewKey("example.net/x")
	require.NoError(t, err)
	signed, err := k.sign(7, leaf(3))
	require.NoError(t, err)
	forged, err := other.sign(7, leaf(3))
	require.NoError(t, err)
	foreign, err := elsewhere.sign(7, leaf(3))
	require.NoError(t, err)
	both := signed + forged[strings.LastIndex(forged, "— "):]
	for name, text := range map[string]string{
		"another key":           forged,
		"another ledger":        foreign,
		"an altered size":       strings.Replace(signed, "\n7\n", "\n8\n", 1),
		"a signature more":      both,
		"a line more":           signed + "\n",
		"no signature":          signed[:strings.Index(signed, "— ")],
		"nothing":               "",
		"a bit of the padding":  lastBit(signed),
		"spaces around a name":  strings.Replace(signed, "— ", "—  ", 1),
		"a carriage return":     strings.ReplaceAll(signed, "\n", "\r\n"),
		"a line in its text":    strings.Replace(signed, "\n\n", "\nmore\n\n", 1),
		"a cut-off end of file": signed[:len(signed)-1],
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := genuine(text, k.Origin(), k.Verifier())
			require.Error(t, err)
		})
	}
}

// lastBit changes a bit of a signature's base64 that decodes to nothing.
func lastBit(signed string) string {
	i := strings.LastIndex(signed, "=") - 1
	for signed[i] == '=' {
		i--
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	at := strings.IndexByte(alphabet, signed[i])
	return signed[:i] + string(alphabet[at^1]) + signed[i+1:]
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	t.Run("it is made once, for its owner alone", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "ledger.key")
		keys := make([]*Key, 8)
		var wg sync.WaitGroup
		for i := range keys {
			wg.Go(func() {
				var err error
				if keys[i], err = LoadOrCreateKey(path, "example.org/modbot"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, k := range keys {
			require.Equal(t, keys[0].Verifier(), k.Verifier())
		}
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode())
		left, err := filepath.Glob(path + ".new*")
		require.NoError(t, err)
		require.Empty(t, left)
	})
	t.Run("what is no key of this ledger is refused", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		_, err := LoadOrCreateKey(filepath.Join(dir, "a"), "example.org/modbot")
		require.NoError(t, err)
		_, err = LoadOrCreateKey(filepath.Join(dir, "a"), "example.net/x")
		require.ErrorContains(t, err, "the key of example.org/modbot")
		garbage := filepath.Join(dir, "b")
		require.NoError(t, os.WriteFile(garbage, []byte("secret"), 0o600))
		_, err = LoadOrCreateKey(garbage, "example.org/modbot")
		require.ErrorContains(t, err, garbage)
		require.NotContains(t, err.Error(), "secret", "what is in the file is nobody's business")
		_, err = LoadOrCreateKey(filepath.Join(dir, "no", "c"), "example.org/modbot")
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
	t.Run("an origin is a name", func(t *testing.T) {
		t.Parallel()
		for _, origin := range []string{"", "a b", "a+b", "a\nb"} {
			_, err := NewKey(origin)
			require.Error(t, err)
		}
	})
}
