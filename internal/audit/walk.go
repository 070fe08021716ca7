package audit

import (
	"context"
	"time"

	"modbot/internal/mute"
)

// walked is a part of a walk through the accounts with active mutes.
type walked struct {
	accounts []walkedAccount
	last     int64 // number of the last of them
	all      int64 // how many mutes there are
}

type walkedAccount struct {
	acct int64
	name mute.Account // empty where it was erased
}

// walk lists accounts with active mutes by their numbers, from the one after.
func (l *Log) walk(ctx context.Context, after int64, limit int) (walked, error) {
	return view(ctx, l, func(s Snapshot) (walked, error) {
		out := walked{last: after}
		n, err := s.Counts(ctx)
		if err != nil {
			return out, err
		}
		out.all = n.Mutes
		// An account has a mute of each field at most.
		rows, err := s.Mutes(ctx, MuteQuery{Walk: true, AfterAcct: after, Limit: limit * len(mute.Fields())})
		if err != nil {
			return out, err
		}
		mutes, err := newLoader(s).mutes(ctx, rows)
		if err != nil {
			return out, err
		}
		for i, m := range mutes {
			acct := rows[i].Acct
			if n := len(out.accounts); n > 0 && out.accounts[n-1].acct == acct {
				continue
			}
			if len(out.accounts) == limit {
				break
			}
			out.accounts = append(out.accounts, walkedAccount{acct, m.Account})
			out.last = acct
		}
		return out, nil
	})
}

// place is how far a worker has come.
type place struct {
	Place  int64
	GoesOn time.Time
}

// place reads how far a worker has come.
func (l *Log) place(ctx context.Context, worker string) (place, error) {
	return view(ctx, l, func(s Snapshot) (place, error) {
		rows, err := s.Load(ctx, Keys{Workers: []string{worker}})
		if err != nil || len(rows.Workers) == 0 {
			return place{}, err
		}
		at, err := l.instant(ctx, s)
		row := rows.Workers[0]
		// A time that is further ahead was written by a clock that has been set back.
		return place{row.Place, fromMicros(min(row.GoesOn, micros(at.store.Add(reconcileRound))))}, err
	})
}

// goOn notes how far a worker has come, and that it goes on after a rest, by
// whichever process then leads. It returns when that is, by the local clock.
func (l *Log) goOn(ctx context.Context, worker, holder string, place int64, rest time.Duration) (next time.Time, err error) {
	err = l.write(ctx, Keys{Workers: []string{worker}}, func(ctx context.Context, s *state) error {
		row, err := s.worker(ctx, worker)
		if err != nil || row.Holder != holder {
			return err
		}
		next = s.local.Add(rest)
		s.workers.put(worker, WorkerRow{Name: worker, Place: place, GoesOn: micros(s.now.Add(rest))})
		return nil
	})
	return next, err
}
