//go:build unix

package soak

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/stretchr/testify/require"

	"modbot/internal/proctest"
)

// The environment says how long (a duration; nothing: no soak) and by which
// numbers things go wrong.
const (
	envLasts = "MODBOT_SOAK"
	envSeed  = "MODBOT_SOAK_SEED"
)

// What holds at the end.
const (
	ackMost = time.Second // of 99 in 100 acknowledgements
	// heapGrowth is the most that the second half's live heap may be, beside the
	// first half's, of what comes after warmUp. Until then memories fill that are
	// bounded: at 20 commands a second, Slack's of the last answers is full.
	heapGrowth     = 1.2
	warmUp         = 4 * time.Minute
	routinesGrowth = 1.2
	routinesSlack  = 30
	drainWithin    = 10 * time.Minute // everything settled and posted after the last command
	shownMost      = 20               // violations of one kind that are printed
)

func TestSoak(t *testing.T) {
	if os.Getenv(envLasts) == "" {
		t.Skip("make soak runs it")
	}
	lasts, err := time.ParseDuration(os.Getenv(envLasts))
	require.NoError(t, err, envLasts)
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(envSeed); text != "" {
		_, err := fmt.Sscan(text, &seed)
		require.NoError(t, err, envSeed)
	}
	t.Logf("%s=%s %s=%d", envLasts, lasts, envSeed, seed)

	w := newWorld(t)
	o := w.soak(lasts, seed)
	o.print(t)
	for _, what := range slices.Sorted(maps.Keys(o.violations)) {
		all := o.violations[what]
		t.Errorf("%s (%d):\n  %s", what, len(all), strings.Join(all[:min(len(all), shownMost)], "\n  "))
	}
}

// outcome is what a soak came to.
type outcome struct {
	rows       []table.Row
	violations map[string][]string
}

func (o *outcome) row(what string, values ...any) {
	o.rows = append(o.rows, append(table.Row{what}, values...))
}

func (o *outcome) violated(what string, all ...string) {
	if len(all) > 0 {
		o.violations[what] = append(o.violations[what], all...)
	}
}

func (o *outcome) print(t *testing.T) {
	t.Helper()
	out := table.NewWriter()
	out.AppendHeader(table.Row{"what", "Slack", "Discord", "both"})
	out.AppendRows(o.rows)
	t.Logf("\n%s", out.Render())
}

// soak runs the load and the trouble, lets everything drain, ends modbot, and
// looks at what is there.
func (w *world) soak(lasts time.Duration, seed uint64) *outcome {
	w.t.Helper()
	idle := w.sample()
	loads := []*load{
		{platform: proctest.Slack, send: w.typeOnSlack},
		{platform: proctest.Discord, send: w.typeOnDiscord},
	}
	trouble := newTrouble(w, seed)
	over := make(chan struct{})
	timer := time.AfterFunc(lasts, func() { close(over) })
	defer timer.Stop()
	var samples []sample
	var beside, typing sync.WaitGroup
	beside.Go(func() { trouble.make(over, lasts) })
	beside.Go(func() { samples = w.watch(over) })
	for i, l := range loads {
		l.random, l.muted = rand.New(rand.NewPCG(seed, uint64(i)+2)), map[int]string{}
		typing.Go(func() { l.run(w.t.Context(), lasts) })
	}
	beside.Wait()
	typing.Wait()

	drained := time.Now()
	proctest.AwaitSettled(w.t, drainWithin, w.serve.Admin)
	rest := w.sample()
	o := &outcome{violations: map[string][]string{}}
	o.row("drained after the last command", "", "", time.Since(drained).Round(time.Second))
	has := w.tencentHas()
	if exit := w.serve.Stop(); exit != 0 {
		o.violated("modbot did not end well", fmt.Sprintf("exit code %d", exit))
	}
	e := w.evidence(loads, has)
	w.judgeService(o, e, loads)
	w.judgeRecords(o, e)
	w.judgeFigures(o, lasts, idle, samples, rest)
	for _, what := range slices.Sorted(maps.Keys(trouble.counts)) {
		platform, name, _ := strings.Cut(what, ": ")
		row := map[string]table.Row{
			proctest.Slack: {"put in the way: " + name, trouble.counts[what]}, proctest.Discord: {"put in the way: " + name, "", trouble.counts[what]},
		}[platform]
		if row == nil {
			row = table.Row{"put in the way, Tencent: " + name, "", "", trouble.counts[what]}
		}
		o.rows = append(o.rows, row)
	}
	return o
}

// judgeService looks at what people had of it: answers in time, and none that
// were forgotten.
func (w *world) judgeService(o *outcome, e proctest.Evidence, loads []*load) {
	w.t.Helper()
	marks := proctest.CasesByReason(e.Entries)
	var sent, acked, p50, p99, worst, silent, posts, marked [2]any
	for i, l := range loads {
		var took []time.Duration
		for _, d := range l.sent {
			if d.acked {
				took = append(took, d.took)
			}
		}
		sent[i], acked[i] = len(l.sent), len(took)
		p50[i], p99[i], worst[i] = quantile(took, .5), quantile(took, .99), quantile(took, 1)
		slices.Sort(took)
		if n := len(took); n == 0 || took[(n-1)*99/100] > ackMost {
			o.violated("acknowledgements are late", l.platform+": "+quantile(took, .99))
		}
		answered, directs := w.People.Answered(l.platform)
		vanished, unheard := lost(l.sent, marks, answered)
		if len(vanished) > directs {
			o.violated("commands vanished on "+l.platform, vanished...)
		}
		silent[i] = fmt.Sprintf("%d, with %d direct messages", unheard, directs)
		told := proctest.ReadPosts(e.Posts[l.platform])
		posts[i], marked[i] = fmt.Sprintf("%d in %d messages", len(told.First), told.Messages), told.Marked
	}
	for _, r := range []struct {
		what   string
		values [2]any
	}{
		{"commands", sent},
		{"acknowledged", acked},
		{"acknowledged within, half", p50},
		{"acknowledged within, 99 of 100", p99},
		{"acknowledged within, all", worst},
		{"not answered where they were typed", silent},
		{"entries posted", posts},
		{"entries repeated, marked", marked},
	} {
		o.row(r.what, r.values[0], r.values[1])
	}
}

// judgeRecords holds the ledger against Tencent and against what people saw.
func (w *world) judgeRecords(o *outcome, e proctest.Evidence) {
	w.t.Helper()
	f := w.Judge(e)
	o.row("cases begun", "", "", len(f.Cases))
	for _, kind := range slices.Sorted(maps.Keys(f.Kinds)) {
		o.row("entries: "+kind, "", "", f.Kinds[kind])
	}
	o.row("calls of setnospeaking", "", "", f.Calls)
	o.violated("the records differ", f.Violations...)
}

// judgeFigures holds the process to its size, after it has come up to speed. A
// soak that is hardly longer than that shows its figures and is not judged by
// its heap.
func (w *world) judgeFigures(o *outcome, lasts time.Duration, idle sample, all []sample, rest sample) {
	w.t.Helper()
	judged := lasts >= 2*warmUp
	from := len(all) / 10
	if judged {
		from = int(int64(len(all)) * int64(warmUp) / int64(lasts))
	}
	half := (from + len(all)) / 2
	first, second := all[from:half], all[half:]
	for _, f := range []struct {
		what string
		of   func(sample) float64
		show func(float64) string
	}{
		{"live heap", live, megabytes},
		{"resident memory", resident, megabytes},
		{"goroutines", goroutines, func(n float64) string { return fmt.Sprintf("%.0f", n) }},
	} {
		o.row(f.what+": idle, first half, second half, drained", "", "", strings.Join([]string{
			f.show(f.of(idle)), f.show(middle(first, f.of)), f.show(middle(second, f.of)), f.show(f.of(rest)),
		}, ", "))
	}
	var tenths []string
	for i := range 10 {
		tenths = append(tenths, fmt.Sprintf("%.1f", middle(all[i*len(all)/10:(i+1)*len(all)/10], live)/1e6))
	}
	o.row("live heap by tenths of the time, MB", "", "", strings.Join(tenths, " "))
	o.row("ran for", "", "", lasts)
	if was, is := middle(first, live), middle(second, live); judged && is > heapGrowth*was {
		o.violated("the heap grows", fmt.Sprintf("%s, then %s", megabytes(was), megabytes(is)))
	}
	if was, is := middle(first, goroutines), middle(second, goroutines); is > routinesGrowth*was+routinesSlack {
		o.violated("goroutines pile up", fmt.Sprintf("%.0f, then %.0f", was, is))
	}
	if rest.goroutines > idle.goroutines+routinesSlack {
		o.violated("goroutines are left over", fmt.Sprintf("%.0f when idle before, %.0f after", idle.goroutines, rest.goroutines))
	}
}
