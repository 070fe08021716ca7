package audit

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
)

const (
	// succeedBack is how far back a successor looks when it begins: so long may
	// nobody have been one, and a little.
	succeedBack = HoldTime + SettleGrace
	// succeedMost is how many outcomes are looked at in one go.
	succeedMost = 256
	// toldMost is how many people are told at the same time.
	toldMost = 16
	// tellTime bounds telling one of them.
	tellTime = 15 * time.Second
)

// Successor answers for processes that are gone. A process that lives tells its
// actors itself what came of their commands, whoever settled them; of one that
// was killed, or ended first, somebody else has to. The log says which outcomes
// that is about: those that another process recorded than the one that began
// the action. Whether that one still lives is known by its presence: it answers
// itself when it has said that it lives after the outcome was recorded.
//
// One successor at a time is enough, and more tell people twice: run it under a
// Hold. It keeps nothing: who takes over looks a little way back, and may tell
// somebody a second time.
type Successor struct {
	log    *zap.Logger
	ledger *Log
	tell   func(ctx context.Context, c CaseView)

	after int64           // outcomes up to this seq have been looked at
	open  map[int64]owing // by case
	// buried is when the rows of dead processes were last looked at.
	buried time.Time
}

// owing is an outcome that somebody may have to be told of.
type owing struct {
	replica string // that began the action
	at      time.Time
}

// NewSuccessor makes a successor; Run sets it to work. tell is told of cases
// whose actors have to be told, several at the same time, and has a bounded
// time for each.
func NewSuccessor(log *zap.Logger, ledger *Log, tell func(ctx context.Context, c CaseView)) *Successor {
	return &Successor{log: log, ledger: ledger, tell: tell}
}

// Run works until the context ends, and returns nil then. It begins anew each
// time.
func (x *Successor) Run(ctx context.Context) error {
	x.after, x.open = -1, map[int64]owing{}
	return worker{log: x.log, ledger: x.ledger, pace: workPoll, pass: func(ctx context.Context) (time.Time, error) {
		return time.Time{}, x.once(ctx)
	}}.run(ctx)
}

// once looks at what was recorded since it last did.
func (x *Successor) once(ctx context.Context) error {
	if x.after < 0 {
		if err := x.start(ctx); err != nil {
			return err
		}
	}
	for n := succeedMost; n == succeedMost; {
		var err error
		if n, err = x.read(ctx); err != nil {
			return err
		}
	}
	if err := x.answer(ctx); err != nil {
		return err
	}
	if now := x.ledger.now(); now.Sub(x.buried) > forgetDead {
		x.buried = now
		return x.ledger.bury(ctx)
	}
	return nil
}

// start looks back over the time in which there may have been no successor.
func (x *Successor) start(ctx context.Context) error {
	size, _, err := x.ledger.Head(ctx)
	if err != nil {
		return err
	}
	last, err := x.ledger.entries(ctx, EntryQuery{Before: size + 1, Kinds: []Kind{KindOutcome}, Newest: true, Limit: succeedMost})
	if err != nil {
		return err
	}
	from := x.ledger.time().Add(-succeedBack)
	last = slices.DeleteFunc(last, func(e Entry) bool { return e.Time.Before(from) })
	if err := x.note(ctx, last); err != nil {
		return err
	}
	x.after = size
	return nil
}

// read looks at the next outcomes, and returns how many there were.
func (x *Successor) read(ctx context.Context) (int, error) {
	next, err := x.ledger.entries(ctx, EntryQuery{After: x.after, Kinds: []Kind{KindOutcome}, Limit: succeedMost})
	if err != nil || len(next) == 0 {
		return 0, err
	}
	if err := x.note(ctx, next); err != nil {
		return 0, err
	}
	x.after = next[len(next)-1].Seq
	return len(next), nil
}

// note keeps the outcomes that another process recorded than the one that began
// the action.
func (x *Successor) note(ctx context.Context, outcomes []Entry) error {
	if len(outcomes) == 0 {
		return nil
	}
	seqs := make([]int64, 0, len(outcomes))
	for _, e := range outcomes {
		seqs = append(seqs, e.About)
	}
	intents, err := x.ledger.entries(ctx, EntryQuery{Seqs: seqs})
	if err != nil {
		return err
	}
	began := map[int64]string{}
	for _, e := range intents {
		began[e.Seq] = e.Replica
	}
	for _, e := range outcomes {
		if by := began[e.About]; by != e.Replica && by != x.ledger.replica {
			x.open[e.Case] = owing{replica: by, at: e.Time}
		}
	}
	return nil
}

// answer tells of the cases whose process is gone, and forgets those whose
// process lives.
func (x *Successor) answer(ctx context.Context) error {
	if len(x.open) == 0 {
		return nil
	}
	since := map[string]time.Time{}
	for _, o := range x.open {
		if o.at.After(since[o.replica]) {
			since[o.replica] = o.at
		}
	}
	present, err := x.ledger.presenceSince(ctx, since)
	if err != nil {
		return err
	}
	var owed []int64
	for _, n := range slices.Sorted(maps.Keys(x.open)) {
		switch present[x.open[n].replica] {
		case silent:
			continue
		case dead, absent:
			owed = append(owed, n)
		case living:
		}
		delete(x.open, n)
	}
	return x.tellAll(ctx, owed)
}

// tellAll tells of some cases.
func (x *Successor) tellAll(ctx context.Context, owed []int64) error {
	cases, err := x.ledger.cases(ctx, owed)
	if err != nil {
		return err
	}
	var all errgroup.Group
	all.SetLimit(toldMost)
	for _, c := range cases {
		all.Go(func() error {
			telling, cancel := context.WithTimeoutCause(ctx, tellTime, errors.New("telling an actor took too long"))
			defer cancel()
			x.tell(telling, c)
			return nil
		})
	}
	return all.Wait()
}
