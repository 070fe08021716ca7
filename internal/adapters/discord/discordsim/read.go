package discordsim

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// View is content as a reader sees it in Discord's client.
type View struct {
	Text string
	// Live is what the client acts upon instead of showing it: mentions, links,
	// emoji, headings, quotes, lists, emphasis other than bold, overrides of the
	// writing direction.
	Live []string
}

// Read shows content as Discord's client would: markup is taken out of the text,
// and what it makes is listed as live, but for bold, code and times, which
// modbot uses itself; times read as "2006-01-02 15:04 UTC" or "in …".
func Read(content string) View {
	v := reader{rules: markup()}
	for i, line := range strings.Split(content, "\n") {
		if i > 0 {
			v.Text += "\n"
		}
		v.line(line)
	}
	return v.View
}

// reader reads one message.
type reader struct {
	View
	rules []rule
}

func (v *reader) live(what, text string) { v.Live = append(v.Live, what+" "+strconv.Quote(text)) }

// rule is markup: what it looks like at the current place, and what becomes of
// it.
type rule struct {
	name    string
	first   string // the characters that it may begin with
	pattern *regexp.Regexp
	shown   func(v *reader, m []string)
}

func (v *reader) line(line string) {
	for _, r := range lineMarkup() {
		if m := r.pattern.FindString(line); m != "" {
			v.live(r.name, m)
			line = line[len(m):]
			break
		}
	}
	v.inline(line)
}

// inline reads markup inside of a line: the first rule that matches, else one
// character.
func (v *reader) inline(text string) {
	before := ' '
	for text != "" {
		matched := false
		for _, r := range v.rules {
			if strings.IndexByte(r.first, text[0]) < 0 {
				continue
			}
			m := r.pattern.FindStringSubmatch(text)
			if m == nil || r.name == "emoji" && isWord(before) {
				continue
			}
			r.shown(v, m)
			before, _ = utf8.DecodeLastRuneInString(m[0])
			text, matched = text[len(m[0]):], true
			break
		}
		if matched {
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		if unicode.Is(unicode.Bidi_Control, r) || unicode.IsControl(r) {
			v.live("control", string(r))
		}
		v.Text += text[:size]
		before, text = r, text[size:]
	}
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// lineMarkup is what makes a whole line something else.
var lineMarkup = sync.OnceValue(func() []rule { //nolint:gochecknoglobals // compiled once
	return []rule{
		{name: "heading", pattern: regexp.MustCompile(`^\s*(#{1,3}|-#)\s`)},
		{name: "quote", pattern: regexp.MustCompile(`^\s*>(>>)?\s`)},
		{name: "list", pattern: regexp.MustCompile(`^\s*([-*+]|\d+[.)])\s`)},
	}
})

// markup are the rules inside of a line, in the order in which they are tried.
var markup = sync.OnceValue(func() []rule { //nolint:gochecknoglobals // compiled once
	acting := func(name, first, pattern string) rule {
		return rule{name, first, regexp.MustCompile(`^(?:` + pattern + `)`), func(v *reader, m []string) {
			v.live(name, m[0])
			v.Text += m[0]
		}}
	}
	wrapping := func(name, first, pattern string, live bool) rule {
		return rule{name, first, regexp.MustCompile(`^(?:` + pattern + `)`), func(v *reader, m []string) {
			if live {
				v.live(name, m[0])
			}
			v.inline(m[1])
		}}
	}
	return slices.Concat([]rule{
		{"escape", `\`, regexp.MustCompile(`^\\([^0-9A-Za-z\s])`), func(v *reader, m []string) { v.Text += m[1] }},
		{"code", "`", regexp.MustCompile("^`([^`]+)`"), func(v *reader, m []string) { v.Text += m[1] }},
		{"block", "`", regexp.MustCompile("^(`{2,})([^`]+)`{2,}"), func(v *reader, m []string) {
			v.live("code block", m[0])
			v.Text += m[2]
		}},
		{"time", "<", regexp.MustCompile(`^<t:(-?\d+)(?::([a-zA-Z]))?>`), func(v *reader, m []string) { v.Text += moment(m[1], m[2]) }},
		{"jump", "h", regexp.MustCompile(`^https://discord\.com/channels/\d+/\d+/\d+`), func(v *reader, m []string) { v.Text += m[0] }},
	}, []rule{
		acting("mention", "<", `<@[!&]?\d+>|<#\d+>|<id:[a-z]+>|</[^>]+:\d+>`),
		acting("custom emoji", "<", `<a?:\w+:\d+>`),
		acting("everyone", "@", `@everyone|@here`),
		acting("masked link", "[", `\[[^\]]+\]\([^)]+\)`),
		acting("link", "<hs", `<?(?:https?|steam)://[^\s<]+>?`),
		acting("invitation", "d", `discord(?:\.gg|(?:app)?\.com/invite)/\w+`),
		acting("emoji", ":", `:[a-zA-Z0-9_+-]+:`),
	}, []rule{
		wrapping("bold", "*", `\*\*((?:\\.|[^\\*])+)\*\*`, false),
		wrapping("underline", "_", `__((?:\\.|[^\\])+?)__`, true),
		wrapping("strike", "~", `~~((?:\\.|[^\\])+?)~~`, true),
		wrapping("spoiler", "|", `\|\|((?:\\.|[^\\])+?)\|\|`, true),
		wrapping("emphasis", "*", `\*((?:\\.|[^\\*\s])(?:\\.|[^\\*])*)\*`, true),
		wrapping("emphasis", "_", `_((?:\\.|[^\\_])+)_`, true),
	})
})

// moment is a time code as text.
func moment(unix, style string) string {
	n, err := strconv.ParseInt(unix, 10, 64)
	if err != nil {
		return "Invalid Date"
	}
	at := time.Unix(n, 0).UTC()
	if style == "R" {
		return "relative to " + at.Format("2006-01-02 15:04 UTC")
	}
	return at.Format("2006-01-02 15:04 UTC")
}
