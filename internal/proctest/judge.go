//go:build unix

package proctest

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
)

// stateTolerance is how far what Tencent has may be from the deadline: a request
// may be on its way for onTheWay, asks for up to a second too much, may be slow
// to be applied, and answers are whole seconds.
const stateTolerance = 4 * time.Second

// Missing says which commands may have no case.
type Missing uint8

const (
	// NoneMissing is for people who insist until they are told.
	NoneMissing Missing = iota
	// RefusedMissing are commands that were not acknowledged, or whose actor was
	// told that nothing was done.
	RefusedMissing
	// AcknowledgedMissing are also those that were acknowledged by a process that
	// was killed before it began them.
	AcknowledgedMissing
)

// Rules are what differs between runs. The zero value is the strictest.
type Rules struct {
	Missing Missing
	// Unarrived is how many attempts may be recorded that never reached Tencent:
	// a process that is stopped, and wakes behind the end of an attempt, counts
	// it.
	Unarrived int
	// ClockAway is how long a store with a clock of its own may take to tell the
	// time: modbot takes it for the time when it asked, so that no lease is held
	// for too long, and by so much a mute may end early.
	ClockAway time.Duration
	// Partial says that commands may meet on an account, so that one of two
	// fields may be found as the command wanted it.
	Partial bool
	// Untraced says that of the calls only the number is known.
	Untraced bool
}

// Command is one thing that somebody typed about one account.
type Command struct {
	Account string
	Reason  string        // by which it is known again: no two have the same
	Term    time.Duration // of a mute; else 0
	// Acknowledged says that the platform was answered in time.
	Acknowledged bool
}

// Evidence is what is known of a run, from sides that share no code.
type Evidence struct {
	Rules
	Commands []Command
	Entries  []Entry             // what the ledger has
	Calls    []imsim.Call        // what Tencent was asked
	Has      imsim.Snapshot      // what Tencent has
	Posts    map[string][]string // what the audit channels show, by platform
	Told     map[string][]Heard  // what people were told, see People.Told
}

// Finding is what an Evidence comes to.
type Finding struct {
	Cases        Cases
	Kinds        map[string]int // see Kinds
	Posts        map[string]Posts
	Violations   []string
	Acknowledged int           // commands
	Missing      int           // commands without a case
	Untold       int           // cases whose end nobody heard of
	Calls        int           // that change something
	Latest       time.Duration // the most that a call's deadline is behind the recorded one
	Earliest     time.Duration // the most that one ends the mute too early
	OnTheWay     int           // calls whose deadline is a second behind or more, for being on their way
	ReadBack     int           // cases whose process was gone when they ended
	Unarrived    int           // attempts that are recorded and never arrived

	checkpoints map[string]string // the last that each channel was told of
}

func (f *Finding) violated(format string, args ...any) {
	f.Violations = append(f.Violations, fmt.Sprintf(format, args...))
}

// Judge holds the sides against each other. Every violation is a sentence.
func Judge(e Evidence) *Finding {
	cases, stray := ReadCases(e.Entries)
	f := &Finding{Cases: cases, Kinds: Kinds(e.Entries), Posts: map[string]Posts{}, checkpoints: map[string]string{}}
	for _, o := range stray {
		f.violated("case %d has an outcome and was never begun", o.Case)
	}
	f.judgeCases(e)
	f.judgeCommands(e)
	if !e.Untraced {
		f.judgeCalls(e)
	}
	f.judgeAttempts(e)
	f.judgeState(e)
	f.judgeTold(e.Told)
	f.judgePosts(e)
	return f
}

// judgeCases sees that every case was begun once and ended once, and that no
// delivery became two cases.
func (f *Finding) judgeCases(e Evidence) {
	for _, c := range f.Cases.inOrder() {
		if len(c.Intents) != 1 || len(c.Outcomes) != 1 {
			f.violated("case %d, %s: %d intents and %d final outcomes", c.Number, c.Account(), len(c.Intents), len(c.Outcomes))
			continue
		}
		ends := []string{"done", "failed"}
		if e.Partial {
			ends = append(ends, "partial")
		}
		if !slices.Contains(ends, c.Outcome()) {
			f.violated("case %d, %s, ended as %s", c.Number, c.Account(), c.Outcome())
		}
	}
	for what, by := range map[string]map[string][]int64{
		"delivery": names(e.Entries, delivery), "command": CasesByReason(e.Entries),
	} {
		for name, cases := range by {
			if len(cases) != 1 {
				f.violated("the %s %q has the cases %v", what, name, cases)
			}
		}
	}
}

// judgeCommands sees that every command has its case, and every case a command
// that asked for it.
func (f *Finding) judgeCommands(e Evidence) {
	typed := map[string]Command{}
	for _, c := range e.Commands {
		typed[c.Reason] = c
	}
	begun := map[string]bool{}
	for _, c := range f.Cases.inOrder() {
		intent := c.Intents[0]
		command, known := typed[intent.Reason]
		begun[intent.Reason] = true
		switch asked := intent.Deadline.Sub(intent.Time); {
		case !known || command.Account != intent.Account:
			f.violated("case %d: nobody typed the command %q about %s", c.Number, intent.Reason, intent.Account)
		case command.Term != 0 && (asked-command.Term).Abs() >= time.Second:
			f.violated("case %d, %s: the deadline is %s after the intent, not %s", c.Number, c.Account(), asked, command.Term)
		}
	}
	unnamed := refusals(e.Told[""]) // each may be the answer to any command
	for _, c := range e.Commands {
		if c.Acknowledged {
			f.Acknowledged++
		}
		if begun[c.Reason] {
			continue
		}
		f.Missing++
		refused := !c.Acknowledged || refusals(e.Told[c.Account]) > 0
		if !refused && unnamed > 0 {
			unnamed--
			refused = true
		}
		if e.Missing == NoneMissing || e.Missing == RefusedMissing && !refused {
			f.violated("the command %q about %s was acknowledged, and there is no case of it", c.Reason, c.Account)
		}
	}
}

// judgeAttempts holds the calls to what the ledger has of them. Where the
// process that made them was gone, it could not say how many there were.
func (f *Finding) judgeAttempts(e Evidence) {
	recorded := 0
	for _, c := range f.Cases.inOrder() {
		recorded += c.Attempts
		made := len(c.calls)
		switch {
		case c.Attempts == 0:
			f.ReadBack++
			if made > attemptsMost {
				f.violated("case %d: %d calls and none recorded", c.Number, made)
			}
		case e.Untraced:
		case c.Attempts > made && f.Unarrived+c.Attempts-made <= e.Unarrived:
			f.Unarrived += c.Attempts - made
		case c.Attempts != made:
			f.violated("case %d: %d attempts are recorded, Tencent was called %d times", c.Number, c.Attempts, made)
		}
	}
	if e.Untraced {
		f.Calls = e.Has.Calls[imwire.SetNoSpeaking.String()]
		if f.Calls != recorded {
			f.violated("%d attempts are recorded, Tencent was called %d times", recorded, f.Calls)
		}
	}
}

// judgeState sees that Tencent has what the ledger says, of every account and
// both fields, and that what was applied is said to be.
func (f *Finding) judgeState(e Evidence) {
	want, now := f.Cases.replay(e.Entries), time.Unix(e.Has.Now, 0)
	for _, name := range slices.Sorted(maps.Keys(e.Has.Accounts)) {
		has := e.Has.Accounts[name]
		for _, field := range []struct {
			name string
			has  uint32
		}{{"group", has.Group}, {"c2c", has.C2C}} {
			due, is := time.Duration(0), time.Duration(field.has)*time.Second
			if until := want[name][field.name]; !until.IsZero() {
				due = max(0, until.Sub(now))
			}
			if (is-due).Abs() > stateTolerance || field.has == math.MaxUint32 || (is == 0) != (due == 0) {
				f.violated("%s of %s: Tencent has %s left, the ledger %s", field.name, name, is, due.Round(time.Second))
			}
		}
	}
	if e.Untraced {
		return
	}
	for _, c := range f.Cases.inOrder() {
		if is := c.Outcome(); is == "done" && !c.applied() || is == "failed" && c.applied() {
			f.violated("case %d, %s, is %s, and that a call of it changed something is %t", c.Number, c.Account(), is, c.applied())
		}
	}
}

// judgePosts sees that every audit channel was told of the whole ledger, in
// order, and all of them of the same: no two roots of one size.
func (f *Finding) judgePosts(e Evidence) {
	roots := map[string]string{}
	for _, platform := range slices.Sorted(maps.Keys(e.Posts)) {
		f.Posts[platform] = ReadPosts(e.Posts[platform])
		for _, v := range f.Posts[platform].Violations(Postable(e.Entries)) {
			f.violated("%s: %s", platform, v)
		}
		for _, c := range checkpoints(e.Posts[platform]) {
			if was := cmp.Or(roots[c.size], c.root); was != c.root {
				f.violated("the log has a fork: size %s has the roots %s and %s", c.size, was, c.root)
			}
			roots[c.size] = c.root
			f.checkpoints[platform] = c.size + " " + c.root
		}
		if f.checkpoints[platform] == "" {
			f.violated("%s was told of no checkpoint", platform)
		}
	}
}
