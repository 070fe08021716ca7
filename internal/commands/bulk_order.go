package commands

import (
	"context"
	"errors"
	"strings"

	"modbot/internal/chat"
	"modbot/internal/commands/bulk"
	"modbot/internal/commands/policy"
	"modbot/internal/texts"
)

// Order is a file that somebody wants done.
type Order struct {
	Verb string
	Rows []bulk.Row
	// Name identifies the batch in the place of its content.
	Name string
	// Again begins another batch when the last one of this identity is finished.
	Again bool
	// Retry begins another batch of the rows that failed, when the last one of
	// this identity is finished.
	Retry bool
	// SkipUnknown leaves out accounts that do not exist; else they are an error.
	SkipUnknown bool
	// Checked is told how many rows were looked at; nil for nobody.
	Checked func(rows int)
}

// OrderError is why a file is not begun: nothing was sent. Only a refusal is on
// record.
type OrderError struct {
	Code  string
	Why   string       // whole sentences
	Rows  []bulk.Fault // the rows that are meant, as far as there are some
	More  int          // rows beyond those
	Cause error
}

func (e *OrderError) Error() string { return e.Why }

func (e *OrderError) Unwrap() error { return e.Cause }

// FaultsShown is how many faulty rows are listed.
const FaultsShown = 20

// refuse records that the whole file was refused. It returns e.
func (b *Bulk) refuse(ctx context.Context, e *OrderError, decision policy.Decision, lines []chat.Line) error {
	h := b.d.head(b.r, "")
	h.Role, h.Rule = decision.Role, decision.Rule
	c, err := b.d.ledger.Refuse(ctx, h)
	if err != nil {
		return b.d.orderTrouble(b.r, err)
	}
	e.Code, e.Why = "refused_"+codeOf(decision.Failed), plain(texts.InCase(append(lines, texts.NothingBegun()), c.Number))
	return e
}

func (e *OrderError) note(f bulk.Fault) {
	if len(e.Rows) == FaultsShown {
		e.More++
		return
	}
	e.Rows = append(e.Rows, f)
}

// orderTrouble is an error on the way to a plan, made for people.
func (d *Dispatcher) orderTrouble(r *request, err error) error {
	if _, told := errors.AsType[*OrderError](err); told {
		return err
	}
	res := d.trouble(r, "", err)
	if r.rolesErr != nil {
		res = &result{code: "roles_unknown", lines: texts.RolesUnknown(texts.Refusal{})}
	}
	return &OrderError{Code: res.code, Why: plain(res.lines), Cause: err}
}

// plain is lines as one text; those that are no sentences are kept apart.
func plain(lines []chat.Line) string {
	var out strings.Builder
	for i, l := range lines {
		text := l.Plain()
		out.WriteString(text)
		switch {
		case i == len(lines)-1:
		case strings.HasSuffix(text, "."), strings.HasSuffix(text, "?"), strings.HasSuffix(text, ":"):
			out.WriteByte(' ')
		default:
			out.WriteString("; ")
		}
	}
	return out.String()
}
