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

// claim is what somebody outside says about the tree: the whole root, or the
// beginning of its base64.
type claim struct {
	size   int64
	prefix string
}

// holds reports whether a root is the claimed one.
func (c claim) holds(root tlog.Hash) bool { return strings.HasPrefix(root.String(), c.prefix) }

// parseClaim reads a checkpoint in the full signed form or in the short one.
// The signature of a full one is checked when forged is asked for: it returns
// why the signature is not the ledger's.
func parseClaim(text, origin, verifier string) (c claim, forged, err error) {
	text = strings.TrimLeft(text, " \t\r\n")
	if strings.Contains(strings.TrimSpace(text), "\n") {
		text = strings.ReplaceAll(text, "\r\n", "\n")
		if !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		_, size, root, perr := parseCheckpointText(text)
		if perr != nil {
			return c, nil, perr
		}
		_, _, forged = openCheckpoint(text, origin, verifier)
		return claim{size: size, prefix: root.String()}, forged, nil
	}
	c, err = parseShort(text)
	return c, nil, err
}

// parseShort reads the short form, also with the words that a post has around
// it: "size 1204 q83v…".
func parseShort(text string) (claim, error) {
	words := strings.Fields(text)
	if len(words) > 0 && words[0] == "size" {
		words = words[1:]
	}
	if len(words) != 2 {
		return claim{}, fmt.Errorf("%w: the short form is the number of entries, a space, and %d characters of the root", ErrCheckpoint, rootChars)
	}
	size, err := parseSize(words[0])
	if err != nil {
		return claim{}, err
	}
	full := len(tlog.Hash{}.String())
	if len(words[1]) < rootChars || len(words[1]) > full {
		return claim{}, fmt.Errorf("%w: the root has %d characters, it takes at least %d", ErrCheckpoint, len(words[1]), rootChars)
	}
	for _, c := range words[1] {
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", c) {
			return claim{}, fmt.Errorf("%w: %q is no base64", ErrCheckpoint, words[1])
		}
	}
	return claim{size: size, prefix: words[1]}, nil
}
