package config

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// What a snippet shows of a line at most, and where the line was cut.
const (
	maxSnippet = 110
	cutMark    = "…"
)

// mask knows which parts of the file's lines must not be shown: values of
// secrets, values of keys that may be misspelled secrets, and whatever a name
// makes look like a secret when the file cannot be parsed at all.
type mask struct {
	lines []string
	from  []int // by line, the first character to hide, from 0; -1 = none
	// words stand after the name of a secret. A broken file can make a key, and
	// so a message, of them.
	words []string
}

// minWord is how long a word after the name of a secret must be to be hidden
// wherever it stands; shorter ones would blank ordinary text.
const minWord = 8

// secretish finds keys that are likely to hold a secret. A key that names a
// file is safe: what it names is checked not to be the secret itself.
var secretish = regexp.MustCompile(`(?i)[\w-]*(?:secret|token|key|passw)[\w-]*["']?[ \t]*:`)

// passwords finds the password in a URL, inQuery one among its parameters.
var (
	passwords = regexp.MustCompile(`(://[^/@\s:]*:)[^/\s]*@`)
	inQuery   = regexp.MustCompile(`(?i)([?&](?:ssl)?password=)[^&\s'"]*`)
)

// maskPasswords hides the passwords of every URL in a text.
func maskPasswords(s string) string {
	return inQuery.ReplaceAllString(passwords.ReplaceAllString(s, "${1}xxxxx@"), "${1}xxxxx")
}

// newMask hides by names alone; the decoder adds what it finds.
func newMask(lines []string) *mask {
	m := &mask{lines: lines, from: slices.Repeat([]int{-1}, len(lines))}
	for i, line := range lines {
		for _, at := range secretish.FindAllStringIndex(line, -1) {
			key := strings.ToLower(strings.Trim(line[at[0]:at[1]], `"': `+"\t"))
			if strings.HasSuffix(key, fileSuffix) || key == "public_key" {
				continue
			}
			m.after(i+1, len([]rune(line[:at[1]])), len([]rune(line[:at[0]]))+1)
			m.remember(line[at[1]:])
			break
		}
	}
	return m
}

// remember takes the words of a secret's value, which ends at the next setting
// of a mapping in one line.
func (m *mask) remember(rest string) {
	value, _, _ := strings.Cut(rest, ", ")
	for _, word := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t,:[]{}\"'", r) }) {
		if len(word) >= minWord {
			m.words = append(m.words, word)
		}
	}
}

// after hides a line (from 1) from a character on (from 0), and the lines that
// follow as long as they are indented deeper than the key, which is at column
// (from 1).
func (m *mask) after(line, character, column int) {
	if line < 1 || line > len(m.lines) {
		return
	}
	m.hide(line, character)
	for next := line + 1; next <= len(m.lines); next++ {
		text := m.lines[next-1]
		indent := len(text) - len(strings.TrimLeft(text, " \t"))
		if strings.TrimSpace(text) != "" && indent < column {
			return
		}
		m.hide(next, 0)
	}
}

// text is a message without passwords of URLs and words that are hidden.
func (m *mask) text(s string) string {
	for _, word := range m.words {
		s = strings.ReplaceAll(s, word, cutMark)
	}
	return maskPasswords(s)
}

func (m *mask) hide(line, character int) {
	if f := m.from[line-1]; f < 0 || character < f {
		m.from[line-1] = character
	}
}

// snippet is what may be shown of a line (from 1).
func (m *mask) snippet(line int) string {
	runes := []rune(m.lines[line-1])
	limit, cut := len(runes), false
	if f := m.from[line-1]; f >= 0 && f < limit {
		limit, cut = f, strings.TrimSpace(string(runes[f:])) != ""
	}
	if limit > maxSnippet {
		limit, cut = maxSnippet, true
	}
	shown := m.text(strings.Map(printable, string(runes[:limit])))
	if cut {
		shown = strings.TrimRight(shown, " ") + " " + cutMark
	}
	return strings.TrimRight(shown, " ")
}

// printable keeps what moves no cursor and reorders no text.
func printable(r rune) rune {
	switch {
	case r == '\t':
		return ' '
	case !unicode.IsPrint(r):
		return unicode.ReplacementChar
	}
	return r
}
