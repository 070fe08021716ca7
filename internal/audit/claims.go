package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Claim is what somebody outside says about the tree: a checkpoint in the full
// signed form, or in the short one, as it was found in a text.
type Claim struct {
	Line int    // in which it was found, from 1; 0 where the text has no lines
	Size int64  // number of entries
	Root string // in base64, whole or the beginning of it
	// Signed is the note, where it is in the full form.
	Signed string
	// Message is the number of the channel's message that it ends, and After the
	// checkpoint of the message before; 0 and empty where it does not say.
	Message int64
	After   string
}

// String is the short form.
func (c Claim) String() string {
	return fmt.Sprintf("%d %s", c.Size, c.Root[:min(len(c.Root), rootChars)])
}

// holds reports whether a root is the claimed one.
func (c Claim) holds(root tlog.Hash) bool { return strings.HasPrefix(root.String(), c.Root) }

// forged is why the signature of a full one is not the ledger's.
func (c Claim) forged(origin, verifier string) error {
	if c.Signed == "" {
		return nil
	}
	_, _, err := openCheckpoint(c.Signed, origin, verifier)
	return err
}

// ParseCheckpoints finds the checkpoints in a text: a file, a message that was
// copied from an audit channel with all that is around it, or an export of the
// channel, as text or as JSON. Somebody's words in a post are not taken for the
// post's own. It returns ErrCheckpoint when there is none.
func ParseCheckpoints(text string) ([]Claim, error) {
	var found []Claim
	for _, f := range fragments(text) {
		found = append(found, f.claims()...)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: the short form is the number of entries, a space, and at least %d characters of the root; "+
			"the full one has three lines and a signature", ErrCheckpoint, rootChars)
	}
	return found, nil
}

// fragment is a part of a text that reads by itself.
type fragment struct {
	line  int // of the first
	json  bool
	lines []string
}

// fragments cuts a text into what people wrote: each text in JSON is one, and
// the lines between JSON are.
func fragments(text string) []fragment {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if all, ok := jsonTexts(text, 0); ok {
		return all
	}
	var out []fragment
	var plain fragment
	flush := func() {
		if len(plain.lines) > 0 {
			out = append(out, plain)
		}
		plain = fragment{}
	}
	for i, l := range strings.Split(text, "\n") {
		if texts, ok := jsonTexts(l, i+1); ok {
			flush()
			out = append(out, texts...)
			continue
		}
		if len(plain.lines) == 0 {
			plain.line = i + 1
		}
		plain.lines = append(plain.lines, l)
	}
	flush()
	return out
}

// jsonTexts are the texts in an object or a list of JSON; ok is false when it
// is none.
func jsonTexts(text string, line int) (out []fragment, ok bool) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || trimmed[0] != '{' && trimmed[0] != '[' || !json.Valid([]byte(trimmed)) {
		return nil, false
	}
	for d := json.NewDecoder(strings.NewReader(trimmed)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) || err != nil {
			return out, true
		}
		if s, is := token.(string); is {
			out = append(out, fragment{line: line, json: true, lines: strings.Split(s, "\n")})
		}
	}
}

// at is the line of the text in which a line of the fragment is.
func (f fragment) at(i int) int {
	if f.json {
		return f.line
	}
	return f.line + i
}

// claims are the checkpoints in the fragment.
func (f fragment) claims() []Claim {
	var out []Claim
	bare := make([]string, len(f.lines))
	for i, l := range f.lines {
		bare[i] = undecorated(l)
	}
	for i := 0; i < len(bare); {
		if c, taken, ok := fullClaim(bare[i:]); ok {
			c.Line = f.at(i)
			out = append(out, c)
			i += taken
			continue
		}
		for _, c := range shortClaims(bare[i]) {
			c.Line = f.at(i)
			out = append(out, c)
		}
		i++
	}
	return out
}

// undecorated is a line without what chats and terminals put around code.
func undecorated(l string) string {
	if _, after, ok := strings.Cut(l, "#audit │ "); ok {
		l = after
	}
	return strings.Trim(l, " \t`>*|│")
}

// signatureMark begins the lines of signatures in a note.
const signatureMark = "— "

// fullClaim reads a checkpoint in the full form at the beginning of lines:
// origin, size, root, and the signatures, with or without the empty line
// before them.
func fullClaim(lines []string) (c Claim, taken int, ok bool) {
	const head = 3
	if len(lines) < head || lines[0] == "" {
		return c, 0, false
	}
	size, err := parseSize(lines[1])
	if err != nil {
		return c, 0, false
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return c, 0, false
	}
	var b strings.Builder
	b.WriteString(checkpointText(lines[0], size, root) + "\n")
	taken = head
	for taken < len(lines) && lines[taken] == "" {
		taken++
	}
	for taken < len(lines) && strings.HasPrefix(lines[taken], signatureMark) {
		b.WriteString(lines[taken] + "\n")
		taken++
	}
	return Claim{Size: size, Root: root.String(), Signed: b.String()}, taken, true
}

// Root and number as regular expressions.
const (
	rootExpr = `([A-Za-z0-9+/]{22,43}=?)`
	sizeExpr = `([0-9]{1,18})`
)

var (
	// sealExpr is the end of a message: what follows it in a line is only what
	// platforms add.
	sealExpr = regexp.MustCompile(`(?:^|· )size ` + sizeExpr + ` ` + rootExpr +
		`(?: · message ` + sizeExpr + `(?: after ` + sizeExpr + ` ` + rootExpr + `)?)?(?: \(edited\))?$`)
	// shortExpr is a short form alone in its line.
	shortExpr = regexp.MustCompile(`^(?:size )?` + sizeExpr + ` ` + rootExpr + `$`)
)

// shortClaims reads the short forms that a line ends with.
func shortClaims(line string) []Claim {
	m := sealExpr.FindStringSubmatch(line)
	if m == nil {
		if m = shortExpr.FindStringSubmatch(line); m == nil {
			return nil
		}
		m = append(m, "", "", "")
	}
	size, err := parseSize(m[1])
	if err != nil {
		return nil
	}
	c := Claim{Size: size, Root: m[2]}
	if m[3] != "" {
		if c.Message, err = strconv.ParseInt(m[3], 10, 64); err != nil {
			return nil
		}
	}
	if m[4] == "" {
		return []Claim{c}
	}
	before, err := parseSize(m[4])
	if err != nil {
		return nil
	}
	earlier := Claim{Size: before, Root: m[5]}
	c.After = earlier.String()
	return []Claim{earlier, c}
}

// channelNotes says what the messages that were given say of one another: which
// are missing between them, and where one does not repeat the one before. That
// says nothing of the ledger, and much of the channel.
func channelNotes(claims []Claim) []string {
	var notes []string
	var before Claim
	for _, c := range claims {
		if c.Message == 0 {
			continue
		}
		switch {
		case before.Message == 0 || c.Message <= before.Message:
		case c.Message > before.Message+1:
			notes = append(notes, fmt.Sprintf("between message %d and message %d there are %d that were not given: copy those too, or they were deleted from the channel",
				before.Message, c.Message, c.Message-before.Message-1))
		case c.After != before.String():
			notes = append(notes, fmt.Sprintf("message %d repeats %q as the end of the message before, which ends with %q: one of the two was changed in the channel",
				c.Message, c.After, before.String()))
		}
		before = c
	}
	return notes
}

// bySize sorts claims, and drops those that say the same.
func bySize(claims []Claim) []Claim {
	out := slices.Clone(claims)
	slices.SortStableFunc(out, func(a, b Claim) int { return int(min(1, max(-1, a.Size-b.Size))) })
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(c Claim) bool {
		key := strconv.FormatInt(c.Size, 10) + " " + c.Root + "\n" + c.Signed
		had := seen[key]
		seen[key] = true
		return had
	})
}
