package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A checkpoint is a signed statement about the tree over the first entries of
// a ledger, in the form of C2SP tlog-checkpoint: a note (golang.org/x/mod's
// sumdb/note) of three lines: origin, number of entries, root in base64.

// checkpointEvery is how many entries lie between the checkpoints that the
// ledger keeps by itself. A root that does not match is bracketed by two.
const checkpointEvery = 1024

func checkpointText(origin string, size int64, root tlog.Hash) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, size, root)
}

// publicOf derives the text form of the public key from that of the private:
// PRIVATE+KEY+name+hash+base64(algorithm byte, seed).
func publicOf(private string) (string, error) {
	parts := strings.SplitN(private, "+", 5)
	if len(parts) != 5 {
		return "", errors.New("it does not hold a signing key")
	}
	raw, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return "", errors.New("it does not hold an Ed25519 key")
	}
	public, ok := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", errors.New("it does not hold an Ed25519 key")
	}
	return note.NewEd25519VerifierKey(parts[2], public)
}

// wellWritten is an error where a public key is not written as publicOf writes
// it. Its hash is read in letters of either case, and its base64 with the ends
// of lines in it: one key has many forms, the ledger keeps this one.
func wellWritten(verifier string) error {
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return fmt.Errorf("the public key %q cannot be read: %w", verifier, err)
	}
	head := fmt.Sprintf("%s+%08x+", v.Name(), v.KeyHash())
	key, ok := strings.CutPrefix(verifier, head)
	raw, err := base64.StdEncoding.DecodeString(key)
	if !ok || err != nil || base64.StdEncoding.EncodeToString(raw) != key {
		return fmt.Errorf("the public key %q is not written as it was made", verifier)
	}
	return nil
}

// openCheckpoint verifies a signed checkpoint and reads it.
func openCheckpoint(signed, origin, verifier string) (size int64, root tlog.Hash, err error) {
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return 0, root, fmt.Errorf("the public key %q cannot be read: %w", verifier, err)
	}
	n, err := note.Open([]byte(signed), note.VerifierList(v))
	if err != nil {
		return 0, root, fmt.Errorf("it is not signed with the key %s: %w", verifier, err)
	}
	got, size, root, err := parseCheckpointText(n.Text)
	if err != nil {
		return 0, root, err
	}
	if got != origin {
		return 0, root, fmt.Errorf("it is a checkpoint of %s, not of %s", got, origin)
	}
	return size, root, nil
}

// genuine reads a checkpoint that the ledger kept: signed by its key alone,
// and written as note.Sign writes, to the last bit.
func genuine(signed, origin, verifier string) (size int64, root tlog.Hash, err error) {
	if size, root, err = openCheckpoint(signed, origin, verifier); err != nil {
		return 0, root, err
	}
	text := checkpointText(origin, size, root)
	signature, ok := strings.CutPrefix(signed, text+"\n— "+origin+" ")
	if !ok {
		return 0, root, errors.New("it is not written as it was signed")
	}
	signature = strings.TrimSuffix(signature, "\n")
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || base64.StdEncoding.EncodeToString(raw) != signature {
		return 0, root, errors.New("its signature is not written as it was signed")
	}
	return size, root, nil
}

func parseCheckpointText(text string) (origin string, size int64, root tlog.Hash, err error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) < 3 {
		return "", 0, root, ErrCheckpoint
	}
	if size, err = parseSize(lines[1]); err != nil {
		return "", 0, root, err
	}
	if root, err = tlog.ParseHash(lines[2]); err != nil {
		return "", 0, root, fmt.Errorf("%w: its third line is no root", ErrCheckpoint)
	}
	return lines[0], size, root, nil
}

// parseSize reads a number of entries as checkpoints write it: digits without
// a leading zero.
func parseSize(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("%w: %q is no number of entries", ErrCheckpoint, s)
	}
	return n, nil
}
