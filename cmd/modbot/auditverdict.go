package main

import (
	"encoding/base64"
	"fmt"
	"strings"

	"modbot/internal/audit"
)

// givenShown is how many checkpoints that do not hold are listed.
const givenShown = 20

// verifiedText says in plain words what was checked and what cannot be known,
// or what is wrong.
func verifiedText(r audit.Report, keyed bool) string {
	var b strings.Builder
	if r.OK {
		fmt.Fprintf(&b, "audit log verified: %s\n  root: %s\n", counted(r.Entries, "entry", "entries"), base64.StdEncoding.EncodeToString(r.Root[:]))
		writeChecked(&b, r, keyed)
		writeUnknown(&b, r)
	} else {
		where := "the first bad entry cannot be told"
		if r.FirstBad != nil {
			where = fmt.Sprintf("entry %d is the first that is not as it was written", *r.FirstBad)
		}
		fmt.Fprintf(&b, "AUDIT LOG ALTERED: %s.\n  %s\n", where, r.Problem)
		writeGiven(&b, r.Given)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "  note: %s\n", n)
	}
	return b.String()
}

// counted is a number with its noun.
func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// writeChecked lists what was compared with what.
func writeChecked(b *strings.Builder, r audit.Report, keyed bool) {
	c := r.Checked
	b.WriteString("  checked:\n")
	line := func(format string, args ...any) { fmt.Fprintf(b, "  - "+format+"\n", args...) }
	line("%s: none is missing, each is what its hash says, and together they have this root", counted(r.Entries, "entry", "entries"))
	line("personal values of %s: what the entries commit to", counted(c.Personal, "entry", "entries"))
	if c.Erased > 0 {
		line("personal values of %s are erased, and an entry says so of each", counted(c.Erased, "entry", "entries"))
	}
	key := "the key that the log names itself"
	if keyed {
		key = "the configured key"
	}
	line("%s that the log keeps: on its way to this root, and signed with %s,\n    %s",
		counted(c.Checkpoints, "checkpoint", "checkpoints"), key, c.Verifier)
	line("%s, %s, %s and %s: what a replay of the entries makes",
		counted(c.Cases, "case", "cases"), counted(c.Accounts, "account", "accounts"),
		counted(c.Mutes, "active mute", "active mutes"), counted(c.Links, "link", "links"))
	switch n := len(r.Given); n {
	case 0:
	case 1:
		line("the log extends the checkpoint that was given, over %s", counted(r.Given[0].Size, "entry", "entries"))
	default:
		line("the log extends each of the %d checkpoints that were given, over %d to %d entries", n, r.Given[0].Size, r.Given[n-1].Size)
	}
}

// writeUnknown says what a sound log does not show by itself.
func writeUnknown(b *strings.Builder, r audit.Report) {
	if len(r.Given) == 0 {
		b.WriteString(`  not known without a checkpoint from outside: whether the newest entries were cut
  off, an old copy was restored, or all of it was written anew with the key.
  → modbot audit verify --checkpoint FILE (a message copied from the audit channel)
`)
		return
	}
	if last := r.Given[len(r.Given)-1].Size; last < r.Entries {
		fmt.Fprintf(b, "  not covered by what was given: the entries after %d, for which the key alone speaks\n", last)
	}
}

// writeGiven lists the checkpoints from outside that do not hold, where there
// were several.
func writeGiven(b *strings.Builder, given []audit.Given) {
	if len(given) < 2 {
		return
	}
	shown := 0
	for _, g := range given {
		if g.Problem == "" {
			continue
		}
		if shown++; shown > givenShown {
			b.WriteString("  …\n")
			return
		}
		where := ""
		if g.Line > 0 {
			where = fmt.Sprintf(" (line %d)", g.Line)
		}
		fmt.Fprintf(b, "  does not hold: %s%s\n", g, where)
	}
}
