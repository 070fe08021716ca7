package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// breakage is one way of breaking Tencent from the demo's console.
type breakage struct {
	name  string
	fault imsim.Fault
	says  string
}

// slowDelay is how long `sim fail slow` keeps a call: under an attempt's limit.
const slowDelay = 2 * time.Second

// breakages lists what `sim fail` offers. They strike calls that change
// something: those are what an audit log has to tell the truth about.
func breakages() []breakage {
	change := func(f imsim.Fault) imsim.Fault { f.API = imwire.SetNoSpeaking; return f }
	return []breakage{
		{"lost-answer", change(imsim.Fault{Kind: imsim.KindApplyAndDrop}), "the next change is made, and its answer lost"},
		{"lost-request", change(imsim.Fault{Kind: imsim.KindDrop}), "the next change is lost before it is made"},
		{"502", change(imsim.Fault{Kind: imsim.KindHTTP, Status: 502}), "the next change is answered by a broken gateway"},
		{"garbage", change(imsim.Fault{Kind: imsim.KindGarbage}), "the next change is answered with nonsense"},
		{"unclear", change(imsim.Fault{Kind: imsim.KindCode, Code: imwire.CodeServiceTimeout}), "the next change is answered with 60008, which says neither yes nor no"},
		{"refused", change(imsim.Fault{Kind: imsim.KindCode, Code: imwire.CodeUnavailable}), "the next change is refused with 60020"},
		{"slow", change(imsim.Fault{Kind: imsim.KindLatency, Delay: slowDelay}), "the next change takes 2 s"},
	}
}

// simConsole is the demo's hand on its simulator: `sim …`.
type simConsole struct{ sim *imsim.Sim }

// run does one `sim` command and says what it did.
func (c simConsole) run(ctx context.Context, args []string) (string, error) {
	if len(args) == 0 {
		return c.help(), nil
	}
	switch args[0] {
	case "fail":
		return c.fail(args[1:])
	case "ok":
		c.sim.ClearFaults()
		return "The simulated Tencent works again.", nil
	case "state":
		return c.state(), nil
	case "send":
		return c.send(ctx, args[1:])
	case "help":
		return c.help(), nil
	}
	return "", usageError("sim_unknown", fmt.Sprintf("sim has no command %q.", args[0]), "sim help")
}

func (c simConsole) help() string {
	var b strings.Builder
	b.WriteString("sim fail <how> [times]  break the simulated Tencent:\n")
	for _, f := range breakages() {
		fmt.Fprintf(&b, "  %-13s %s\n", f.name, f.says)
	}
	b.WriteString("  code <n>      the next change is answered with that code\n")
	b.WriteString("sim ok                  take the faults back\n")
	b.WriteString("sim state               what Tencent has in effect\n")
	b.WriteString("sim send alice group    let alice send a message, as the app would")
	return b.String()
}

func (c simConsole) fail(args []string) (string, error) {
	if len(args) == 0 {
		return "", usageError("sim_fail", "Say how it should fail.", "sim fail lost-answer")
	}
	var found *breakage
	rest := args[1:]
	for _, b := range breakages() {
		if b.name == args[0] {
			found = &b
		}
	}
	if args[0] == "code" && len(rest) > 0 {
		code, err := strconv.ParseInt(rest[0], 10, 32)
		if err != nil {
			return "", usageError("sim_code", fmt.Sprintf("%q is no error code.", rest[0]), "sim fail code 60008")
		}
		found = &breakage{args[0], imsim.Fault{API: imwire.SetNoSpeaking, Kind: imsim.KindCode, Code: imwire.Code(code)}, "the next change is answered with " + rest[0]}
		rest = rest[1:]
	}
	if found == nil {
		return "", usageError("sim_fail", fmt.Sprintf("sim cannot fail like %q.", args[0]), "sim help")
	}
	fault := found.fault
	if len(rest) > 0 {
		times, err := strconv.Atoi(rest[0])
		if err != nil || times < 1 {
			return "", usageError("sim_times", fmt.Sprintf("%q is no number of times.", rest[0]), "sim fail "+args[0]+" 2")
		}
		fault.Times = times
	}
	if err := c.sim.AddFault(fault); err != nil {
		return "", usageError("sim_fail", err.Error(), "sim help")
	}
	return "Tencent is broken: " + found.says + ".", nil
}

func (c simConsole) state() string {
	snap := c.sim.Snapshot()
	var b strings.Builder
	for _, a := range c.sim.Accounts() {
		st := snap.Accounts[string(a)]
		fmt.Fprintf(&b, "%-8s groups: %-12s one-to-one: %s\n", a, reading(st.Group), reading(st.C2C))
	}
	return strings.TrimRight(b.String(), "\n")
}

// reading is a field's number as people read it.
func reading(wire uint32) string {
	r := mute.ReadingOf(wire)
	switch {
	case r.Permanent():
		return "permanent"
	case r.Muted():
		return fmt.Sprintf("%d s", wire)
	default:
		return "-"
	}
}

func (c simConsole) send(ctx context.Context, args []string) (string, error) {
	const usage = "sim send alice group"
	if len(args) != 2 {
		return "", usageError("sim_send", "Say who sends, and whether to a group or one-to-one (c2c).", usage)
	}
	field, err := mute.ParseField(args[1])
	if err != nil {
		return "", usageError("sim_send", fmt.Sprintf("%q is neither group nor c2c.", args[1]), usage)
	}
	to := "bob"
	if field == mute.Group {
		to = "@TGS#demo"
	}
	env, err := c.sim.Send(ctx, imsim.Message{From: mute.Account(args[0]), Kind: field, To: to})
	if err != nil {
		return "", usageError("sim_send", err.Error(), usage)
	}
	if env.ErrorCode == 0 {
		return args[0] + "'s message is delivered.", nil
	}
	return fmt.Sprintf("%s's message is refused with code %d: %s", args[0], env.ErrorCode, env.ErrorInfo), nil
}
