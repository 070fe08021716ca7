package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"modbot/internal/audit"
	"modbot/internal/chat"
	"modbot/internal/mute"
)

// showView is what `audit show --json` prints: the entry as in a listing, and
// with it what is hashed and how its case stands.
type showView struct {
	entryView
	// Body is what the leaf is the hash of: SHA-256 over a zero byte and these
	// bytes (RFC 6962).
	Body    string    `json:"body"`
	CaseNow *caseView `json:"case_now"`
}

// caseView is how a case stands.
type caseView struct {
	Number   int64   `json:"number"`
	Status   string  `json:"status"`
	Outcome  *string `json:"outcome"`
	FirstSeq int64   `json:"first_seq"`
	LastSeq  int64   `json:"last_seq"`
	Opened   *string `json:"opened"`
	Ended    *string `json:"ended"`
	Notes    int     `json:"notes"`
}

func newAuditShowCommand(env *environment, which *ledgerFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "show NUMBER",
		Short: "Show one entry whole, with its leaf hash and its case",
		Long: `Show one entry whole: every field that it has, how its case stands now, the
stored body and its leaf hash in the tree, which is SHA-256 over a zero byte and
the body (RFC 6962), in base64. Personal fields that were lawfully erased are
said to be.`,
		Example: "  modbot audit show 12 -c modbot.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("number", "Say which entry, by its number.", "modbot audit show 1")
			}
			seq, err := entryNumber(args[0], "an entry")
			if err != nil {
				return err
			}
			ledger, err := which.open(cmd, env)
			if err != nil {
				return err
			}
			defer ledger.Close() //nolint:errcheck // it was only read
			v, err := showOf(cmd, ledger.Log, seq)
			if err != nil {
				return err
			}
			if env.json {
				enc := json.NewEncoder(env.out)
				enc.SetEscapeHTML(false)
				return enc.Encode(v)
			}
			return printEntry(env.out, v)
		},
	}
}

// showOf reads all there is to show of an entry.
func showOf(cmd *cobra.Command, log *audit.Log, seq int64) (showView, error) {
	ctx := cmd.Context()
	e, err := log.Entry(ctx, seq)
	if errors.Is(err, audit.ErrNoEntry) {
		return showView{}, failWith(exitFailed, "no_entry", fmt.Sprintf("There is no entry %d.", seq), "modbot audit ls", err)
	}
	if err != nil {
		return showView{}, ledgerError(err)
	}
	row, err := log.Stored(ctx, seq)
	if err != nil {
		return showView{}, ledgerError(err)
	}
	account, err := newAccountNames(log).of(ctx, e)
	if err != nil {
		return showView{}, ledgerError(err)
	}
	v := showView{entryView: newEntryView(e, account), Body: row.Body}
	if e.Case == 0 {
		return v, nil
	}
	c, err := log.Case(ctx, e.Case)
	if err != nil {
		return showView{}, ledgerError(err)
	}
	v.CaseNow = &caseView{
		Number: c.Number, Status: string(c.Status), Outcome: orNull(string(c.Outcome)),
		FirstSeq: c.FirstSeq, LastSeq: c.LastSeq, Opened: timeOrNull(c.Opened), Ended: timeOrNull(c.Ended), Notes: len(c.Notes),
	}
	return v, nil
}

// printEntry shows an entry to people: one field a line, those that it has.
func printEntry(w io.Writer, v showView) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(t, "entry\t%d\n", v.Seq)
	for _, f := range fieldsOf(v) {
		if f.value != "" {
			_, _ = fmt.Fprintf(t, "%s\t%s\n", f.name, chat.Visible(f.value))
		}
	}
	return t.Flush()
}

type namedField struct{ name, value string }

// fieldsOf lists the fields of an entry in the order in which they are read.
func fieldsOf(v showView) []namedField {
	str := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	num := func(n *int64) string {
		if n == nil {
			return ""
		}
		return fmt.Sprintf("%d", *n)
	}
	count := func(n *int) string {
		if n == nil {
			return ""
		}
		return fmt.Sprintf("%d", *n)
	}
	erased := ""
	if v.Erased {
		erased = "(erased)"
	}
	return []namedField{
		{"time", v.Time},
		{"id", v.ID},
		{"kind", v.Kind},
		{"outcome", str(v.Outcome)},
		{"tencent's code", count(v.Code)},
		{"attempts", count(v.Attempts)},
		{"case", caseShown(v)},
		{"batch", num(v.Batch)},
		{"about entry", num(v.About)},
		{"verb", str(v.Verb)},
		{"personal fields", erased},
		{"account", str(v.Account)},
		{"account number", num(v.AccountNumber)},
		{"scope", str(v.Scope)},
		{"in effect", str(v.Effect)},
		{"term", termShown(v.entryView)},
		{"deadline", str(v.Deadline)},
		{"before", stateShown(v.Before)},
		{"after", stateShown(v.After)},
		{"actor", str(v.Actor)},
		{"actor's name", str(v.ActorName)},
		{"member", str(v.Member)},
		{"role", str(v.Role)},
		{"rule", str(v.Rule)},
		{"choice", str(v.Choice)},
		{"reason", str(v.Reason)},
		{"note", str(v.Note)},
		{"snapshot", string(v.Snapshot)},
		{"platform", str(v.Platform)},
		{"workspace", str(v.Workspace)},
		{"channel", str(v.Channel)},
		{"channel's name", str(v.ChannelName)},
		{"client", str(v.Client)},
		{"invocation key", str(v.Key)},
		{"planned on", num(v.Planned)},
		{"lapses", str(v.Expires)},
		{"replica", str(v.Replica)},
		{"leaf", v.Leaf},
		{"body", v.Body},
	}
}

// termShown is a term as it is typed.
func termShown(v entryView) string {
	if v.Permanent {
		return mute.Permanent().String()
	}
	if v.TermSeconds == nil {
		return ""
	}
	term, err := mute.Seconds(*v.TermSeconds)
	if err != nil {
		return ""
	}
	return term.String()
}

// caseShown is the case's number and how it stands.
func caseShown(v showView) string {
	if v.CaseNow == nil {
		return ""
	}
	return fmt.Sprintf("%d (now %s)", v.CaseNow.Number, v.CaseNow.Status)
}

// stateShown is what Tencent said of both fields.
func stateShown(s *stateView) string {
	if s == nil {
		return ""
	}
	return "group: " + fieldShown(s.Group) + ", c2c: " + fieldShown(s.C2C)
}

func fieldShown(f fieldView) string {
	switch {
	case f.Permanent:
		return "permanent"
	case f.Seconds == nil || *f.Seconds == 0:
		return "not muted"
	default:
		return fmt.Sprintf("%d s", *f.Seconds)
	}
}
