package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"modbot/internal/commands"
	"modbot/internal/commands/bulk"
)

const (
	// farEvery is how often a line says how far a run is, where no bar can.
	farEvery = 10 * time.Second
	// barEvery is how often the bar is drawn.
	barEvery = 100 * time.Millisecond
	// rowsShown is how many rows that are not done are shown to people; the
	// report has all.
	rowsShown = 20
)

// teller says what becomes of a file: rows and the summary on standard output,
// how far it is on standard error, and everything in the report. A bar and the
// lines of the audit channel never meet in one line.
type teller struct {
	env    *environment
	flags  bulkFlags
	file   bulk.File
	report *bulkReport

	mu       sync.Mutex
	bar      *progressbar.ProgressBar
	total    int
	ahead    int // rows that an earlier run did, which count for no rate
	began    time.Time
	said     time.Time
	counts   map[commands.RowOutcome]int
	shown    []commands.RowResult // the first that are not done
	batch    int64
	finished bool
	writeErr error
}

func newTeller(env *environment, f bulkFlags, file bulk.File, report *bulkReport) *teller {
	t := &teller{env: env, flags: f, file: file, report: report, counts: map[commands.RowOutcome]int{}}
	if file.TermIgnored {
		t.say("The terms in the file are not looked at: an unmute has none.")
	}
	for _, fault := range file.Faults {
		t.report.add(commands.RowResult{Line: fault.Line, Outcome: commands.RowNotDone, Code: "invalid", Detail: fault.Message})
	}
	if n := len(file.Faults); n > 0 {
		t.say("%s", faultList(fmt.Sprintf("%s left out:", rowCount(n)), file.Faults, 0))
	}
	return t
}

// quiet is the environment for the rest of the program: what it writes goes
// around the bar.
func (t *teller) quiet(env *environment) *environment {
	e := *env
	e.out, e.err = &aside{t, env.out}, &aside{t, env.err}
	return &e
}

// aside clears the bar before something else is written.
type aside struct {
	t *teller
	w io.Writer
}

func (a *aside) Write(b []byte) (int, error) {
	a.t.mu.Lock()
	defer a.t.mu.Unlock()
	a.t.clear()
	return a.w.Write(b)
}

func (t *teller) clear() {
	if t.bar != nil {
		_ = t.bar.Clear() // a bar that cannot be drawn is no reason to stop
	}
}

// say is a line for people about the run itself.
func (t *teller) say(format string, args ...any) {
	t.clear()
	_, _ = fmt.Fprintf(t.env.err, "modbot: %s\n", visible(fmt.Sprintf(format, args...)))
}

// start begins to show how far something is.
func (t *teller) start(what string, total, ahead int) {
	t.total, t.ahead, t.began, t.said = total, ahead, time.Now(), time.Now()
	if !terminal(t.env.err) {
		return
	}
	t.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(t.env.err), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(barEvery), progressbar.OptionClearOnFinish())
	if ahead > 0 {
		_ = t.bar.Set(ahead)
	}
}

// at moves to how many are through.
func (t *teller) at(what string, n int) {
	if t.bar != nil {
		_ = t.bar.Set(n)
		return
	}
	now := time.Now()
	if now.Sub(t.said) < farEvery {
		return
	}
	t.said = now
	perSecond := float64(n-t.ahead) / now.Sub(t.began).Seconds()
	left := ""
	if perSecond > 0 {
		left = fmt.Sprintf(", %.0f a second, %s left", perSecond, time.Duration(float64(t.total-n)/perSecond*float64(time.Second)).Round(time.Second))
	}
	t.say("%s: %d of %d%s", what, n, t.total, left)
}

// checked is told how many rows were looked at.
func (t *teller) checked(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.total == 0 {
		t.start("checking", len(t.file.Rows), 0)
	}
	t.at("checking", n)
}

// begin begins the run itself.
func (t *teller) begin(ahead int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case ahead > 0 && t.batch == 0:
		t.say("A new batch of %s that failed.", rowCount(len(t.file.Rows)-ahead))
	case ahead > 0:
		t.say("Batch %d goes on: %d of %d rows were begun before.", t.batch, ahead, len(t.file.Rows))
	}
	t.start(t.doing(), len(t.file.Rows), ahead)
}

func (t *teller) doing() string { return strings.TrimSuffix(t.flags.verb, "e") + "ing" }

func (t *teller) endProgress() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clear()
	t.bar, t.total = nil, 0
}

// paused says that nothing can be begun for a while.
func (t *teller) paused(why string, wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.say("paused for %s: %s", wait, why)
}

func (t *teller) resumed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.say("goes on")
}

// rowLine is a row for machines.
type rowLine struct {
	Type    string              `json:"type"`
	Line    int                 `json:"line"`
	Account string              `json:"account"`
	Outcome commands.RowOutcome `json:"outcome"`
	Case    *int64              `json:"case"`
	Code    string              `json:"code"`
	Text    string              `json:"text"`
	Try     *string             `json:"try"`
	Earlier bool                `json:"earlier"`
}

// row is told of each row, once.
func (t *teller) row(r commands.RowResult) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[r.Outcome]++
	t.report.add(r)
	if r.Outcome != commands.RowDone && r.Outcome != commands.RowExpected && len(t.shown) < rowsShown {
		t.shown = append(t.shown, r)
	}
	if t.env.json {
		t.encode(rowLine{
			Type: "row", Line: r.Line, Account: string(r.Account), Outcome: r.Outcome, Case: orNil(r.Case), Code: r.Code,
			Text: r.Detail, Try: orNil(r.Try), Earlier: r.Earlier,
		})
	}
	if t.total > 0 {
		n := 0
		for _, c := range t.counts {
			n += c
		}
		t.at(t.doing(), n)
	}
}

func orNil[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

func (t *teller) encode(v any) {
	t.clear()
	if err := json.NewEncoder(t.env.out).Encode(v); err != nil && t.writeErr == nil {
		t.writeErr = err
	}
}

// end writes the report and the summary, and returns the exit.
func (t *teller) end(ctx context.Context, ended error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	name, reportErr := "", error(nil)
	if t.flags.report != "" || !t.flags.dry && !t.finished && t.batch != 0 {
		name, reportErr = t.report.write(t.batch)
	}
	t.summary(ctx, name, ended)
	if t.env.json && ended != nil { // the reason beside the count, as every error is said
		_ = report(t.env.out, true, orderError(ended, t.flags))
	} else if ended != nil {
		_ = report(t.env.err, false, orderError(ended, t.flags))
	}
	switch {
	case reportErr != nil:
		return failWith(exitFailed, "report", fmt.Sprintf("The report cannot be written: %v", reportErr), t.flags.line("--report", "other.csv"), reportErr)
	case t.writeErr != nil:
		return failWith(exitFailed, "output", fmt.Sprintf("The outcomes cannot be written: %v", t.writeErr), "", t.writeErr)
	case ended != nil:
		ce, _ := errors.AsType[*commandError](orderError(ended, t.flags))
		return exitSilently(ce.exit)
	case !t.allDone():
		return exitSilently(exitFailed)
	}
	return nil
}

func (t *teller) allDone() bool {
	return t.counts[commands.RowDone]+t.counts[commands.RowExpected] == len(t.file.Rows) && len(t.file.Faults) == 0
}
