package blocks

import "strings"

var unescaper = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// Typed undoes what Slack makes of typed text before it delivers it (with
// should_escape in the manifest): links that it saw in bob.io or a@b.c are the
// typed text again, and the entities of & < > are decoded, once. Mentions of
// people, channels and groups stay as they are, in angle brackets.
func Typed(text string) string {
	if !strings.ContainsAny(text, "<&") {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for {
		open := strings.IndexByte(text, '<')
		if open < 0 {
			b.WriteString(unescaper.Replace(text))
			return b.String()
		}
		b.WriteString(unescaper.Replace(text[:open]))
		text = text[open:]
		end := strings.IndexAny(text[1:], "<>") + 1
		if end == 0 || text[end] == '<' { // a bracket of nothing
			b.WriteByte('<')
			text = text[1:]
			continue
		}
		b.WriteString(bracket(text[:end+1]))
		text = text[end+1:]
	}
}

// bracket is what stands for <…>.
func bracket(whole string) string {
	inner := whole[1 : len(whole)-1]
	target, face, faced := strings.Cut(inner, "|")
	if !link(target) {
		return whole
	}
	if faced && face != "" {
		return unescaper.Replace(face)
	}
	return unescaper.Replace(strings.TrimPrefix(target, "mailto:"))
}

// link reports whether Slack made a link of it: it begins with a scheme.
// Mentions begin with @, # or !.
func link(target string) bool {
	scheme, _, found := strings.Cut(target, ":")
	if !found || scheme == "" {
		return false
	}
	for _, r := range scheme {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("+.-", r) {
			return false
		}
	}
	return scheme[0] > '9'
}
