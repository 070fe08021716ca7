package audit

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Key signs the checkpoints of one ledger (Ed25519). Its name is the ledger's
// origin. It is kept in a file apart from the store, so that whoever changes
// the store cannot sign what they made of it.
type Key struct {
	origin   string
	verifier string
	signer   note.Signer
}

// Origin is the name of the ledger that the key signs for.
func (k *Key) Origin() string { return k.origin }

// Verifier is the public half in the text form of sumdb/note.
func (k *Key) Verifier() string { return k.verifier }

// NewKey makes a key that is kept nowhere.
func NewKey(origin string) (*Key, error) {
	private, _, err := newKeyText(origin)
	if err != nil {
		return nil, err
	}
	return parseKey(origin, private)
}

// LoadOrCreateKey reads the key file, or makes it, with mode 0600, when there
// is none. Two processes that start together end with the same key.
func LoadOrCreateKey(path, origin string) (*Key, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the path is the operator's own configuration
	if errors.Is(err, fs.ErrNotExist) {
		if err = createKey(path, origin); err == nil || errors.Is(err, fs.ErrExist) {
			text, err = os.ReadFile(path) //nolint:gosec // as above
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the ledger's signing key: %w", err)
	}
	k, err := parseKey(origin, strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("the signing key %s: %w", path, err)
	}
	return k, nil
}

// createKey writes a new key beside its place and links it there, so that a
// key file is whole or absent, and the first of two writers wins.
func createKey(path, origin string) error {
	private, _, err := newKeyText(origin)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // a leftover beside the key does no harm
	_, err = tmp.WriteString(private + "\n")
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Link(tmp.Name(), path)
}

func newKeyText(origin string) (private, public string, err error) {
	if origin == "" || strings.ContainsAny(origin, "+ \t\r\n") {
		return "", "", fmt.Errorf("the ledger's origin %q must be a name without spaces and without a plus sign, like example.org/modbot", origin)
	}
	return note.GenerateKey(rand.Reader, origin)
}

func parseKey(origin, private string) (*Key, error) {
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, errors.New("it does not hold a signing key")
	}
	if signer.Name() != origin {
		return nil, fmt.Errorf("it is the key of %s, not of %s", signer.Name(), origin)
	}
	public, err := publicOf(private)
	if err != nil {
		return nil, err
	}
	return &Key{origin: origin, verifier: public, signer: signer}, nil
}

// sign is the signed checkpoint of a tree.
func (k *Key) sign(size int64, root tlog.Hash) (string, error) {
	signed, err := note.Sign(&note.Note{Text: checkpointText(k.origin, size, root)}, k.signer)
	if err != nil {
		return "", fmt.Errorf("signing the checkpoint of %d entries: %w", size, err)
	}
	return string(signed), nil
}
