package commands_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"modbot/internal/chat"
	"modbot/internal/commands"
	"modbot/internal/commands/bulk"
	"modbot/internal/commands/grammar"
	"modbot/internal/mute"
)

// wave is a house whose app has accounts s000, s001, … besides the usual ones.
func wave(t *testing.T, n int) *house {
	t.Helper()
	h := newHouse(t)
	for i := range n {
		h.tencent.fields[mute.Account(fmt.Sprintf("s%03d", i))] = map[mute.Field]time.Time{}
	}
	return h
}

// order reads a file as the command line would.
func order(t *testing.T, verb, file string) commands.Order {
	t.Helper()
	f, err := bulk.Read(strings.NewReader(file), grammar.New(commands.Specs()), verb, bulk.Defaults{Term: "7d", Scope: "group", Reason: "spam wave"})
	require.NoError(t, err)
	require.Empty(t, f.Faults)
	return commands.Order{Verb: verb, Rows: f.Rows}
}

func by(who string) chat.Invocation {
	return chat.Invocation{Platform: chat.Console, Actor: chat.Actor{ID: who, Name: who}}
}

// told gathers what a run says of its rows, by account.
type told map[mute.Account]commands.RowResult

// ran plans and runs a file, and requires that each row is told of once.
func (h *house) ran(who string, o commands.Order) (*commands.Bulk, told) {
	h.t.Helper()
	b, err := h.dispatcher.Plan(h.t.Context(), by(who), o)
	require.NoError(h.t, err)
	return b, h.runs(b, o, commands.Running{})
}

func (h *house) runs(b *commands.Bulk, o commands.Order, how commands.Running) told {
	h.t.Helper()
	out := told{}
	how.Result = func(r commands.RowResult) {
		require.NotContains(h.t, out, r.Account, "told twice")
		out[r.Account] = r
	}
	require.NoError(h.t, b.Run(h.t.Context(), how))
	require.Len(h.t, out, len(o.Rows))
	return out
}

// outcomes is what was told, account by account.
func (o told) outcomes() []string {
	var out []string
	for a, r := range o {
		out = append(out, string(a)+" "+string(r.Outcome)+" "+r.Code)
	}
	slices.Sort(out)
	return out
}

func list(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "s%03d\n", i)
	}
	return b.String()
}
