package audit_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"pgregory.net/rapid"

	"modbot/internal/audit"
	"modbot/internal/mute"
	"modbot/internal/testclock"
)

// The model: one process after the other works on a ledger, with commands and
// all three workers, and dies at a random COMMIT, before or after it was
// applied. A dead process does nothing more: it writes nothing, and neither
// Tencent nor the channel hears of it. In the end every intent has one
// outcome, the ledger believes what Tencent does, and the channel was told of
// everything, in order, with every repeat marked.

// world is one run of the model.
type world struct {
	rt       *rapid.T
	store    audit.Store
	key      *audit.Key
	clock    *testclock.Clock
	tencent  *tencent
	channel  *channel
	accounts []mute.Account
	from     int64 // size of the ledger before the run
	now      *process
}

// start begins the next life.
func (w *world) start(l *life) {
	p := &process{life: l, world: w}
	var err error
	p.ledger, err = audit.Open(zap.NewNop(), &mortal{w.store, p.life}, audit.Options{Origin: testOrigin, Signer: w.key, Now: w.clock.Now})
	require.NoError(w.rt, err)
	p.settler = audit.NewSettler(zap.NewNop(), p.ledger, p)
	p.expirer = audit.NewExpirer(zap.NewNop(), p.ledger, p)
	p.deliverer = audit.NewDeliverer(zap.NewNop(), p.ledger, p)
	w.now = p
}

// alive is the process that works, a new one where the last has died.
func (w *world) alive(rt *rapid.T) *process {
	if w.now == nil || w.now.dead.Load() {
		w.start(&life{left: rapid.IntRange(0, 12).Draw(rt, "commits"), applied: rapid.Bool().Draw(rt, "applied")})
	}
	return w.now
}

// does accepts what a process answers: an error only when it died.
func (w *world) does(p *process, err error) {
	if !p.dead.Load() {
		require.NoError(w.rt, err)
	}
}

// command is a moderator's: begin, call, finish.
func (w *world) command(rt *rapid.T) {
	p := w.alive(rt)
	account := rapid.SampledFrom(w.accounts).Draw(rt, "account")
	scope := rapid.SampledFrom([]mute.Scope{mute.ScopeGroup, mute.ScopeC2C, mute.ScopeAll}).Draw(rt, "scope")
	var term mute.Term
	if rapid.Bool().Draw(rt, "mute") {
		term = seconds(w.rt, rapid.Int64Range(60, 600).Draw(rt, "term"))
	}
	answer := rapid.SampledFrom([]string{"yes", "no", "lost before", "lost after"}).Draw(rt, "answer")
	b, err := begin(context.Background(), p.ledger, account, scope, term)
	if p.dead.Load() {
		return
	}
	if _, busy := errors.AsType[*audit.BusyError](err); busy {
		return
	}
	require.NoError(w.rt, err)
	r := audit.Result{Outcome: audit.OutcomeUnknown, Attempts: 1}
	switch answer {
	case "yes":
		w.apply(account, scope, term, b)
		r.Outcome = audit.OutcomeDone
	case "no":
		r.Outcome = audit.OutcomeFailed
	case "lost after":
		w.apply(account, scope, term, b)
		fallthrough
	case "lost before":
		r.LockedUntil = w.clock.Now().Add(6 * time.Second)
	}
	_, err = p.ledger.Finish(context.Background(), b.Token, r)
	w.does(p, err)
}

// apply is what a request does at Tencent.
func (w *world) apply(a mute.Account, s mute.Scope, term mute.Term, b audit.Begun) {
	if term.IsZero() {
		w.tencent.lift(a, s)
		return
	}
	w.tencent.set(a, s, b.Deadline)
}

func (w *world) settle(rt *rapid.T) {
	p := w.alive(rt)
	_, _, err := p.settler.Once(context.Background())
	w.does(p, err)
}

func (w *world) expire(rt *rapid.T) {
	p := w.alive(rt)
	_, _, err := p.expirer.Once(context.Background())
	w.does(p, err)
}

func (w *world) deliver(rt *rapid.T) {
	p := w.alive(rt)
	_, _, err := p.deliverer.Once(context.Background())
	w.does(p, err)
}

// weather makes Tencent or the channel fail, or work again.
func (w *world) weather(rt *rapid.T) {
	w.tencent.failing(rapid.SampledFrom([]func(mute.Account) error{nil, down}).Draw(rt, "tencent"))
	w.channel.answering(rapid.SampledFrom([]func(message) (bool, error){
		nil,
		func(message) (bool, error) { return false, errors.New("lost on the way there") },
		func(message) (bool, error) { return true, errors.New("lost on the way back") },
		func(message) (bool, error) { return false, &platformError{wait: time.Second} },
		func(m message) (bool, error) {
			if m.Stub {
				return true, nil
			}
			return false, &platformError{content: true}
		},
	}).Draw(rt, "channel"))
}

func (w *world) time(rt *rapid.T) {
	w.clock.Advance(rapid.SampledFrom([]time.Duration{
		time.Second, 6 * time.Second, 16 * time.Second, 2 * time.Minute, 8 * 24 * time.Hour,
	}).Draw(rt, "time"))
}

// quiesce lets a last process, which does not die, end everything.
func (w *world) quiesce() {
	w.tencent.failing(nil)
	w.channel.answering(nil)
	w.start(&life{left: -1})
	quiet := 0
	for range 100 {
		w.clock.Advance(audit.LeaseTime + audit.SettleGrace)
		work := 0
		for _, once := range []func(context.Context) (int, time.Time, error){
			w.now.settler.Once, w.now.expirer.Once, w.now.deliverer.Once,
		} {
			n, _, err := once(context.Background())
			require.NoError(w.rt, err)
			work += n
		}
		if quiet++; work > 0 {
			quiet = 0
		}
		if quiet == 3 {
			return
		}
	}
	w.rt.Fatal("there is no end of it")
}

// leave lets every mute of the run end, so that the next run is not disturbed.
func (w *world) leave() {
	w.clock.Advance(time.Hour)
	_, _, err := w.now.expirer.Once(context.Background())
	require.NoError(w.rt, err)
}

// TestCrashesAnywhere tries few histories when -rapid.checks does not say how
// many: each is dozens of transactions on a disk, and on a server as many more
// ways there and back.
func TestCrashesAnywhere(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { crashAnywhere(t, onSQLite(), "12") })
	t.Run("PostgreSQL", func(t *testing.T) { crashAnywhere(t, onPostgres(), "3") })
}

func crashAnywhere(t *testing.T, on dialect, checks string) {
	t.Helper()
	fewer(t, checks)
	h := on.house(t)
	var run atomic.Int64
	rapid.Check(t, func(rt *rapid.T) {
		n := run.Add(1)
		size, _, err := h.ledger.Head(t.Context())
		require.NoError(rt, err)
		w := &world{rt: rt, store: h.store, key: h.key, clock: h.clock, channel: newChannel(), from: size}
		w.channel.name, w.channel.most = fmt.Sprintf("channel %d", n), rapid.IntRange(1, 3).Draw(rt, "most")
		w.accounts = []mute.Account{mute.Account(fmt.Sprintf("run%d-a", n)), mute.Account(fmt.Sprintf("run%d-b", n))}
		w.tencent = newTencent(h.clock, w.accounts...)
		_, err = h.ledger.Register(t.Context(), w.channel.name, size)
		require.NoError(rt, err)
		rt.Repeat(map[string]func(*rapid.T){
			// As many names as it is to be likely.
			"command": w.command, "command, again": w.command, "settle": w.settle, "expire": w.expire,
			"deliver": w.deliver, "deliver, again": w.deliver, "weather": w.weather, "time": w.time, "time, again": w.time,
		})
		w.quiesce()
		entries := w.entries()
		w.checkOutcomes(entries)
		w.checkMutes()
		w.checkChannel(entries)
		w.leave()
	})
}

// fewer has a property checked so often, unless -rapid.checks says how often.
func fewer(t *testing.T, n string) {
	t.Helper()
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		require.NoError(t, checks.Value.Set(n))
		t.Cleanup(func() { require.NoError(t, checks.Value.Set(checks.DefValue)) })
	}
}
