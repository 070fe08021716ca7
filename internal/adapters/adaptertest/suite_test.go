package adaptertest

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A platform that does everything right passes everything.
func TestRun(t *testing.T) { Run(t, reference(faults{})) }

// Each fault is found by the check that is there for it.
func TestRun_FindsFaults(t *testing.T) {
	for name, c := range map[string]struct {
		faults faults
		check  string
	}{
		"acknowledges after the core":   {faults{acksLate: true}, "the platform is acknowledged while the core works"},
		"makes up keys":                 {faults{freshKeys: true}, "a delivery that comes twice is one command"},
		"has one key for all":           {faults{oneKey: true}, "a delivery becomes an invocation"},
		"mixes answers up":              {faults{mixesUp: true}, "many at once get each their own answer"},
		"answers twice":                 {faults{answersTwice: true}, "an answer is shown once"},
		"forgets what was settled":      {faults{forgetsLate: true}, "an unknown answer is settled later"},
		"believes anybody":              {faults{believesForged: true}, "a forged delivery reaches nobody"},
		"escapes nothing":               {faults{escapesNothing: true}, "hostile text stays text: ping of a channel"},
		"escapes twice":                 {faults{escapesTwice: true}, "hostile text stays text: entities"},
		"lets overrides through":        {faults{hidesNothing: true}, "hostile text stays text: right-to-left override"},
		"lets lines be forged":          {faults{hidesNothing: true}, "hostile text stays text: a line of our own"},
		"cuts answers inside a letter":  {faults{cutsRunes: true}, "a long answer keeps whole characters"},
		"cuts posts inside a letter":    {faults{cutsRunes: true}, "a long post keeps whole characters"},
		"loses posts":                   {faults{losesPosts: true}, "a backlog is posted in order and whole"},
		"turns posts around":            {faults{turnsAround: true}, "a backlog is posted in order and whole"},
		"bodies are empty names":        {faults{keepsBodies: true}, "a frozen body outlives its process"},
		"changes a frozen body":         {faults{changesBody: true}, "a backlog is posted in order and whole"},
		"repeats without a word":        {faults{ignoresRepeat: true}, "a repeat is marked or swallowed"},
		"keeps the wait to itself":      {faults{hidesWait: true}, "a post that is told to wait says so"},
		"keeps the refusal to itself":   {faults{hidesRefusal: true}, "a post that is refused for its content says so"},
		"posts for a caller who left":   {faults{ignoresCancel: true}, "a post of a cancelled caller is an error"},
		"doesn't end":                   {faults{neverEnds: true}, "an idle adapter ends when it is told to"},
		"leaves a goroutine":            {faults{leaks: true}, "an adapter that never began anything ends"},
		"leaves while the core works":   {faults{leavesCore: true}, "an adapter ends while the core works"},
		"gives roles that nobody knows": {faults{givesRoles: true}, "roles that cannot be looked up refuse"},
		"loses what a click is about":   {faults{losesClick: true}, "a pressed button says what it belongs to"},
		"offers what wasn't typed":      {faults{offersAll: true}, "values are offered while typing"},
		"panics without posts":          {faults{panicsOnNothing: true}, "no posts are no message"},
	} {
		t.Run(name, func(t *testing.T) {
			require.True(t, fails(t, named(t, c.check), reference(c.faults)), "%q passes", c.check)
		})
	}
}

// A harness that leaves something unsaid is refused.
func TestRun_FindsSilentHarnesses(t *testing.T) {
	for name, spoil := range map[string]func(h *Harness){
		"one actor":               func(h *Harness) { h.Actors = h.Actors[:1] },
		"no channel":              func(h *Harness) { h.Channel = nil },
		"a trait without a word":  func(h *Harness) { h.Forge = nil },
		"a trait with both":       func(h *Harness) { h.Lacks[Signature] = "nobody forges" },
		"a lack without a reason": func(h *Harness) { h.Lacks[TextLimit] = " " },
		"a trait nobody knows":    func(h *Harness) { h.Lacks["telepathy"] = "not yet" },
	} {
		t.Run(name, func(t *testing.T) {
			factory := func(tb testing.TB, trace *Trace) Harness {
				tb.Helper()
				h := reference(faults{})(tb, trace)
				spoil(&h)
				return h
			}
			require.True(t, fails(t, named(t, "an idle adapter ends when it is told to"), factory))
		})
	}
}

func named(t *testing.T, name string) check {
	t.Helper()
	for _, c := range checks() {
		if c.name == name {
			return c
		}
	}
	require.FailNow(t, "no such check", name)
	return check{}
}

// faultPatience is how long a check that has to fail may wait.
const faultPatience = 300 * time.Millisecond

// fails reports whether a check fails. It runs as the testing package runs
// tests: FailNow ends the goroutine.
func fails(t *testing.T, c check, factory Factory) bool {
	t.Helper()
	rec := &recorder{TB: t}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				rec.Errorf("panic: %v", p)
			}
		}()
		c.run(rec, factory, faultPatience)
	})
	wg.Wait()
	return rec.Failed()
}

// recorder is a test whose failure is what is wanted.
type recorder struct {
	testing.TB
	mu     sync.Mutex
	failed bool
}

func (r *recorder) Fail() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

func (r *recorder) FailNow() {
	r.Fail()
	runtime.Goexit()
}

func (r *recorder) Helper()                           {}
func (r *recorder) Error(args ...any)                 { r.Logf("%s", fmt.Sprint(args...)); r.Fail() }
func (r *recorder) Errorf(format string, args ...any) { r.Logf(format, args...); r.Fail() }
func (r *recorder) Fatal(args ...any)                 { r.Logf("%s", fmt.Sprint(args...)); r.FailNow() }
func (r *recorder) Fatalf(format string, args ...any) { r.Logf(format, args...); r.FailNow() }
func (r *recorder) Skipf(format string, args ...any)  { r.Logf(format, args...); runtime.Goexit() }

// Logf keeps what a wanted failure says to itself, unless asked.
func (r *recorder) Logf(format string, args ...any) {
	if testing.Verbose() {
		r.TB.Logf("expected: "+format, args...)
	}
}
