//go:build unix

package soak

import (
	"fmt"

	"modbot/internal/im/imsim"
	"modbot/internal/proctest"
)

// evidence is what is known of the soak, when modbot has ended. Commands may
// meet on an account, and be refused, or answered by a question; those that were
// acknowledged by a connection that broke may have vanished.
func (w *world) evidence(loads []*load, has imsim.Snapshot) proctest.Evidence {
	w.t.Helper()
	e := w.Evidence()
	e.Rules, e.Has = proctest.Rules{Missing: proctest.AcknowledgedMissing, Partial: true, Untraced: true}, has
	for _, l := range loads {
		for _, d := range l.sent {
			if d.Reason != "" {
				e.Commands = append(e.Commands, d.Typed(d.acked))
			}
		}
	}
	return e
}

// lost are the commands that were acknowledged, and of which neither the ledger
// nor the actor knows anything. unheard counts all whose actor saw no answer
// that says to which command it belongs.
func lost(sent []delivered, marks map[string][]int64, answered map[string]bool) (out []string, unheard int) {
	for _, d := range sent {
		if !d.acked || answered[d.id] {
			continue
		}
		unheard++
		if d.Reason != "" && len(marks[d.Reason]) == 0 {
			out = append(out, fmt.Sprintf("%s (%s)", d.Line(), d.id))
		}
	}
	return out, unheard
}
