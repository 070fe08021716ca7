package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/commands/grammar"
	"modbot/internal/mute"
	"modbot/internal/texts"
)

// parsed is what `modbot parse --json` prints of a command, every key always.
type parsed struct {
	Verb      *string  `json:"verb"`
	Accounts  []string `json:"accounts"`
	Seconds   *int64   `json:"term_seconds"`
	Permanent bool     `json:"permanent"`
	Scope     *string  `json:"scope"`
	Reason    *string  `json:"reason"`
	Case      *int64   `json:"case"`
}

// parsedCommand is a command in its fixed JSON form.
func parsedCommand(c grammar.Command) parsed {
	out := parsedTerm(c.Term)
	out.Verb = &c.Verb
	for _, a := range c.Accounts {
		name := string(a.Account)
		if a.Mention != "" {
			name = a.String()
		}
		out.Accounts = append(out.Accounts, name)
	}
	if c.Scope != 0 {
		out.Scope = new(c.Scope.String())
	}
	if c.Reason != "" {
		out.Reason = &c.Reason
	}
	if c.Case != 0 {
		out.Case = &c.Case
	}
	return out
}

// parsedTerm is a term alone in the same form.
func parsedTerm(t mute.Term) parsed {
	out := parsed{Accounts: []string{}, Permanent: t.IsPermanent()}
	if n, ok := t.Seconds(); ok {
		out.Seconds = &n
	}
	return out
}

func newParseCommand(env *environment) *cobra.Command {
	var term string
	cmd := &cobra.Command{
		Use:   "parse '<command>'",
		Short: "Show what modbot understands of a command, without running it",
		Long: `Show what modbot understands of a command, as it is typed in a chat. Nothing is
run and nothing is contacted.

With - in the place of the command, every line of standard input is one. With
--term, a length of time is read as from a field of its own.

Exit codes: 0 understood, 64 not understood (the fix is printed).`,
		Example: `  modbot parse '/mute alice 1d12h group spam'
  modbot parse --json 'mute alice, bob 2h'
  modbot parse --term 1d12h
  modbot parse --json - < commands.txt`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			parser := grammar.New(commands.Specs())
			switch {
			case cmd.Flags().Changed("term") && len(args) > 0:
				return usageError("usage", "Give a command or --term, not both.", "modbot parse --help")
			case cmd.Flags().Changed("term"):
				return parseTermField(env, term)
			case len(args) == 0:
				return usageError("usage", "Which command? Put it in quotation marks.", "modbot parse '/mute alice 2h group spam'")
			case len(args) == 1 && args[0] == "-":
				return parseLines(env, parser)
			}
			command, problem := parser.Parse(strings.Join(args, " "))
			if problem != nil {
				return problemError(env, problem)
			}
			return printParsed(env, command)
		},
	}
	cmd.Flags().StringVar(&term, "term", "", "read a length of time instead of a command")
	return cmd
}

// parseTermField prints a term alone.
func parseTermField(env *environment, s string) error {
	term, problem := grammar.ParseTerm(s)
	if problem != nil {
		return problemError(env, problem)
	}
	if env.json {
		return printJSON(env.out, parsedTerm(term))
	}
	_, err := fmt.Fprintln(env.out, termForPeople(term))
	return err
}

// parseLines reads standard input, a command a line, and goes on after lines
// that cannot be understood.
func parseLines(env *environment, parser *grammar.Parser) error {
	scanner := bufio.NewScanner(env.in)
	// A line over the grammar's limit still has to be read to be refused.
	scanner.Buffer(nil, 4*grammar.MaxLineBytes)
	failed := false
	for scanner.Scan() {
		command, problem := parser.Parse(scanner.Text())
		var err error
		switch {
		case problem == nil:
			err = printParsed(env, command)
		case env.json:
			failed = true
			err = printJSON(env.out, map[string]any{"error": problemJSON(problem)})
		default:
			failed = true
			_, err = fmt.Fprintln(env.out, problem.In(texts.Place{}).Plain())
		}
		if err != nil {
			return fmt.Errorf("printing what was understood: %w", err)
		}
	}
	if err := scanner.Err(); err != nil {
		return failWith(exitUsage, texts.CodeLineTooLong, fmt.Sprintf("Standard input cannot be read as lines: %v.", err), "modbot parse --help", err)
	}
	if failed {
		return exitSilently(exitUsage)
	}
	return nil
}

// problemError ends the program with a problem. For people it is printed here,
// because a problem may offer several readings.
func problemError(env *environment, p *texts.Problem) error {
	if env.json {
		return problemJSON(p)
	}
	if _, err := fmt.Fprintf(env.err, "modbot: %s\n", p.In(texts.Place{}).Plain()); err != nil {
		return fmt.Errorf("printing a problem: %w", err)
	}
	return exitSilently(exitUsage)
}

// problemJSON is a problem in the fixed form of errors.
func problemJSON(p *texts.Problem) error {
	return usageError(p.Code, p.Message, p.Suggestion)
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printParsed prints a command for whoever reads.
func printParsed(env *environment, c grammar.Command) error {
	if env.json {
		return printJSON(env.out, parsedCommand(c))
	}
	w := tabwriter.NewWriter(env.out, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	row("verb", c.Verb)
	for _, a := range c.Accounts {
		row("account", chat.Visible(a.String()))
	}
	if c.Case != 0 {
		row("case", fmt.Sprint(c.Case))
	}
	if !c.Term.IsZero() {
		row("term", termForPeople(c.Term))
	}
	row("scope", scopeForPeople(c))
	row("by", chat.Visible(c.By))
	row("choice", c.Choice)
	row("about", c.Topic)
	row("reason", chat.Visible(c.Reason))
	row("note", chat.Visible(c.Note))
	return w.Flush()
}

func termForPeople(t mute.Term) string {
	if n, ok := t.Seconds(); ok {
		return fmt.Sprintf("%s (%d seconds)", t, n)
	}
	return t.String()
}

func scopeForPeople(c grammar.Command) string {
	switch {
	case c.Scope == 0:
		return ""
	case c.ScopeGiven:
		return c.Scope.String()
	case c.ScopeDoubt:
		return fmt.Sprintf("%s (none was said, and the reason speaks of %s: modbot would ask)", c.Scope, c.ScopeHint)
	}
	return c.Scope.String() + " (none was said)"
}
