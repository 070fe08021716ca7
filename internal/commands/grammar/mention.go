package grammar

import (
	"regexp"
	"strings"

	"modbot/internal/texts"
)

// personMention is what platforms make of a mentioned person: Slack's
// <@U123|bob> and Discord's <@123> and <@!123>.
var personMention = regexp.MustCompile(`^<@!?([A-Za-z0-9]{1,64})(?:\|([^<>]*))?>$`)

// isMention reports whether a text begins as a mention of anything and is
// closed.
func isMention(s string) bool {
	if len(s) < 2 || s[0] != '<' || !strings.ContainsRune("@!#", rune(s[1])) {
		return false
	}
	end := strings.IndexAny(s, ">\n")
	return end > 0 && s[end] == '>'
}

// mention makes an account of a mentioned person.
func (e element) mention() (AccountArg, *fault) {
	if m := personMention.FindStringSubmatch(e.text); m != nil {
		return AccountArg{Mention: m[1], Name: m[2]}, nil
	}
	if strings.HasPrefix(e.text, "<@") && !strings.HasPrefix(e.text, "<@&") {
		return AccountArg{}, &fault{problem: texts.AccountMention(e.text)}
	}
	return AccountArg{}, &fault{problem: texts.AccountNotPerson(e.text)}
}
