package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// rateLate is how late a row begins of which it is not known what was
	// reserved before: a second, after which nothing of that counts any longer.
	rateLate = time.Second
	// rateAhead is how far ahead of the clock a row may be. Further ahead it was
	// written by a clock that has been set back since.
	rateAhead = 10 * time.Second
)

// Rate is a rate that all processes on one database share: a row for each name
// holds the time at which the next slot lies (GCRA). A slot is reserved by one
// statement, on the server's clock where there is a server. Nothing is saved up
// while nobody calls, and a reserved slot that is not used is lost.
//
// On a server the row has a connection of its own, so that it neither waits for
// the ledger's transactions nor holds them up. In a file the statement takes its
// turn on the ledger's own write connection. Measured beside 8 and 200 callers
// who write all the time: it has its turn within 2.5 and 10 ms, where one on a
// second connection, synchronous or not, is starved for 0.2 to 0.5 s, because
// whoever has just written writes again at once; and the ledger need not read
// its head anew, as it does after every write of another connection.
type Rate struct {
	store    *Store
	interval time.Duration
	now      func() time.Time // where there is no server
	query    string
}

// Rate is a rate of so many slots a second, for each name.
func (s *Store) Rate(perSecond int) *Rate {
	n := time.Duration(perSecond)
	interval := ((time.Second+n-1)/n + time.Microsecond - 1).Truncate(time.Microsecond) // never too many in a second
	return &Rate{store: s, interval: interval, now: time.Now, query: rateQuery(s.dialect)}
}

// rateQuery reserves slots: $1 is the name, $2 how long they last, and $3 the
// time where the database does not know it. It returns how far ahead of the
// clock the row then is.
func rateQuery(d dialect) string {
	now, first := "$3", time.Duration(0)
	if d.server { // whose row may have been lost in a crash
		now, first = postgresClock, rateLate
	}
	return fmt.Sprintf(`INSERT INTO rate (name, tat) VALUES ($1, %[1]s + %[2]d + CAST($2 AS BIGINT))
		ON CONFLICT (name) DO UPDATE SET tat = CAST($2 AS BIGINT) +
			CASE WHEN rate.tat > %[1]s + %[3]d THEN %[1]s + %[4]d WHEN rate.tat > %[1]s THEN rate.tat ELSE %[1]s END
		RETURNING tat - %[1]s`, now, first.Microseconds(), rateAhead.Microseconds(), rateLate.Microseconds())
}

// Take reserves n slots of the name: the first is that long from the moment of
// the answer, each further one an interval after the one before. After an error
// they may be reserved all the same, and must not be used.
func (r *Rate) Take(ctx context.Context, name string, n int) (first, interval time.Duration, err error) {
	s := r.store
	if s.readOnly {
		return 0, 0, s.fault(FaultReadOnly, errors.New("it was opened for reading"))
	}
	idle := s.writer
	if s.dialect.server {
		idle = s.rates
	}
	length := time.Duration(n) * r.interval
	args := []any{name, length.Microseconds()}
	var ahead int64
	err = s.start(ctx, idle, func(sess *session) error {
		err := r.take(ctx, sess, args, &ahead)
		if err == nil {
			s.give(idle, sess, false)
		}
		return err
	})
	if err != nil {
		return 0, 0, s.explain(fmt.Errorf("reserving a share of the rate: %w", err))
	}
	return time.Duration(ahead)*time.Microsecond - length, r.interval, nil
}

// take runs the statement. In a file it waits while another process writes, as
// begin does.
func (r *Rate) take(ctx context.Context, sess *session, args []any, ahead *int64) error {
	for giveUp := r.now().Add(r.store.busyWait); ; {
		with := args
		if !r.store.dialect.server {
			with = append(slices.Clip(args), r.now().UnixMicro())
		}
		err := sess.one(ctx, r.query, with, ahead)
		if err == nil || !busy(err) || r.now().After(giveUp) {
			return err
		}
		if pause(ctx, busyPause); ctx.Err() != nil {
			return err // it says why it was waited for so long
		}
	}
}
