package grammar

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"modbot/internal/mute"
	"modbot/internal/texts"
)

// The two quotation marks, in their ASCII forms.
const (
	doubleQuote = '"'
	singleQuote = '\''
)

// groupPrefix begins the id of a group that the service made.
const groupPrefix = "@TGS#"

// element is one item of a list as it stands in the line, before anything is
// made of it.
type element struct {
	text   string // normal; inside quotation marks as typed
	quoted bool
	tail   string // what touches the closing quotation mark
	open   bool   // the quotation mark is never closed; text is the first word behind it
	single bool   // it is a single one
}

// element reads an item: a quoted text, a mention, or what comes before the
// next space or comma.
func (c cursor) element() (element, cursor) {
	c = c.blank()
	r, n := c.rune()
	switch {
	case r == doubleQuote || r == singleQuote:
		return c.quoted(r, n)
	case r == '<' && isMention(c.text()):
		end := c.pos + strings.IndexByte(c.text(), '>') + 1
		return element{text: c.src[c.pos:end]}, cursor{src: c.src, pos: end}
	}
	rest := c.bare()
	return element{text: rest.since(c.pos)}, rest
}

// bare moves to the next space or comma.
func (c cursor) bare() cursor {
	return c.skip(func(r rune) bool { return !unicode.IsSpace(r) && r != ',' })
}

// since is the source from start to the cursor, in its normal form.
func (c cursor) since(start int) string { return strings.Trim(normal(c.src[start:c.pos]), "`") }

// quoted reads a text between quotation marks; two marks in a row are one of
// the text. The cursor stands before the opening mark of n bytes.
func (c cursor) quoted(mark rune, width int) (element, cursor) {
	at := c
	at.pos += width
	var text strings.Builder
	for {
		r, n := at.rune()
		if n == 0 {
			rest := cursor{src: c.src, pos: c.pos + width}.bare()
			return element{text: rest.since(c.pos + width), quoted: true, open: true, single: mark == singleQuote}, rest
		}
		next := cursor{src: at.src, pos: at.pos + n}
		if r != mark {
			text.WriteString(at.src[at.pos:next.pos])
			at = next
			continue
		}
		if after, width := next.rune(); after == mark {
			text.WriteRune(mark)
			at.pos = next.pos + width
			continue
		}
		rest := next.bare()
		return element{text: text.String(), quoted: true, tail: rest.since(next.pos)}, rest
	}
}

// comma moves over commas and the spaces around them; found says whether there
// was one.
func (c cursor) comma() (rest cursor, found bool) {
	rest = c.skip(func(r rune) bool {
		found = found || r == ','
		return r == ',' || unicode.IsSpace(r) || texts.Ignorable(r) || r == '`'
	})
	return rest, found
}

// accounts reads a list of accounts: one, and one more behind each comma. In a
// line the first must not read as something else; stop says where the list ends
// even behind a comma. Where the list is wrong, the fixes replace all of it up
// to the cursor that is returned.
func (c cursor) accounts(inLine bool, stop func(cursor) bool) ([]AccountArg, cursor, *fault) {
	var list []AccountArg
	seen := map[AccountArg]bool{}
	for {
		e, rest := c.element()
		arg, f := e.account(inLine && len(list) == 0)
		if f != nil {
			for i, fix := range f.fixes {
				f.fixes[i] = formatAccounts(append(slices.Clone(list), AccountArg{Account: mute.Account(fix)}))
			}
			return list, rest, f
		}
		if id := (AccountArg{Account: arg.Account, Mention: arg.Mention}); !seen[id] {
			seen[id], list = true, append(list, arg)
		}
		next, found := rest.comma()
		if !found || next.end() || stop(next) {
			return list, next, nil
		}
		c = next
	}
}

// account makes an account of an item. Its fixes are accounts.
func (e element) account(strict bool) (AccountArg, *fault) {
	if f := e.quotation(); f != nil {
		return AccountArg{}, f
	}
	if !e.quoted {
		if strings.HasPrefix(e.text, "<") && isMention(e.text) {
			return e.mention()
		}
		if f := e.bare(strict); f != nil {
			return AccountArg{}, f
		}
	}
	account, err := mute.ParseAccount(e.text)
	switch {
	case errors.Is(err, mute.ErrAccountEmpty):
		return AccountArg{}, &fault{problem: texts.AccountEmpty()}
	case errors.Is(err, mute.ErrAccountTooLong):
		return AccountArg{}, &fault{problem: texts.AccountTooLong(e.text)}
	case err != nil:
		return AccountArg{}, &fault{texts.AccountCharacters(e.text), asciiWidth(e.text)}
	}
	return AccountArg{Account: account, Quoted: e.quoted}, nil
}

// quotation refuses quotation marks that do not stand around the whole item.
func (e element) quotation() *fault {
	switch {
	case e.open && e.single: // it may be an apostrophe
		return &fault{texts.AccountOpenQuote(e.text), append(plausible(string(singleQuote)+e.text), plausible(e.text)...)}
	case e.open:
		return &fault{texts.AccountOpenQuote(e.text), plausible(e.text)}
	case e.tail != "":
		return &fault{texts.AccountQuoteTail(e.text, e.tail), plausible(e.text)}
	}
	return nil
}

// bare refuses what has to be quoted to be an account; strict refuses what
// reads as a term or a scope, too.
func (e element) bare(strict bool) *fault {
	switch {
	case len(e.text) >= len(groupPrefix) && strings.EqualFold(e.text[:len(groupPrefix)], groupPrefix):
		return &fault{problem: texts.AccountGroup(e.text)}
	case strings.HasPrefix(e.text, "<@"), strings.HasPrefix(e.text, "<#"), strings.HasPrefix(e.text, "<!"):
		return &fault{problem: texts.AccountMention(e.text)}
	case strings.HasPrefix(e.text, "@"):
		return &fault{texts.AccountAt(e.text), append(plausible(strings.TrimLeft(e.text, "@")), plausible(e.text)...)}
	case strict:
		if as := readsAs(e.text); as != "" {
			return &fault{texts.AccountQuotes(e.text, as), plausible(e.text)}
		}
	}
	return nil
}

// readsAs says what a word is that cannot be the first account without
// quotation marks; empty when it can.
func readsAs(s string) string {
	if permanent(s) {
		return "a length of time"
	}
	if _, _, err := splitTerm(s); err == nil {
		return "a length of time"
	}
	if scope, _ := scopeOf(s); scope != 0 {
		return "a scope"
	}
	return ""
}

// plausible is s when it is an account, as a list of fixes.
func plausible(s string) []string {
	if _, err := mute.ParseAccount(s); err != nil {
		return nil
	}
	return []string{s}
}

// asciiWidth offers the ASCII forms of full-width letters and digits, which an
// input method may have made; nothing else looks like one character only.
func asciiWidth(s string) []string {
	const first, last, shift = '！', '～', '！' - '!'
	return plausible(strings.Map(func(r rune) rune {
		if r >= first && r <= last {
			return r - shift
		}
		return r
	}, s))
}

// Quote is an account as it has to be typed to be read as itself.
func Quote(a mute.Account) string {
	s := string(a)
	bare := s != "" && strings.Trim(s, "`") == s && !strings.ContainsAny(s, " ,\"'<@") &&
		!strings.Contains(s, ":") && fold(s) != VerbHelp && readsAs(s) == "" && len(plausible(s)) > 0
	if bare {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// formatAccounts is a list as it has to be typed.
func formatAccounts(list []AccountArg) string {
	items := make([]string, 0, len(list))
	for _, a := range list {
		items = append(items, a.String())
	}
	return strings.Join(items, ", ")
}

// String is the account as it has to be typed.
func (a AccountArg) String() string {
	if a.Mention != "" {
		return "<@" + a.Mention + ">"
	}
	return Quote(a.Account)
}
