package bulk

import (
	"cmp"
	"errors"
	"strings"

	"modbot/internal/chat"
	"modbot/internal/commands/grammar"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// verbUnmute is the verb that has no term.
const verbUnmute = "unmute"

// command is what a row says beside its account, or what is wrong with it.
type command struct {
	grammar.Command
	wrong string
}

// row checks one row and keeps it.
func (r *reading) row(line int, c columns) {
	account, wrong := accountOf(c.account)
	c.account = ""
	if r.verb == verbUnmute && c.term != "" {
		c.term, r.file.TermIgnored = "", true
	}
	cmd, known := r.commands[c]
	if !known {
		cmd = r.command(c)
		r.commands[c] = cmd
	}
	for _, w := range []string{wrong, cmd.wrong} {
		if w != "" {
			r.fault(line, "%s", w)
		}
	}
	if wrong != "" || cmd.wrong != "" {
		return
	}
	if at, twice := r.first[account]; twice {
		r.fault(line, "%q is on line %d already. Keep one of the two.", string(account), at)
		return
	}
	r.first[account] = line
	if len(r.file.Rows) == MaxRows {
		if !r.full {
			r.full = true
			r.fault(line, "There are over %d accounts. Split the file and run the parts one after the other.", MaxRows)
		}
		return
	}
	cmd.Accounts = []grammar.AccountArg{{Account: account}}
	r.file.Rows = append(r.file.Rows, Row{Line: line, Command: cmd.Command})
}

// groupPrefix begins the ids that the service makes for groups.
const groupPrefix = "@TGS#"

// accountOf reads an account, exactly as the app spells it.
func accountOf(text string) (mute.Account, string) {
	if strings.HasPrefix(text, groupPrefix) {
		return "", quoted(text) + " is a group. Name accounts."
	}
	account, err := mute.ParseAccount(text)
	switch {
	case text == "":
		return "", "The account is missing. Write it, or remove the line."
	case errors.Is(err, mute.ErrAccountChars):
		return "", quoted(text) + ": the " + err.Error() + " (" + mute.CodePoints(head(text)) + "). Write it as the app does."
	case err != nil:
		return "", quoted(text) + ": the " + err.Error() + ". Write it as the app does."
	}
	return account, ""
}

// shownRunes is how much of a wrong value an error repeats.
const shownRunes = 40

// head is the beginning of a text.
func head(s string) string {
	n := 0
	for i := range s {
		if n == shownRunes {
			return s[:i]
		}
		n++
	}
	return s
}

func quoted(s string) string {
	if h := head(s); h != s {
		s = h + "…"
	}
	return `"` + chat.Visible(s) + `"`
}

// checkDefaults says once what else every row would say.
func (r *reading) checkDefaults() {
	if r.verb == verbUnmute {
		r.defaults.Term = ""
	}
	options := map[string]string{"--term": r.defaults.Term, "--scope": r.defaults.Scope}
	for _, name := range []string{"--term", "--scope"} {
		if options[name] == "" {
			continue
		}
		var problem *texts.Problem
		if name == "--term" {
			_, problem = grammar.ParseTerm(options[name])
		} else {
			_, problem = grammar.ParseScope(options[name])
		}
		if problem != nil {
			r.fault(0, "%s: %s", name, said(problem))
		}
	}
}

// command reads what a row says beside its account.
func (r *reading) command(c columns) command {
	c.term, c.scope, c.reason = cmp.Or(c.term, r.defaults.Term), cmp.Or(c.scope, r.defaults.Scope), cmp.Or(c.reason, r.defaults.Reason)
	if r.verb != verbUnmute && c.term == "" {
		return command{wrong: "It has no term. Add one to the row, or give --term 7d for all that have none."}
	}
	var wrong []string
	for _, check := range []struct {
		value string
		read  func(string) *texts.Problem
	}{
		{c.term, func(s string) *texts.Problem { _, p := grammar.ParseTerm(s); return p }},
		{c.scope, func(s string) *texts.Problem { _, p := grammar.ParseScope(s); return p }},
	} {
		if check.value == "" {
			continue
		}
		if problem := check.read(check.value); problem != nil {
			wrong = append(wrong, said(problem))
		}
	}
	if len(wrong) > 0 {
		return command{wrong: strings.Join(wrong, " ")}
	}
	options := []chat.Option{{Name: "account", Value: "account"}, {Name: "scope", Value: c.scope}, {Name: "reason", Value: c.reason}}
	if r.verb != verbUnmute {
		options = append(options, chat.Option{Name: "term", Value: c.term})
	}
	cmd, problem := r.parser.ParseOptions(r.verb, options)
	switch {
	case problem != nil:
		return command{wrong: problem.Message}
	case cmd.ScopeDoubt:
		return command{wrong: "It has no scope, and its reason speaks of one. Say which: --scope " + cmd.ScopeHint.String() + ", or --scope all."}
	}
	cmd.ScopeGiven = true
	return command{Command: cmd}
}

// said is a problem with the first thing to write instead.
func said(p *texts.Problem) string {
	if p.Suggestion == "" {
		return p.Message
	}
	return p.Message + " → " + p.Suggestion
}
